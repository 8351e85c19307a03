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
