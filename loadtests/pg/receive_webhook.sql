-- The transaction of payments' op ReceiveStripeEvent: the event is kept, in a transaction of its own.
\set n :n + 1

begin;

-- services/payments store/webhooks.rs: insert
insert into payments.webhooks (
    event_id, event_kind, object_kind, object_id, receive_time, due_time, process_time
) values (
    'evt_' || replace(baseline.new_id(1, :run, :client_id, :n)::text, '-', ''), 'charge.updated', 'charge',
    'ch_' || replace(baseline.new_id(2, :run, :client_id, :n)::text, '-', ''), now(), now(), now()
)
on conflict on constraint webhooks_pkey do nothing;

commit;
