-- Mails that tell what was taken off a bill, or is owed again, after the bill was sent. A version before this one does not
-- read them; it never meets them but in a list during the upgrade.

alter table notifications.messages
    drop constraint messages_kind_check,
    add constraint messages_kind_check check (
        kind in ('bill', 'receipt', 'refund', 'decline', 'access_code', 'adjustment')
    );
