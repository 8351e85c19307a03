-- What online payments in progress have set aside of a bill, so that two people do not pay the same money. A hold
-- counts until `expire_time`; its payment, when it is booked, takes it away. Rows that have expired count for
-- nothing and go when the next hold is placed on their bill.
create table billing.holds (
    practice_id uuid not null,
    payment_id uuid not null,
    bill_id uuid not null,
    currency text not null,
    amount_minor bigint not null,
    create_time timestamptz not null,
    expire_time timestamptz not null,
    constraint holds_pkey primary key (practice_id, payment_id),
    constraint holds_bill_fkey foreign key (practice_id, bill_id)
        references billing.bills (practice_id, bill_id),
    constraint holds_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint holds_amount_check check (amount_minor > 0),
    constraint holds_expire_time_check check (expire_time > create_time)
);

create index holds_bill_idx on billing.holds (practice_id, bill_id);

alter table billing.holds enable row level security;

create policy holds_practice on billing.holds
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update, delete on billing.holds to evenkeel_billing;
