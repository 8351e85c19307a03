-- Debits and credits by kind of account, summed from the transfers of billing's events: the ledger as reporting sees it.

create table reporting.account_totals (
    practice_id uuid not null,
    account_kind text not null,
    currency text not null,
    debits_minor bigint not null,
    credits_minor bigint not null,
    constraint account_totals_pkey primary key (practice_id, account_kind, currency),
    constraint account_totals_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint account_totals_debits_check check (debits_minor >= 0),
    constraint account_totals_credits_check check (credits_minor >= 0)
) with (fillfactor = 70);

alter table reporting.account_totals enable row level security;

create policy account_totals_practice on reporting.account_totals
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update, delete on reporting.account_totals to evenkeel_reporting;
