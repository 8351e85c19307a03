-- Events of the processor, as they came: that something happened to an object. What the object looks like is asked of
-- the processor by the worker, so neither order nor number of deliveries matters. An event about an object that is not
-- known yet waits here. They arrive before any practice is known: not per tenant. Nothing of the body is kept.
create table payments.webhooks (
    event_id text not null,
    event_kind text not null,
    object_kind text not null,
    object_id text not null,
    receive_time timestamptz not null,
    due_time timestamptz not null,
    tries integer not null default 0,
    lease_end_time timestamptz,
    process_time timestamptz,
    constraint webhooks_pkey primary key (event_id),
    constraint webhooks_tries_check check (tries >= 0)
) with (fillfactor = 70);

create index webhooks_due_idx on payments.webhooks (due_time) where process_time is null;

grant select, insert, update on payments.webhooks to evenkeel_payments;
