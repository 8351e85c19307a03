-- The Payments report: what came from clients and insurers, and what of it went back. Written from billing's events
-- only, in the transaction that moves the cursor; deleted and written again by a rebuild.

create table reporting.payments (
    practice_id uuid not null,
    payment_id uuid not null,
    payer text not null,
    client_id uuid not null,
    method text not null,
    payer_name text not null,
    receive_date date not null,
    booked_sequence bigint not null,
    currency text not null,
    amount_minor bigint not null,
    credited_minor bigint not null,
    constraint payments_pkey primary key (practice_id, payment_id),
    constraint payments_booked_sequence_key unique (practice_id, booked_sequence),
    constraint payments_payer_check check (payer in ('client', 'insurer')),
    constraint payments_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint payments_amount_check check (amount_minor > 0),
    constraint payments_credited_check check (credited_minor between 0 and amount_minor)
);

-- The report's order: days, and within one the order of booking, which a rebuild finds again.
create index payments_receive_date_idx on reporting.payments (practice_id, receive_date, booked_sequence);

alter table reporting.payments enable row level security;

create policy payments_practice on reporting.payments
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update, delete on reporting.payments to evenkeel_reporting;

-- Which payment a refund is of comes with one event, what left the practice's accounts with another, in either order.
create table reporting.refunds (
    practice_id uuid not null,
    refund_id uuid not null,
    payment_id uuid,
    returned_minor bigint,
    constraint refunds_pkey primary key (practice_id, refund_id),
    constraint refunds_returned_check check (returned_minor >= 0)
);

create index refunds_payment_idx on reporting.refunds (practice_id, payment_id);

alter table reporting.refunds enable row level security;

create policy refunds_practice on reporting.refunds
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update, delete on reporting.refunds to evenkeel_reporting;
