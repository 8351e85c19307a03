-- Payments, refunds and insurers' payments as the ledger has booked them.
--
-- Where a payment's money stands can change: an insurer's decision may free what was paid on a bill, a refund takes
-- it back. `credit_left_minor` and `left_minor` say where it stands now, the other amounts what was booked at first.
-- Always: amount = refunded + credit left + what is left on bills.
create table billing.posted_payments (
    practice_id uuid not null,
    payment_id uuid not null,
    client_id uuid not null,
    entry_id uuid not null,
    kind text not null,
    method_text text not null,
    currency text not null,
    amount_minor bigint not null,
    receive_date date not null,
    -- What became credit when it was booked.
    credited_minor bigint not null,
    -- What of the payment is in the client's credit, used or not.
    credit_left_minor bigint not null,
    refunded_minor bigint not null default 0,
    -- SHA-256 of what was asked to be booked; the same payment with another content is refused.
    fingerprint bytea not null,
    create_time timestamptz not null,
    constraint posted_payments_pkey primary key (practice_id, payment_id),
    constraint posted_payments_client_fkey foreign key (practice_id, client_id)
        references billing.clients (practice_id, client_id),
    constraint posted_payments_entry_fkey foreign key (practice_id, entry_id)
        references billing.entries (practice_id, entry_id),
    constraint posted_payments_kind_check check (kind in (
        'card', 'bank_debit', 'cash', 'check', 'card_elsewhere', 'bank_elsewhere', 'other'
    )),
    constraint posted_payments_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint posted_payments_amount_check check (amount_minor > 0),
    constraint posted_payments_credited_check check (credited_minor between 0 and amount_minor),
    constraint posted_payments_credit_left_check check (
        credit_left_minor between 0 and amount_minor - refunded_minor
    ),
    constraint posted_payments_refunded_check check (refunded_minor between 0 and amount_minor),
    constraint posted_payments_fingerprint_check check (octet_length(fingerprint) = 32)
);

create index posted_payments_client_idx
    on billing.posted_payments (practice_id, client_id, receive_date, payment_id);

create table billing.posted_allocations (
    practice_id uuid not null,
    payment_id uuid not null,
    position integer not null,
    bill_id uuid not null,
    amount_minor bigint not null,
    left_minor bigint not null,
    constraint posted_allocations_pkey primary key (practice_id, payment_id, position),
    constraint posted_allocations_bill_key unique (practice_id, bill_id, payment_id),
    constraint posted_allocations_payment_fkey foreign key (practice_id, payment_id)
        references billing.posted_payments (practice_id, payment_id),
    constraint posted_allocations_bill_fkey foreign key (practice_id, bill_id)
        references billing.bills (practice_id, bill_id),
    constraint posted_allocations_position_check check (position > 0),
    constraint posted_allocations_amount_check check (amount_minor > 0),
    constraint posted_allocations_left_check check (left_minor between 0 and amount_minor)
);

create table billing.posted_refunds (
    practice_id uuid not null,
    refund_id uuid not null,
    payment_id uuid not null,
    client_id uuid not null,
    entry_id uuid not null,
    currency text not null,
    amount_minor bigint not null,
    refund_date date not null,
    to_credit boolean not null,
    fingerprint bytea not null,
    create_time timestamptz not null,
    constraint posted_refunds_pkey primary key (practice_id, refund_id),
    constraint posted_refunds_payment_fkey foreign key (practice_id, payment_id)
        references billing.posted_payments (practice_id, payment_id),
    constraint posted_refunds_entry_fkey foreign key (practice_id, entry_id)
        references billing.entries (practice_id, entry_id),
    constraint posted_refunds_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint posted_refunds_amount_check check (amount_minor > 0),
    constraint posted_refunds_fingerprint_check check (octet_length(fingerprint) = 32)
);

create index posted_refunds_payment_idx on billing.posted_refunds (practice_id, payment_id);

create table billing.insurer_payments (
    practice_id uuid not null,
    insurer_payment_id uuid not null,
    bill_id uuid not null,
    policy_id uuid not null,
    payer_id uuid not null,
    entry_id uuid not null,
    currency text not null,
    paid_minor bigint not null,
    -- What the client owes in the end, as the insurer decided; null is a payment on account.
    client_owes_minor bigint,
    -- What the decision freed of what the client had paid.
    credited_minor bigint not null,
    receive_date date not null,
    check_number text not null,
    note text not null,
    create_time timestamptz not null,
    constraint insurer_payments_pkey primary key (practice_id, insurer_payment_id),
    constraint insurer_payments_bill_fkey foreign key (practice_id, bill_id)
        references billing.bills (practice_id, bill_id),
    constraint insurer_payments_policy_fkey foreign key (practice_id, policy_id)
        references billing.policies (practice_id, policy_id),
    constraint insurer_payments_payer_fkey foreign key (practice_id, payer_id)
        references billing.payers (practice_id, payer_id),
    constraint insurer_payments_entry_fkey foreign key (practice_id, entry_id)
        references billing.entries (practice_id, entry_id),
    constraint insurer_payments_currency_check check (currency ~ '^[A-Z]{3}$'),
    -- Nothing paid is something only when it decides.
    constraint insurer_payments_paid_check check (
        paid_minor > 0 or (paid_minor = 0 and client_owes_minor is not null)
    ),
    constraint insurer_payments_client_owes_check check (client_owes_minor >= 0),
    constraint insurer_payments_credited_check check (credited_minor >= 0)
);

create index insurer_payments_bill_idx on billing.insurer_payments (practice_id, bill_id, insurer_payment_id);

alter table billing.posted_payments enable row level security;
alter table billing.posted_allocations enable row level security;
alter table billing.posted_refunds enable row level security;
alter table billing.insurer_payments enable row level security;

create policy posted_payments_practice on billing.posted_payments
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy posted_allocations_practice on billing.posted_allocations
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy posted_refunds_practice on billing.posted_refunds
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy insurer_payments_practice on billing.insurer_payments
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update (credit_left_minor, refunded_minor) on billing.posted_payments to evenkeel_billing;
grant select, insert, update (left_minor) on billing.posted_allocations to evenkeel_billing;
grant select, insert on billing.posted_refunds to evenkeel_billing;
grant select, insert on billing.insurer_payments to evenkeel_billing;
