-- Bills that make themselves. A run belongs to the local day that begins at its midnight, and there is one for each
-- practice and day, whoever starts it, however late. It bills what was rendered before that day.

create table billing.automation_runs (
    practice_id uuid not null,
    run_date date not null,
    start_time timestamptz not null,
    -- Null while it goes on, or waits for somebody to take it up again.
    end_time timestamptz,
    bill_count bigint not null default 0,
    session_count bigint not null default 0,
    currency text not null,
    total_minor bigint not null default 0,
    skip_count bigint not null default 0,
    constraint automation_runs_pkey primary key (practice_id, run_date),
    constraint automation_runs_practice_fkey foreign key (practice_id)
        references billing.practices (practice_id),
    constraint automation_runs_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint automation_runs_end_time_check check (end_time >= start_time)
);

-- The unbilled sessions that a run left out, and why. Rows of runs that are long past go.
create table billing.automation_skips (
    practice_id uuid not null,
    run_date date not null,
    session_id uuid not null,
    reason text not null,
    constraint automation_skips_pkey primary key (practice_id, run_date, session_id),
    constraint automation_skips_run_fkey foreign key (practice_id, run_date)
        references billing.automation_runs (practice_id, run_date),
    constraint automation_skips_session_fkey foreign key (practice_id, session_id)
        references billing.sessions (practice_id, session_id),
    constraint automation_skips_reason_check check (
        reason in ('by_hand', 'not_today', 'before_start', 'failed')
    )
);

alter table billing.automation_runs enable row level security;
alter table billing.automation_skips enable row level security;

create policy automation_runs_practice on billing.automation_runs
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy automation_skips_practice on billing.automation_skips
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on billing.automation_runs to evenkeel_billing;
grant select, insert, delete on billing.automation_skips to evenkeel_billing;

-- The bill's run; null when it was issued by hand.
alter table billing.bills add column run_date date;
alter table billing.bills
    add constraint bills_run_fkey foreign key (practice_id, run_date)
        references billing.automation_runs (practice_id, run_date);

create index bills_run_idx on billing.bills (practice_id, run_date, bill_id) where run_date is not null;

-- Which practices have a run to come, and when: a queue over all practices, so it has no row-level security. A worker
-- that takes one moves `due_time` to when others may take it over.
create table billing.automation_queue (
    practice_id uuid not null,
    run_date date not null,
    due_time timestamptz not null,
    constraint automation_queue_pkey primary key (practice_id)
) with (fillfactor = 70);

create index automation_queue_due_idx on billing.automation_queue (due_time);

grant select, insert, update, delete on billing.automation_queue to evenkeel_billing;
