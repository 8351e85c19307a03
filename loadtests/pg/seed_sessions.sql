-- Unbilled sessions of yesterday, for practices that are billed daily. Settings load.practices, load.clients and
-- load.sessions say how many; clients are per practice, sessions per client.

create temporary table practice as
select gen_random_uuid() as practice_id
from generate_series(1, current_setting('load.practices')::integer);

insert into billing.practices (
    practice_id, name, time_zone, currency, address_lines, phone, email, tax_id, npi, create_time
)
select practice_id, 'Load Test Practice', 'UTC', 'USD', '{}', '', '', '', '', now() from practice;

insert into billing.practice_terms (practice_id, automation, automation_from, due_days, update_time)
select practice_id, 'daily', current_date - 30, 14, now() from practice;

insert into billing.automation_queue (practice_id, run_date, due_time)
select practice_id, (now() at time zone 'UTC')::date, now() - interval '1 minute' from practice;

insert into billing.clinicians (practice_id, clinician_id, name, npi, licence, create_time)
select practice_id, practice_id, 'Dr. Load Test', '', '', now() from practice;

create temporary table client as
select practice_id, gen_random_uuid() as client_id
from practice, generate_series(1, current_setting('load.clients')::integer);

insert into billing.clients (
    practice_id, client_id, given_name, family_name, email, address_lines, city, region, postal_code, create_time
)
select practice_id, client_id, 'Load', 'Test', '', '{}', '', '', '', now() from client;

create temporary table session as
select practice_id, client_id, gen_random_uuid() as session_id, number
from client, generate_series(1, current_setting('load.sessions')::integer) as number;

insert into billing.sessions (
    practice_id, session_id, client_id, clinician_id, start_time, service_date, outcome, diagnosis_codes,
    place_of_service, currency, total_minor, create_time
)
select practice_id, session_id, client_id, practice_id, now() - interval '1 day' - number * interval '1 hour',
    ((now() at time zone 'UTC')::date - 1), 'completed', '{F41.1}', '10', 'USD', 15000, now() - interval '1 hour'
from session;

insert into billing.session_lines (
    practice_id, session_id, line_number, service_code, description, modifiers, units, unit_price_minor
)
select practice_id, session_id, 1, '90837', 'Psychotherapy, 60 minutes', '{95}', 1, 15000 from session;

analyze;
