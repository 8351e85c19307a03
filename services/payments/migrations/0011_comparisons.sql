-- Each night the processor's books of the day that ended are compared with ours. The key makes a day's comparison one,
-- whoever does it.
create table payments.comparisons (
    practice_id uuid not null,
    comparison_date date not null,
    -- Movements at the processor that were ours to compare.
    transaction_count bigint not null,
    -- What we had not heard of and have taken in by it.
    mended_count bigint not null,
    create_time timestamptz not null,
    constraint comparisons_pkey primary key (practice_id, comparison_date),
    constraint comparisons_transaction_count_check check (transaction_count >= 0),
    constraint comparisons_mended_count_check check (mended_count >= 0)
);

alter table payments.comparisons enable row level security;

create policy comparisons_practice on payments.comparisons
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on payments.comparisons to evenkeel_payments;

-- What the two books disagree about, and somebody has to look at. An object is named once for each kind.
create table payments.discrepancies (
    practice_id uuid not null,
    discrepancy_id uuid not null,
    kind text not null,
    comparison_date date not null,
    -- The processor's object: pi_…, re_…, du_…, txn_….
    object text not null,
    payment_id uuid,
    currency text not null,
    -- What our books say, and what the processor's do; 0 for nothing.
    recorded_minor bigint not null,
    found_minor bigint not null,
    create_time timestamptz not null,
    constraint discrepancies_pkey primary key (practice_id, discrepancy_id),
    constraint discrepancies_object_key unique (practice_id, kind, object),
    constraint discrepancies_kind_check check (kind ~ '^[a-z][a-z_]*$'),
    constraint discrepancies_currency_check check (currency ~ '^[A-Z]{3}$')
);

alter table payments.discrepancies enable row level security;

create policy discrepancies_practice on payments.discrepancies
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on payments.discrepancies to evenkeel_payments;

-- Which day of a practice is compared next, and when. Claimed over all practices, so it is not per tenant; it holds ids
-- and times only. A practice of before this table has no day yet: its first is the one that ended last.
create table payments.comparison_queue (
    practice_id uuid not null,
    next_date date,
    due_time timestamptz not null,
    lease_end_time timestamptz,
    constraint comparison_queue_pkey primary key (practice_id)
) with (fillfactor = 70);

create index comparison_queue_due_idx on payments.comparison_queue (due_time);

grant select, insert, update on payments.comparison_queue to evenkeel_payments;

insert into payments.comparison_queue (practice_id, due_time)
select practice_id, '2000-01-01T00:00:00Z'
from payments.practices;
