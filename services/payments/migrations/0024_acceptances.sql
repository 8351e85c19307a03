-- That whoever gave a new card or bank account for a payment agreed to its being charged: banks want to know it of debits.
-- Written with the payment and never changed, so that each try of the charge says the same.
create table payments.debit_acceptances (
    practice_id uuid not null,
    payment_id uuid not null,
    accept_time timestamptz not null,
    -- Where the payer was and with which program; none when somebody of the practice entered it for them.
    payer_address text,
    payer_user_agent text,
    constraint debit_acceptances_pkey primary key (practice_id, payment_id),
    constraint debit_acceptances_payment_fkey foreign key (practice_id, payment_id)
        references payments.payments (practice_id, payment_id),
    constraint debit_acceptances_online_check check ((payer_address is null) = (payer_user_agent is null))
);

alter table payments.debit_acceptances enable row level security;

create policy debit_acceptances_practice on payments.debit_acceptances
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on payments.debit_acceptances to evenkeel_payments;
