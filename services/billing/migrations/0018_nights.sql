-- Runs by hand beside the nights, what nights report of a backlog, superbills that make themselves, and what a bill said
-- right after an edit.

-- Sessions to be billed, each with the automation of its client, null where it is as the practice does. It reads the
-- tables as whoever asks, so their row-level security holds.
create view billing.pending_sessions with (security_invoker = true) as
select
    session.practice_id,
    session.client_id,
    session.session_id,
    session.service_date,
    session.create_time,
    session.total_minor,
    terms.automation,
    terms.automation_from
from billing.sessions session
left join billing.client_terms terms
    on terms.practice_id = session.practice_id and terms.client_id = session.client_id
where session.billable
    and not exists (
        select 1
        from billing.billed_lines billed
        where billed.practice_id = session.practice_id and billed.session_id = session.session_id
    );

grant select on billing.pending_sessions to evenkeel_billing;

-- Why a night leaves a pending session out: by the client's automation and its first day, or else the practice's;
-- `firing` are the kinds that bill that night. Null when the night bills it.
create function billing.skip_reason(
    service_date date, own text, own_from date, usual text, usual_from date, firing text[]
) returns text
language sql
immutable
return case
    when coalesce(own, usual) = 'by_hand' then 'by_hand'
    when coalesce(own, usual) <> all(firing) then 'not_today'
    when service_date < case when own is null then greatest(own_from, usual_from) else own_from end then 'before_start'
end;

-- What a night left out by reason: an array of {"reason", "sessions", "new"}.
alter table billing.automation_runs add column skip_counts jsonb;

-- What the last night left out, and why: a night's report has only what is not here, or here for another reason. A
-- session that is taken back with its import goes from here by itself.
create table billing.automation_backlog (
    practice_id uuid not null,
    session_id uuid not null,
    reason text not null,
    constraint automation_backlog_pkey primary key (practice_id, session_id),
    constraint automation_backlog_session_fkey foreign key (practice_id, session_id)
        references billing.sessions (practice_id, session_id) on delete cascade,
    constraint automation_backlog_reason_check check (
        reason in ('by_hand', 'not_today', 'before_start', 'failed')
    )
);

alter table billing.automation_backlog enable row level security;

create policy automation_backlog_practice on billing.automation_backlog
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update, delete on billing.automation_backlog to evenkeel_billing;

-- A run that somebody asked for.
create table billing.hand_runs (
    practice_id uuid not null,
    run_id uuid not null,
    -- The local day it was asked for, and the date of its bills.
    run_date date not null,
    -- The last day of service that it bills.
    through_date date not null,
    -- Empty: all.
    client_ids uuid[] not null,
    -- Who: a caller's subject.
    asked_by text not null,
    start_time timestamptz not null,
    -- Null while it goes on, or waits for somebody to take it up again.
    end_time timestamptz,
    bill_count bigint not null default 0,
    session_count bigint not null default 0,
    currency text not null,
    total_minor bigint not null default 0,
    skip_count bigint not null default 0,
    constraint hand_runs_pkey primary key (practice_id, run_id),
    constraint hand_runs_practice_fkey foreign key (practice_id) references billing.practices (practice_id),
    constraint hand_runs_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint hand_runs_through_date_check check (through_date <= run_date),
    constraint hand_runs_end_time_check check (end_time >= start_time)
);

create index hand_runs_date_idx on billing.hand_runs (practice_id, run_date desc, run_id desc);

-- The sessions that a run by hand was asked for and could not bill.
create table billing.hand_run_skips (
    practice_id uuid not null,
    run_id uuid not null,
    session_id uuid not null,
    reason text not null,
    constraint hand_run_skips_pkey primary key (practice_id, run_id, session_id),
    constraint hand_run_skips_run_fkey foreign key (practice_id, run_id)
        references billing.hand_runs (practice_id, run_id),
    constraint hand_run_skips_session_fkey foreign key (practice_id, session_id)
        references billing.sessions (practice_id, session_id) on delete cascade,
    constraint hand_run_skips_reason_check check (reason in ('failed'))
);

alter table billing.hand_runs enable row level security;
alter table billing.hand_run_skips enable row level security;

create policy hand_runs_practice on billing.hand_runs
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy hand_run_skips_practice on billing.hand_run_skips
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on billing.hand_runs to evenkeel_billing;
grant select, insert, delete on billing.hand_run_skips to evenkeel_billing;

-- The runs by hand that are not done: a queue over all practices, so it has no row-level security. A worker that takes
-- one moves `due_time` to when others may take it over.
create table billing.hand_run_queue (
    run_id uuid not null,
    practice_id uuid not null,
    due_time timestamptz not null,
    constraint hand_run_queue_pkey primary key (run_id)
) with (fillfactor = 70);

create index hand_run_queue_due_idx on billing.hand_run_queue (due_time);

grant select, insert, update, delete on billing.hand_run_queue to evenkeel_billing;

-- Whether superbills make themselves; of a client, null is as the practice does.
alter table billing.practice_terms add column monthly_superbills boolean not null default false;
alter table billing.client_terms add column monthly_superbills boolean;

-- One for each client and month, made and sent, or withheld; append-only.
create table billing.monthly_superbills (
    practice_id uuid not null,
    document_id uuid not null,
    client_id uuid not null,
    -- Its first day.
    month date not null,
    -- What it lacked, in words; empty when it was made.
    missing text[] not null,
    -- Null when it was withheld.
    sha256 bytea,
    file_name text,
    with_pdf boolean not null,
    create_time timestamptz not null,
    constraint monthly_superbills_pkey primary key (practice_id, document_id),
    constraint monthly_superbills_month_key unique (practice_id, client_id, month),
    constraint monthly_superbills_client_fkey foreign key (practice_id, client_id)
        references billing.clients (practice_id, client_id),
    constraint monthly_superbills_bytes_fkey foreign key (practice_id, sha256)
        references billing.document_bytes (practice_id, sha256),
    constraint monthly_superbills_month_check check (extract(day from month) = 1),
    constraint monthly_superbills_made_check check (
        (sha256 is null) = (cardinality(missing) > 0) and (sha256 is null) = (file_name is null)
    )
);

alter table billing.monthly_superbills enable row level security;

create policy monthly_superbills_practice on billing.monthly_superbills
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on billing.monthly_superbills to evenkeel_billing;

-- What a bill said right after a change, as its contract's message; null for changes of a version that did not keep it.
alter table billing.bill_changes add column latter bytea;
