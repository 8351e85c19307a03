-- The baseline's rows: what the scenario seeds through gRPC, made by numbers, so that pgbench can name a row without
-- looking it up, as the services name accounts and new rows without looking them up.
-- Settings baseline.practices, baseline.clients and baseline.bills say how many; clients and bills are per practice.

create schema baseline;

-- An old row: its kind (1 practice, 2 client, 3 bill, 4 a bill's receivable, 5 cash, 6 revenue, 7 entry, 8 transfer),
-- its practice and its number there.
create function baseline.row_id(kind integer, practice integer, number integer) returns uuid
    language sql immutable parallel safe
    return (
        '0000000000007' || lpad(to_hex(kind), 3, '0') || '8000' || lpad(to_hex(practice), 6, '0')
        || lpad(to_hex(number), 6, '0')
    )::uuid;

-- A new row. Later ones sort later, like the version 7 ids of the services.
create function baseline.new_id(kind integer, run integer, client integer, number bigint) returns uuid
    language sql immutable parallel safe
    return (
        lpad(to_hex(run), 4, '0') || lpad(to_hex(number), 8, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8'
        || lpad(to_hex(client), 3, '0') || '000000000000'
    )::uuid;

create temporary table practice as
select number as practice, baseline.row_id(1, number, 0) as practice_id
from generate_series(1, current_setting('baseline.practices')::integer) as number;

create temporary table bill as
select
    practice.practice_id,
    practice.practice,
    number,
    baseline.row_id(2, practice.practice, number % current_setting('baseline.clients')::integer + 1) as client_id,
    baseline.row_id(3, practice.practice, number) as bill_id
from practice, generate_series(1, current_setting('baseline.bills')::integer) as number;

insert into billing.practices (
    practice_id, name, time_zone, currency, address_lines, phone, email, tax_id, npi, create_time
)
select practice_id, 'Baseline', 'UTC', 'USD', '{}', '', '', '', '', now() from practice;

insert into billing.clients (
    practice_id, client_id, given_name, family_name, email, address_lines, city, region, postal_code, create_time
)
select practice_id, baseline.row_id(2, practice, number), 'Load', 'Test', '', '{}', '', '', '', now()
from practice, generate_series(1, current_setting('baseline.clients')::integer) as number;

insert into billing.bills (
    practice_id, bill_id, client_id, number, reference, currency, issue_date, due_date, total_minor,
    client_owes_minor, insurance_owes_minor, client_balance_minor, insurance_balance_minor, comments, create_time
)
select practice_id, bill_id, client_id, number, lpad(upper(to_hex(number)), 8, '0'), 'USD', current_date, current_date,
    100000000, 100000000, 0, 100000000, 0, '', now()
from bill;

insert into billing.accounts (practice_id, account_id, kind, bill_id, client_id, currency, debits_minor)
select practice_id, baseline.row_id(4, practice, number), 'client_receivable', bill_id, client_id, 'USD', 100000000
from bill;

insert into billing.accounts (practice_id, account_id, kind, currency)
select practice_id, baseline.row_id(5, practice, 0), 'cash', 'USD' from practice;

insert into billing.accounts (practice_id, account_id, kind, currency, credits_minor)
select practice_id, baseline.row_id(6, practice, 0), 'product_revenue', 'USD',
    100000000::bigint * current_setting('baseline.bills')::integer
from practice;

insert into billing.entries (practice_id, entry_id, kind, entry_date, client_id, bill_id, create_time)
select practice_id, baseline.row_id(7, practice, number), 'bill_issued', current_date, client_id, bill_id, now()
from bill;

insert into billing.transfers (
    practice_id, transfer_id, entry_id, position, debit_account_id, credit_account_id, amount_minor
)
select practice_id, baseline.row_id(8, practice, number), baseline.row_id(7, practice, number), 1,
    baseline.row_id(4, practice, number), baseline.row_id(6, practice, 0), 100000000
from bill;

insert into payments.practices (practice_id, time_zone, currency) select practice_id, 'UTC', 'USD' from practice;

insert into payments.bills (
    practice_id, bill_id, client_id, status, currency, client_balance_minor, due_date, reference, number
)
select practice_id, bill_id, client_id, 'open', 'USD', 100000000, current_date, lpad(upper(to_hex(number)), 8, '0'),
    number
from bill;

-- pgbench logs in with the rights of the two services and no more: row-level security holds for it as for them.
grant evenkeel_billing, evenkeel_payments to evenkeel_baseline;
grant usage on schema baseline to evenkeel_baseline;

analyze;
