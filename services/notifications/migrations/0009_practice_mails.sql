-- Mails to the practice that are about no client: what AutoPay did in a night.
alter table notifications.messages alter column client_id drop not null;
