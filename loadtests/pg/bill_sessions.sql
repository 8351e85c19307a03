-- What a night's automation writes, by hand: every table that billing writes, set by set, for all practices at once and
-- in one transaction.
begin;

create temporary table unbilled on commit drop as
select
    session.practice_id,
    session.session_id,
    session.client_id,
    session.service_date,
    line.line_number,
    line.service_code,
    line.description,
    line.modifiers,
    line.units,
    line.units * line.unit_price_minor as price_minor,
    clinician.name as clinician_name
from billing.sessions session
join billing.session_lines line
    on line.practice_id = session.practice_id and line.session_id = session.session_id
join billing.clinicians clinician
    on clinician.practice_id = session.practice_id and clinician.clinician_id = session.clinician_id
where session.billable
    and not exists (
        select 1
        from billing.billed_lines billed
        where billed.practice_id = session.practice_id and billed.session_id = session.session_id
    );

create temporary table bill on commit drop as
select
    practice_id,
    client_id,
    gen_random_uuid() as bill_id,
    gen_random_uuid() as entry_id,
    gen_random_uuid() as receivable_id,
    row_number() over (partition by practice_id order by client_id) as number,
    lpad(upper(to_hex(row_number() over ())), 8, '0') as reference,
    max(service_date) as last_service_date,
    sum(price_minor)::bigint as total_minor
from unbilled
group by practice_id, client_id;

create temporary table revenue on commit drop as
select practice_id, gen_random_uuid() as account_id, sum(total_minor)::bigint as total_minor, count(*) as bills
from bill
group by practice_id;

update billing.practices practice
set next_bill_number = next_bill_number + revenue.bills
from revenue
where practice.practice_id = revenue.practice_id;

insert into billing.automation_runs (
    practice_id, run_date, start_time, end_time, bill_count, session_count, currency, total_minor
)
select practice_id, current_date, now(), now(), bills, bills, 'USD', total_minor from revenue;

insert into billing.bill_references (reference, practice_id, bill_id)
select reference, practice_id, bill_id from bill;

insert into billing.bills (
    practice_id, bill_id, client_id, number, reference, currency, issue_date, due_date, last_service_date,
    total_minor, client_owes_minor, insurance_owes_minor, client_balance_minor, insurance_balance_minor, comments,
    create_time, run_date
)
select practice_id, bill_id, client_id, number, reference, 'USD', current_date, current_date + 14, last_service_date,
    total_minor, total_minor, 0, total_minor, 0, '', now(), current_date
from bill;

insert into billing.bill_lines (
    practice_id, bill_id, line_number, session_id, session_line_number, service_code, description, modifiers, units,
    service_date, clinician_name, price_minor, client_share_minor, insurance_share_minor
)
select unbilled.practice_id, bill.bill_id, row_number() over (partition by bill.bill_id), unbilled.session_id,
    unbilled.line_number, unbilled.service_code, unbilled.description, unbilled.modifiers, unbilled.units,
    unbilled.service_date, unbilled.clinician_name, unbilled.price_minor, unbilled.price_minor, 0
from unbilled
join bill on bill.practice_id = unbilled.practice_id and bill.client_id = unbilled.client_id;

insert into billing.billed_lines (practice_id, session_id, line_number, bill_id)
select unbilled.practice_id, unbilled.session_id, unbilled.line_number, bill.bill_id
from unbilled
join bill on bill.practice_id = unbilled.practice_id and bill.client_id = unbilled.client_id;

insert into billing.entries (practice_id, entry_id, kind, entry_date, client_id, bill_id, create_time)
select practice_id, entry_id, 'bill_issued', current_date, client_id, bill_id, now() from bill;

insert into billing.accounts (practice_id, account_id, kind, bill_id, client_id, currency, debits_minor)
select practice_id, receivable_id, 'client_receivable', bill_id, client_id, 'USD', total_minor from bill;

insert into billing.accounts (practice_id, account_id, kind, currency, credits_minor)
select practice_id, account_id, 'service_revenue', 'USD', total_minor from revenue;

insert into billing.transfers (
    practice_id, transfer_id, entry_id, position, debit_account_id, credit_account_id, amount_minor
)
select bill.practice_id, gen_random_uuid(), bill.entry_id, 1, bill.receivable_id, revenue.account_id, bill.total_minor
from bill
join revenue on revenue.practice_id = bill.practice_id;

insert into billing.streams (practice_id, head)
select practice_id, 2 * bills from revenue;

insert into billing.outbox (practice_id, seq, event_id, event_type, payload, occur_time)
select practice_id, 2 * number - of_two, gen_random_uuid(), 'evenkeel.billing.v1.BillIssued',
    decode(repeat('00', 250), 'hex'), now()
from bill, generate_series(0, 1) as of_two;

commit;
