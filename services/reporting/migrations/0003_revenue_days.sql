-- Revenue by business day: accrual (billed) and cash (received). Days without movement have no row.

create table reporting.revenue_days (
    practice_id uuid not null,
    day date not null,
    currency text not null,
    billed_minor bigint not null,
    received_minor bigint not null,
    constraint revenue_days_pkey primary key (practice_id, day, currency),
    constraint revenue_days_currency_check check (currency ~ '^[A-Z]{3}$')
) with (fillfactor = 70);

alter table reporting.revenue_days enable row level security;

create policy revenue_days_practice on reporting.revenue_days
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update, delete on reporting.revenue_days to evenkeel_reporting;
