-- With what a payment is paid: a token that the payer's browser brought, or a method on file; and whether it comes on
-- file when it has paid.
alter table payments.payments
    add column method_id uuid,
    -- cus_…, whose the method is or becomes.
    add column processor_customer text,
    -- Whose the method becomes.
    add column save_payer_kind text,
    add column save_payer_id uuid,
    -- Of cards: 'credit', 'debit', 'prepaid'.
    add column funding text not null default 'unknown',
    -- The payer says that it is a health savings or flexible spending card.
    add column hsa_fsa boolean not null default false,
    add constraint payments_method_fkey foreign key (practice_id, method_id)
        references payments.methods (practice_id, method_id),
    add constraint payments_save_check check ((save_payer_kind is null) = (save_payer_id is null)),
    add constraint payments_funding_check check (funding in ('credit', 'debit', 'prepaid', 'unknown'));

-- What an offline payment said before each of its corrections. The local day stays, because the books are kept by it.
alter table payments.payments add column revision integer not null default 0;

create table payments.payment_corrections (
    practice_id uuid not null,
    payment_id uuid not null,
    -- Of the payment before the correction, from 0.
    revision integer not null,
    note text not null,
    receive_time timestamptz not null,
    corrected_by text not null,
    correct_time timestamptz not null,
    constraint payment_corrections_pkey primary key (practice_id, payment_id, revision),
    constraint payment_corrections_payment_fkey foreign key (practice_id, payment_id)
        references payments.payments (practice_id, payment_id)
);

alter table payments.payment_corrections enable row level security;

create policy payment_corrections_practice on payments.payment_corrections
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on payments.payment_corrections to evenkeel_payments;
