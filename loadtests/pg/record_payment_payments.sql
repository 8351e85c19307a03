-- The transaction of payments' op RecordPayment, statement by statement: the practice, the bill, the request, the
-- payment with its allocation, the event. What the op computes stands here as a value of the same type and size.
\set n :n + 1
\set practice random(1, :practices)
\set bill random(1, :bills)
\set client :bill % :clients + 1

-- `begin; set local app.practice_id` is one round trip there, so it is one here.
\startpipeline
begin;
select set_config('app.practice_id', baseline.row_id(1, :practice, 0)::text, true);
\endpipeline

-- services/payments store/practices.rs: get
select
    time_zone,
    currency,
    online_payments
from payments.practices
where practice_id = baseline.row_id(1, :practice, 0);

-- services/payments store/bills.rs: find_many
select
    bill_id,
    client_id,
    status,
    currency,
    client_balance_minor,
    due_date,
    last_service_date,
    reference,
    number
from payments.bills
where practice_id = baseline.row_id(1, :practice, 0) and bill_id = any(array[baseline.row_id(3, :practice, :bill)]);

-- shared/pg requests.rs: replayed_many
insert into payments.requests (practice_id, request_id, method, fingerprint, subject_id, create_time)
select
    baseline.row_id(1, :practice, 0), request.id, request.method, request.fingerprint, request.subject, now()
from unnest(
    array[baseline.new_id(2, :run, :client_id, :n)], array['RecordPayment'], array[decode(repeat('5a', 32), 'hex')],
    array[baseline.new_id(1, :run, :client_id, :n)]
) with ordinality as request (id, method, fingerprint, subject, place)
order by request.id, request.place
on conflict on constraint requests_pkey do nothing
returning subject_id;

-- services/payments store/new_payments.rs: insert
with paid as (
    insert into payments.payments (
        practice_id, payment_id, client_id, kind, label, currency, amount_minor, state, receive_time,
        receive_date, method_text, note, processor_method, presence, method_id, processor_customer,
        save_payer_kind, save_payer_id, funding, hsa_fsa, processor_account, create_time, update_time
    )
    select
        baseline.row_id(1, :practice, 0), row.payment_id, row.client_id, row.kind, row.label, row.currency,
        row.amount_minor, row.state, row.receive_time::timestamptz, row.receive_date::date, row.method_text, row.note,
        row.processor_method, row.presence, row.method_id, row.processor_customer, row.save_payer_kind,
        row.save_payer_id, row.funding, row.hsa_fsa, row.processor_account, now(), now()
    from unnest(
        array[baseline.new_id(1, :run, :client_id, :n)], array[baseline.row_id(2, :practice, :client)],
        array['cash'], array[''], array['USD'], array[100::bigint], array['succeeded'], array[now()::text],
        array[current_date::text], array['Cash'], array[''], array[null::text],
        array['staff'], array[null::uuid], array[null::text], array[null::text], array[null::uuid],
        array['unknown'], array[false], array[null::text]
    ) as row (
        payment_id, client_id, kind, label, currency, amount_minor, state, receive_time, receive_date,
        method_text, note, processor_method, presence, method_id, processor_customer, save_payer_kind,
        save_payer_id, funding, hsa_fsa, processor_account
    )
)
insert into payments.payment_allocations (practice_id, payment_id, position, bill_id, amount_minor)
select baseline.row_id(1, :practice, 0), part.payment_id, part.position, part.bill_id, part.amount_minor
from unnest(
    array[baseline.new_id(1, :run, :client_id, :n)], array[1], array[baseline.row_id(3, :practice, :bill)],
    array[100::bigint]
) as part (payment_id, position, bill_id, amount_minor);

-- shared/pg outbox.rs: append
with stream as (
    insert into payments.streams as stream (practice_id, head)
    values (baseline.row_id(1, :practice, 0), 1)
    on conflict (practice_id) do update set head = stream.head + excluded.head
    returning head
), written as (
    insert into payments.outbox (practice_id, seq, event_id, event_type, payload, occur_time)
    select baseline.row_id(1, :practice, 0), stream.head - 1 + event.ordinality, event.id, event.type, event.payload,
        now()
    from stream
    cross join unnest(
        array[baseline.new_id(3, :run, :client_id, :n)], array['evenkeel.payments.v1.PaymentSucceeded'],
        array[decode(repeat('5a', 150), 'hex')]
    ) with ordinality as event (id, type, payload, ordinality)
)
select head from stream;

commit;
