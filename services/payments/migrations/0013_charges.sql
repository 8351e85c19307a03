-- How a charge is made, and how it comes to its end.
alter table payments.payments
    -- Who waits for the charge: 'payer' in a browser, 'staff' for a payer who is not there, 'nobody' at night.
    add column presence text not null default 'payer',
    -- When whoever waited was told that the processor or billing cannot be reached. Nothing is taken after that unless
    -- the same request is asked again.
    add column park_time timestamptz,
    -- The processor's most precise code of a decline, and whether the same method will never pay.
    add column decline_code text not null default '',
    add column decline_hard boolean not null default false,
    add constraint payments_presence_check check (presence in ('payer', 'staff', 'nobody'));
