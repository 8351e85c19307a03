-- What every service keeps beside its own tables. Same text in every service: copied from shared/pg/plumbing.sql,
-- where the reasons for the protocols are written; change it there. The role is created before migrations run.

grant usage on schema notifications to evenkeel_notifications;

-- Who asked for what, so that a repeat gets the same answer. Commits with the effect it stands for.
create table notifications.requests (
    practice_id uuid not null,
    request_id uuid not null,
    method text not null,
    fingerprint bytea not null,
    subject_id uuid not null,
    create_time timestamptz not null,
    constraint requests_pkey primary key (practice_id, request_id),
    constraint requests_fingerprint_check check (octet_length(fingerprint) = 32)
);

alter table notifications.requests enable row level security;

create policy requests_practice on notifications.requests
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on notifications.requests to evenkeel_notifications;

-- The last number given to an event of each practice. Its row lock makes the order of numbers the order of commits.
create table notifications.streams (
    practice_id uuid not null,
    head bigint not null,
    constraint streams_pkey primary key (practice_id),
    constraint streams_head_check check (head > 0)
) with (fillfactor = 70);

grant select, insert, update on notifications.streams to evenkeel_notifications;

-- What happened, numbered 1, 2, 3, … per practice without gaps. Append-only: the role may not change or delete.
create table notifications.outbox (
    practice_id uuid not null,
    seq bigint not null,
    event_id uuid not null,
    event_type text not null,
    payload bytea not null,
    occur_time timestamptz not null,
    constraint outbox_pkey primary key (practice_id, seq),
    constraint outbox_event_key unique (practice_id, event_id),
    constraint outbox_seq_check check (seq > 0)
);

alter table notifications.outbox enable row level security;

create policy outbox_practice on notifications.outbox
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on notifications.outbox to evenkeel_notifications;

-- How far this service has followed other services' feeds. Moves in the transaction of the effect.
create table notifications.cursors (
    source text not null,
    practice_id uuid not null,
    applied bigint not null,
    constraint cursors_pkey primary key (source, practice_id),
    constraint cursors_applied_check check (applied >= 0)
) with (fillfactor = 70);

grant select, insert, update, delete on notifications.cursors to evenkeel_notifications;

-- Who works on what. The fence grows with every change of holder; a stale holder's fence is refused.
create table notifications.leases (
    name text not null,
    holder uuid not null,
    fence bigint not null,
    expire_time timestamptz not null,
    constraint leases_pkey primary key (name),
    constraint leases_fence_check check (fence > 0)
) with (fillfactor = 70);

grant select, insert, update on notifications.leases to evenkeel_notifications;

-- Events that could not be applied. While a practice has one, its later events of that source wait in the source.
create table notifications.parked_events (
    source text not null,
    practice_id uuid not null,
    seq bigint not null,
    event_id uuid not null,
    event_type text not null,
    payload bytea not null,
    occur_time timestamptz not null,
    error text not null,
    attempts integer not null,
    park_time timestamptz not null,
    constraint parked_events_pkey primary key (source, practice_id),
    constraint parked_events_seq_check check (seq > 0),
    constraint parked_events_attempts_check check (attempts > 0)
);

grant select, insert, update, delete on notifications.parked_events to evenkeel_notifications;
