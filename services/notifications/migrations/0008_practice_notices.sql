-- Mails to the practice itself: a payment is disputed, a refund came back. Kinds are the code's words (domain/message.rs),
-- so the form is checked and not a list that every new mail would have to write anew.
alter table notifications.messages
    drop constraint messages_kind_check,
    add constraint messages_kind_check check (kind ~ '^[a-z][a-z_]*$') not valid;
