-- Every mail that was ever to be sent, and what became of it. Written in the transaction that moves the cursor over the
-- event it is about; the dedupe key (`bill/shr_…`, `receipt/pay_…`) makes it one mail per event, however often it comes.

create table notifications.messages (
    practice_id uuid not null,
    message_id uuid not null,
    kind text not null,
    state text not null,
    dedupe_key text not null,
    client_id uuid not null,
    bill_id uuid,
    payment_id uuid,
    refund_id uuid,
    share_id uuid,
    -- What the event said and nobody can be asked for later. No names, no services.
    particulars jsonb not null,
    -- Filled when it is sent, or when sending it fails.
    recipient text not null,
    subject text not null,
    attempts integer not null,
    last_error text not null,
    create_time timestamptz not null,
    send_time timestamptz,
    constraint messages_pkey primary key (practice_id, message_id),
    constraint messages_dedupe_key unique (practice_id, dedupe_key),
    constraint messages_kind_check check (kind in ('bill', 'receipt', 'refund', 'decline')),
    constraint messages_state_check check (state in ('queued', 'sent', 'failed')),
    constraint messages_attempts_check check (attempts >= 0),
    constraint messages_send_time_check check ((state = 'sent') = (send_time is not null))
);

create index messages_client_idx on notifications.messages (practice_id, client_id, message_id);
create index messages_state_idx on notifications.messages (practice_id, state, message_id);

alter table notifications.messages enable row level security;

create policy messages_practice on notifications.messages
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on notifications.messages to evenkeel_notifications;
