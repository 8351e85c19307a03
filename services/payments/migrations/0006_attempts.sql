-- Calls to the processor that move or may move money, written down with their idempotency key before they are made
-- (reliability.md, trap 4). A call that is repeated keeps its row, its key and the time it was first made: the
-- processor forgets keys after 24 hours, so nothing is made anew later than 23.
create table payments.attempts (
    practice_id uuid not null,
    subject_id uuid not null,
    call text not null,
    idempotency_key text not null,
    start_time timestamptz not null,
    answer_time timestamptz,
    constraint attempts_pkey primary key (practice_id, subject_id, call),
    constraint attempts_key_key unique (practice_id, idempotency_key),
    constraint attempts_call_check check (call in ('create_intent', 'confirm_intent', 'create_refund'))
);

alter table payments.attempts enable row level security;

create policy attempts_practice on payments.attempts
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.attempts to evenkeel_payments;

-- Payments and refunds whose end is not known yet: the reconciler's queue. Claimed with skip locked over all practices,
-- so it is not per tenant; it holds ids and times only. The row goes with the transaction that ends its subject.
create table payments.unsettled (
    subject_id uuid not null,
    practice_id uuid not null,
    kind text not null,
    due_time timestamptz not null,
    tries integer not null default 0,
    -- Until when somebody works on it: a request, or a reconciler.
    lease_end_time timestamptz,
    constraint unsettled_pkey primary key (subject_id),
    constraint unsettled_kind_check check (kind in ('payment', 'refund')),
    constraint unsettled_tries_check check (tries >= 0)
) with (fillfactor = 70);

create index unsettled_due_idx on payments.unsettled (due_time);

grant select, insert, update, delete on payments.unsettled to evenkeel_payments;

-- Which payment or refund an object of the processor belongs to. Looked up before the practice is known, unique over
-- all practices: one object is at most one payment's. Not per tenant.
create table payments.processor_objects (
    object_id text not null,
    practice_id uuid not null,
    kind text not null,
    subject_id uuid not null,
    constraint processor_objects_pkey primary key (object_id),
    constraint processor_objects_subject_key unique (subject_id),
    constraint processor_objects_kind_check check (kind in ('payment', 'refund'))
);

grant select, insert on payments.processor_objects to evenkeel_payments;
