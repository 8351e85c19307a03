-- Mails about cards on file. Which kinds there are is the program's to say from now on (domain/message.rs): each new kind
-- was a new constraint here.
alter table notifications.messages
    drop constraint messages_kind_check,
    add constraint messages_kind_check check (kind ~ '^[a-z_]+$');
