-- What somebody of the practice said of a payment that was under way on an account of the practice's own when that was taken
-- away: no call can learn its end any more. Written once, with the end itself.
create table payments.payment_closings (
    practice_id uuid not null,
    payment_id uuid not null,
    -- As the account's own dashboard shows it: the money was taken, or it was not.
    charged boolean not null,
    reason text not null,
    -- The subject of whoever said it.
    closed_by text not null,
    close_time timestamptz not null,
    constraint payment_closings_pkey primary key (practice_id, payment_id),
    constraint payment_closings_payment_fkey foreign key (practice_id, payment_id)
        references payments.payments (practice_id, payment_id),
    constraint payment_closings_reason_check check (reason <> '')
);

alter table payments.payment_closings enable row level security;

create policy payment_closings_practice on payments.payment_closings
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on payments.payment_closings to evenkeel_payments;
