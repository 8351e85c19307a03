-- What a payment's correction changes besides its note and time: how it is printed. Null: corrections of before.
alter table payments.payment_corrections add column method_text text;

-- What somebody of the practice said of a refund that was under way on an account of the practice's own when that was taken
-- away: no call can learn its end any more. Written once, with the end itself.
create table payments.refund_closings (
    practice_id uuid not null,
    refund_id uuid not null,
    -- As the account's own dashboard shows it: the money went back, or it did not.
    refunded boolean not null,
    reason text not null,
    -- The subject of whoever said it.
    closed_by text not null,
    close_time timestamptz not null,
    -- When the processor said otherwise after all.
    overrule_time timestamptz,
    constraint refund_closings_pkey primary key (practice_id, refund_id),
    constraint refund_closings_refund_fkey foreign key (practice_id, refund_id)
        references payments.refunds (practice_id, refund_id),
    constraint refund_closings_reason_check check (reason <> '')
);

alter table payments.refund_closings enable row level security;

create policy refund_closings_practice on payments.refund_closings
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update (overrule_time) on payments.refund_closings to evenkeel_payments;
