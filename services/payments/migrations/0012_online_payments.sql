-- Whether a practice takes online payments: on until it turns them off.
alter table payments.practices add column online_payments boolean not null default true;
