-- Money from clients. An offline payment is written once, as succeeded; one through the processor goes through states
-- that never move back (domain/payment.rs). The row is the lock under which states and refunds change.
create table payments.payments (
    practice_id uuid not null,
    payment_id uuid not null,
    client_id uuid not null,
    kind text not null,
    label text not null,
    currency text not null,
    amount_minor bigint not null,
    state text not null,
    -- When the money was received: as the practice says, or when the payer asked for the charge.
    receive_time timestamptz not null,
    -- The local day of it in the practice's zone, kept because the books are kept by it.
    receive_date date not null,
    -- As printed: 'Visa ending in 4242'.
    method_text text not null,
    note text not null,
    -- Refunds that were asked for and have not failed.
    refunded_minor bigint not null default 0,
    -- Why a charge failed.
    decline_reason text,
    -- Why billing set nothing aside for it, when it was cancelled for that; a repeat is told the same.
    refusal text,
    -- billing has it in its ledger, as its feed says.
    posted boolean not null default false,
    -- The processor's token of what is paid with, pm_…; none for offline payments.
    processor_method text,
    -- The processor's object, pi_…, kept before it is confirmed.
    processor_intent text,
    -- When billing set the bill's money aside for it.
    hold_time timestamptz,
    create_time timestamptz not null,
    update_time timestamptz not null,
    constraint payments_pkey primary key (practice_id, payment_id),
    constraint payments_kind_check check (
        kind in ('card', 'bank_debit', 'cash', 'check', 'card_elsewhere', 'bank_elsewhere', 'other')
    ),
    constraint payments_label_check check (kind <> 'other' or label <> ''),
    constraint payments_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint payments_amount_check check (amount_minor > 0),
    constraint payments_state_check check (
        state in ('created', 'requires_action', 'processing', 'unknown', 'succeeded', 'failed', 'cancelled')
    ),
    constraint payments_refunded_check check (refunded_minor between 0 and amount_minor),
    constraint payments_decline_check check (decline_reason is null or state in ('failed', 'succeeded'))
) with (fillfactor = 70);

create index payments_client_idx on payments.payments (practice_id, client_id, payment_id);

alter table payments.payments enable row level security;

create policy payments_practice on payments.payments
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.payments to evenkeel_payments;

-- Which bills a payment is meant for, in the order in which it was said. What a bill does not need becomes credit, which
-- is billing's business.
create table payments.payment_allocations (
    practice_id uuid not null,
    payment_id uuid not null,
    position integer not null,
    bill_id uuid not null,
    amount_minor bigint not null,
    constraint payment_allocations_pkey primary key (practice_id, payment_id, position),
    constraint payment_allocations_bill_key unique (practice_id, payment_id, bill_id),
    constraint payment_allocations_payment_fkey foreign key (practice_id, payment_id)
        references payments.payments (practice_id, payment_id),
    constraint payment_allocations_amount_check check (amount_minor > 0)
);

alter table payments.payment_allocations enable row level security;

create policy payment_allocations_practice on payments.payment_allocations
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on payments.payment_allocations to evenkeel_payments;
