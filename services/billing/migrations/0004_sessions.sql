-- Appointments as the EHR recorded them. A session does not change; whether it is billed stands in `billed_lines`
-- (0006_bills.sql). `total_minor` is the sum of unit_price_minor × units of its lines, written with them.
create table billing.sessions (
    practice_id uuid not null,
    session_id uuid not null,
    client_id uuid not null,
    clinician_id uuid not null,
    start_time timestamptz not null,
    service_date date not null,
    outcome text not null,
    diagnosis_codes text[] not null,
    place_of_service text not null,
    external_reference text,
    currency text not null,
    total_minor bigint not null,
    -- Something to bill: it took place or is charged for, and costs something.
    billable boolean not null generated always as (
        outcome in ('completed', 'no_show', 'late_cancellation') and total_minor > 0
    ) stored,
    create_time timestamptz not null,
    constraint sessions_pkey primary key (practice_id, session_id),
    constraint sessions_external_reference_key unique (practice_id, external_reference),
    constraint sessions_client_fkey foreign key (practice_id, client_id)
        references billing.clients (practice_id, client_id),
    constraint sessions_clinician_fkey foreign key (practice_id, clinician_id)
        references billing.clinicians (practice_id, clinician_id),
    constraint sessions_outcome_check check (
        outcome in ('completed', 'no_show', 'late_cancellation', 'cancelled_by_client', 'cancelled_by_practice')
    ),
    constraint sessions_external_reference_check check (external_reference <> ''),
    constraint sessions_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint sessions_total_check check (total_minor >= 0)
);

create index sessions_date_idx on billing.sessions (practice_id, service_date desc, session_id desc);
create index sessions_client_idx on billing.sessions (practice_id, client_id, service_date desc, session_id desc);

create table billing.session_lines (
    practice_id uuid not null,
    session_id uuid not null,
    line_number integer not null,
    service_code text not null,
    description text not null,
    modifiers text[] not null,
    units integer not null,
    unit_price_minor bigint not null,
    constraint session_lines_pkey primary key (practice_id, session_id, line_number),
    constraint session_lines_session_fkey foreign key (practice_id, session_id)
        references billing.sessions (practice_id, session_id),
    constraint session_lines_line_number_check check (line_number > 0),
    constraint session_lines_units_check check (units between 1 and 999),
    constraint session_lines_unit_price_check check (unit_price_minor >= 0)
);

alter table billing.sessions enable row level security;
alter table billing.session_lines enable row level security;

create policy sessions_practice on billing.sessions
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy session_lines_practice on billing.session_lines
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

-- Locking a session for its bill asks for an update right on one column; nothing else of it may change.
grant select, insert, update (external_reference) on billing.sessions to evenkeel_billing;
grant select, insert on billing.session_lines to evenkeel_billing;
