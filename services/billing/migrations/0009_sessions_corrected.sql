-- A session is corrected as long as no live bill has it; what it said before is kept.

alter table billing.sessions
    -- Counts the changes of the row; the session's etag.
    add column revision bigint not null default 1;

-- What a cancelled bill said stays as it was when its session's lines are written anew: the bill has its own copy of
-- them. A live bill's hold on a session's lines is `billed_lines`.
alter table billing.bill_lines
    drop constraint bill_lines_session_line_fkey,
    add constraint bill_lines_session_fkey foreign key (practice_id, session_id)
        references billing.sessions (practice_id, session_id);

grant update (
    clinician_id,
    start_time,
    service_date,
    outcome,
    diagnosis_codes,
    place_of_service,
    total_minor,
    revision
) on billing.sessions to evenkeel_billing;
grant delete on billing.session_lines to evenkeel_billing;

-- What was done to a session, by whom, and what it was before. `revision` is the one that the change ended.
create table billing.session_changes (
    practice_id uuid not null,
    session_id uuid not null,
    revision bigint not null,
    kind text not null,
    changed_by text not null,
    change_time timestamptz not null,
    former jsonb not null,
    constraint session_changes_pkey primary key (practice_id, session_id, revision),
    constraint session_changes_session_fkey foreign key (practice_id, session_id)
        references billing.sessions (practice_id, session_id),
    constraint session_changes_revision_check check (revision > 0),
    constraint session_changes_kind_check check (kind in ('corrected', 'waived', 'unwaived')),
    constraint session_changes_changed_by_check check (changed_by <> '')
);

alter table billing.session_changes enable row level security;

create policy session_changes_practice on billing.session_changes
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on billing.session_changes to evenkeel_billing;
