-- The mails that wait, over all practices: claimed with `for update skip locked`, so the table is not per tenant and has
-- no row-level security; it holds ids and times only. A claim moves next_attempt_time to the end of the claimer's lease
-- and raises the fence; whoever comes back with an older fence is refused. The row goes when the mail is sent or given up.

create table notifications.message_queue (
    message_id uuid not null,
    practice_id uuid not null,
    next_attempt_time timestamptz not null,
    fence bigint not null,
    constraint message_queue_pkey primary key (message_id),
    constraint message_queue_fence_check check (fence >= 0)
) with (fillfactor = 70);

create index message_queue_next_idx on notifications.message_queue (next_attempt_time);

grant select, insert, update, delete on notifications.message_queue to evenkeel_notifications;
