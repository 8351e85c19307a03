-- Mails that bring a new Access Code, and mails that were not sent because there was no need any more. A version before
-- this one does not read either; it never meets them but in a list during the upgrade.

alter table notifications.messages
    drop constraint messages_kind_check,
    add constraint messages_kind_check check (kind in ('bill', 'receipt', 'refund', 'decline', 'access_code')),
    drop constraint messages_state_check,
    add constraint messages_state_check check (state in ('queued', 'sent', 'failed', 'skipped'));

-- What was written about a bill: whose it is, and when it last got a new code.
create index messages_bill_idx on notifications.messages (practice_id, bill_id, message_id) where bill_id is not null;
