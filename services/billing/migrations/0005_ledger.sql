-- Double entry by construction: a transfer moves a positive amount from one account to another, so the books cannot
-- be out of balance. Entries and transfers are append-only: the role may neither change nor delete them.

-- Where money stands. `debits_minor` and `credits_minor` are kept in the transaction of the transfers they sum up;
-- VerifyBooks recomputes them. Account ids follow from the purpose, so nobody has to look one up to post to it.
create table billing.accounts (
    practice_id uuid not null,
    account_id uuid not null,
    kind text not null,
    bill_id uuid,
    client_id uuid,
    contact_id uuid,
    policy_id uuid,
    currency text not null,
    debits_minor bigint not null default 0,
    credits_minor bigint not null default 0,
    constraint accounts_pkey primary key (practice_id, account_id),
    constraint accounts_purpose_key unique nulls not distinct (
        practice_id, bill_id, client_id, contact_id, policy_id, kind
    ),
    constraint accounts_kind_check check (kind in (
        'client_receivable', 'insurance_receivable', 'client_credit', 'deferred_revenue', 'service_revenue',
        'product_revenue', 'fee_revenue', 'discounts', 'waivers', 'write_offs', 'contractual_adjustments',
        'referral_rewards', 'processor_clearing', 'cash', 'checks', 'card_elsewhere', 'other_received',
        'insurance_payments', 'third_party_payments', 'bank', 'processor_fees', 'dispute_losses',
        'opening_balance_equity'
    )),
    constraint accounts_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint accounts_debits_check check (debits_minor >= 0),
    constraint accounts_credits_check check (credits_minor >= 0),
    -- A payment larger than what is left goes to credit, never to a negative receivable (domain.md 2).
    constraint accounts_receivable_check check (
        kind not in ('client_receivable', 'insurance_receivable') or debits_minor >= credits_minor
    ),
    -- Nobody spends credit that is not there (domain.md 7).
    constraint accounts_credit_check check (kind <> 'client_credit' or credits_minor >= debits_minor)
) with (fillfactor = 70);

create index accounts_client_idx on billing.accounts (practice_id, client_id, kind);

-- One business act.
create table billing.entries (
    practice_id uuid not null,
    entry_id uuid not null,
    kind text not null,
    entry_date date not null,
    client_id uuid,
    bill_id uuid,
    payment_id uuid,
    refund_id uuid,
    insurer_payment_id uuid,
    create_time timestamptz not null,
    constraint entries_pkey primary key (practice_id, entry_id),
    -- A payment, refund or insurer's payment has exactly one entry (domain.md 6).
    constraint entries_payment_key unique (practice_id, payment_id),
    constraint entries_refund_key unique (practice_id, refund_id),
    constraint entries_insurer_payment_key unique (practice_id, insurer_payment_id),
    constraint entries_practice_fkey foreign key (practice_id) references billing.practices (practice_id),
    constraint entries_kind_check check (kind in (
        'bill_issued', 'bill_cancelled', 'payment', 'insurer_payment', 'refund', 'credit_applied'
    )),
    constraint entries_payment_check check ((kind = 'payment') = (payment_id is not null)),
    constraint entries_refund_check check ((kind = 'refund') = (refund_id is not null)),
    constraint entries_insurer_payment_check check (
        (kind = 'insurer_payment') = (insurer_payment_id is not null)
    )
);

create index entries_client_idx on billing.entries (practice_id, client_id, entry_date, entry_id);
create index entries_bill_idx on billing.entries (practice_id, bill_id, entry_id) where bill_id is not null;

-- One movement of an entry. The accounts it names are checked at the commit, so that an act may write its history
-- before it locks the balances everybody shares.
create table billing.transfers (
    practice_id uuid not null,
    transfer_id uuid not null,
    entry_id uuid not null,
    position integer not null,
    debit_account_id uuid not null,
    credit_account_id uuid not null,
    amount_minor bigint not null,
    reversed_transfer_id uuid,
    constraint transfers_pkey primary key (practice_id, transfer_id),
    constraint transfers_position_key unique (practice_id, entry_id, position),
    -- A transfer is reversed at most once.
    constraint transfers_reversed_key unique (practice_id, reversed_transfer_id),
    constraint transfers_entry_fkey foreign key (practice_id, entry_id)
        references billing.entries (practice_id, entry_id),
    constraint transfers_debit_account_fkey foreign key (practice_id, debit_account_id)
        references billing.accounts (practice_id, account_id) deferrable initially deferred,
    constraint transfers_credit_account_fkey foreign key (practice_id, credit_account_id)
        references billing.accounts (practice_id, account_id) deferrable initially deferred,
    constraint transfers_reversed_fkey foreign key (practice_id, reversed_transfer_id)
        references billing.transfers (practice_id, transfer_id),
    constraint transfers_amount_check check (amount_minor > 0),
    constraint transfers_accounts_check check (debit_account_id <> credit_account_id),
    constraint transfers_position_check check (position > 0)
);

alter table billing.accounts enable row level security;
alter table billing.entries enable row level security;
alter table billing.transfers enable row level security;

create policy accounts_practice on billing.accounts
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy entries_practice on billing.entries
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy transfers_practice on billing.transfers
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update (debits_minor, credits_minor) on billing.accounts to evenkeel_billing;
grant select, insert on billing.entries to evenkeel_billing;
grant select, insert on billing.transfers to evenkeel_billing;
