-- What payments knows of a bill, followed from billing's feed. It says whose a bill is and whether it was cancelled; how
-- much is due is asked of billing, whose hold decides.
create table payments.bills (
    practice_id uuid not null,
    bill_id uuid not null,
    client_id uuid not null,
    status text not null,
    currency text not null,
    client_balance_minor bigint not null,
    due_date date not null,
    last_service_date date,
    reference text not null,
    number bigint not null,
    constraint bills_pkey primary key (practice_id, bill_id),
    constraint bills_status_check check (status in ('open', 'paid', 'cancelled')),
    constraint bills_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint bills_number_check check (number > 0)
) with (fillfactor = 80);

create index bills_client_idx on payments.bills (practice_id, client_id);

alter table payments.bills enable row level security;

create policy bills_practice on payments.bills
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.bills to evenkeel_payments;
