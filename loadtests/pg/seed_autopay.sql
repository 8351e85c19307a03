-- Open bills that are due, of clients with AutoPay and a card on file. They were owed before AutoPay was turned on, and a
-- few are held by staff, so a night looks at each of them and charges none: what is measured is the choice. Settings
-- load.practices, load.clients and load.bills say how many; clients are per practice, bills per client.

create temporary table practice as
select gen_random_uuid() as practice_id
from generate_series(1, current_setting('load.practices')::integer);

insert into payments.practices (practice_id, time_zone, currency)
select practice_id, 'UTC', 'USD' from practice;

insert into payments.autopay_settings (
    practice_id, enabled, run_hour, clients_may_turn_on, notice_days, move_window_days, move_reach_days, announce_all,
    update_time
)
select practice_id, true, 0, true, 3, 16, 16, false, now() from practice;

insert into payments.autopay_queue (practice_id, run_date, due_time)
select practice_id, (now() at time zone 'UTC')::date, now() - interval '1 minute' from practice;

create temporary table client as
select practice_id, gen_random_uuid() as client_id
from practice, generate_series(1, current_setting('load.clients')::integer);

insert into payments.customers (
    practice_id, payer_kind, payer_id, client_id, payer_account_id, processor_customer, create_time
)
select practice_id, 'client', client_id, client_id, gen_random_uuid(), 'cus_load', now() from client;

insert into payments.methods (
    practice_id, method_id, payer_kind, payer_id, client_id, kind, processor_customer, processor_method, fingerprint, brand,
    last4, exp_month, exp_year, funding, zip_check, state, is_default, create_time, update_time
)
select practice_id, gen_random_uuid(), 'client', client_id, client_id, 'card', 'cus_load', 'pm_load', '', 'visa',
    '4242', 12, 2040, 'credit', 'unchecked', 'active', true, now(), now()
from client;

insert into payments.autopay_enrolments (
    practice_id, client_id, payer_kind, payer_id, charges_since, turn_on_time, turned_on_by
)
select practice_id, client_id, 'client', client_id, now(), now(), 'load' from client;

insert into payments.bills (
    practice_id, bill_id, client_id, status, currency, client_balance_minor, due_date, last_service_date, reference,
    number, owed_since
)
select practice_id, gen_random_uuid(), client_id, 'open', 'USD', 15000, (now() at time zone 'UTC')::date - 1,
    (now() at time zone 'UTC')::date - 15, 'K7M29QXD', 1, now() - interval '1 day'
from client, generate_series(1, current_setting('load.bills')::integer);

insert into payments.autopay_holds (practice_id, bill_id, hold_time, reason, held_by)
select practice_id, bill_id, now(), 'load', 'load' from payments.bills where random() < 0.01;

analyze;
