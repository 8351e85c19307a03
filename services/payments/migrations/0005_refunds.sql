-- Money given back. What is pending counts against the payment already: payments.refunded_minor is changed under the
-- payment's lock in the same transaction.
create table payments.refunds (
    practice_id uuid not null,
    refund_id uuid not null,
    payment_id uuid not null,
    amount_minor bigint not null,
    reason text not null,
    to_credit boolean not null,
    state text not null,
    -- The local day in the practice's zone.
    refund_date date not null,
    -- The processor's object, re_…; none for what is not sent through it.
    processor_refund text,
    create_time timestamptz not null,
    update_time timestamptz not null,
    constraint refunds_pkey primary key (practice_id, refund_id),
    constraint refunds_payment_fkey foreign key (practice_id, payment_id)
        references payments.payments (practice_id, payment_id),
    constraint refunds_amount_check check (amount_minor > 0),
    constraint refunds_reason_check check (reason <> ''),
    constraint refunds_state_check check (state in ('created', 'processing', 'unknown', 'succeeded', 'failed'))
) with (fillfactor = 70);

create index refunds_payment_idx on payments.refunds (practice_id, payment_id, refund_id);

alter table payments.refunds enable row level security;

create policy refunds_practice on payments.refunds
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.refunds to evenkeel_payments;
