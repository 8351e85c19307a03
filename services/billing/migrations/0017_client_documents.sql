-- A client's documents in one list. It reads the tables as whoever asks, so their row-level security holds.
create view billing.client_documents with (security_invoker = true) as
select
    session.practice_id,
    session.client_id,
    'pending' as kind,
    session.session_id as id,
    session.service_date as date,
    null::bigint as number,
    false as cancelled,
    session.currency,
    session.total_minor as amount_minor,
    0::bigint as client_balance_minor,
    0::bigint as insurance_balance_minor
from billing.sessions session
where session.billable
    and not exists (
        select 1
        from billing.billed_lines billed
        where billed.practice_id = session.practice_id and billed.session_id = session.session_id
    )
union all
select
    practice_id,
    client_id,
    'bill',
    bill_id,
    issue_date,
    number,
    cancel_time is not null,
    currency,
    total_minor,
    client_balance_minor,
    insurance_balance_minor
from billing.bills
union all
select
    practice_id,
    client_id,
    'receipt',
    payment_id,
    receive_date,
    null,
    false,
    currency,
    amount_minor,
    0,
    0
from billing.posted_payments;

grant select on billing.client_documents to evenkeel_billing;
