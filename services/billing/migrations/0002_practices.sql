-- What billing knows of a practice: followed from portal-auth's feed, and the practice's running bill number.
-- Its row is locked first of all by whoever takes a number, so that numbers have no gaps: a transaction that takes
-- one and fails gives it back.
create table billing.practices (
    practice_id uuid not null,
    name text not null,
    time_zone text not null,
    currency text not null,
    address_lines text[] not null,
    phone text not null,
    email text not null,
    tax_id text not null,
    npi text not null,
    next_bill_number bigint not null default 1,
    create_time timestamptz not null,
    constraint practices_pkey primary key (practice_id),
    constraint practices_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint practices_next_bill_number_check check (next_bill_number > 0)
) with (fillfactor = 70);

alter table billing.practices enable row level security;

create policy practices_practice on billing.practices
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on billing.practices to evenkeel_billing;
grant update (name, time_zone, address_lines, phone, email, tax_id, npi, next_bill_number)
    on billing.practices to evenkeel_billing;
