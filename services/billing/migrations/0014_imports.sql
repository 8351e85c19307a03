-- What a practice brings from its former system: its files until they are taken, what is wrong in them, and what of the
-- practice came from them, so that it can be taken back.
--
-- An import's row is locked first of all, before the practice's.
create table billing.imports (
    practice_id uuid not null,
    import_id uuid not null,
    state text not null,
    -- All of them; import_errors keeps the first thousand.
    error_count integer not null default 0,
    create_time timestamptz not null,
    prepare_time timestamptz,
    commit_time timestamptz,
    undo_time timestamptz,
    constraint imports_pkey primary key (practice_id, import_id),
    constraint imports_practice_fkey foreign key (practice_id) references billing.practices (practice_id),
    constraint imports_state_check check (state in ('open', 'prepared', 'committed', 'undone')),
    constraint imports_error_count_check check (error_count >= 0),
    constraint imports_commit_check check (commit_time is null or error_count = 0),
    constraint imports_undo_check check ((state = 'undone') = (undo_time is not null))
) with (fillfactor = 80);

-- What the files have, once they were read; it stays when their content goes.
create table billing.import_files (
    practice_id uuid not null,
    import_id uuid not null,
    kind text not null,
    byte_count bigint not null,
    sha256 bytea not null,
    row_count integer not null,
    currency text not null,
    amount_minor bigint not null,
    constraint import_files_pkey primary key (practice_id, import_id, kind),
    constraint import_files_import_fkey foreign key (practice_id, import_id)
        references billing.imports (practice_id, import_id),
    constraint import_files_kind_check check (kind in (
        'clients', 'contacts', 'opening_balances', 'credits', 'open_bills', 'sessions'
    )),
    constraint import_files_byte_count_check check (byte_count >= 0),
    constraint import_files_sha256_check check (octet_length(sha256) = 32),
    constraint import_files_row_count_check check (row_count >= 0),
    constraint import_files_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint import_files_amount_check check (amount_minor >= 0)
);

-- The content, card numbers masked, until the import is committed or dropped.
create table billing.import_parts (
    practice_id uuid not null,
    import_id uuid not null,
    kind text not null,
    part integer not null,
    content bytea not null,
    constraint import_parts_pkey primary key (practice_id, import_id, kind, part),
    constraint import_parts_import_fkey foreign key (practice_id, import_id)
        references billing.imports (practice_id, import_id),
    constraint import_parts_part_check check (part between 1 and 1000)
);

create table billing.import_errors (
    practice_id uuid not null,
    import_id uuid not null,
    position integer not null,
    kind text not null,
    line integer not null,
    column_name text not null,
    reason text not null,
    constraint import_errors_pkey primary key (practice_id, import_id, position),
    constraint import_errors_import_fkey foreign key (practice_id, import_id)
        references billing.imports (practice_id, import_id),
    constraint import_errors_position_check check (position > 0),
    constraint import_errors_line_check check (line >= 0)
);

-- What came from an import, each under its own id: a client, a contact, a bill, a credit's entry, a session.
create table billing.import_items (
    practice_id uuid not null,
    import_id uuid not null,
    item_id uuid not null,
    kind text not null,
    -- Its first line in the file.
    line integer not null,
    -- Whose it is.
    client_id uuid not null,
    -- What is owed, held or charged; 0 for people.
    amount_minor bigint not null,
    -- Of a contact who became the billing contact of a client that was there before: who was it before, if anybody.
    previous_contact_id uuid,
    constraint import_items_pkey primary key (practice_id, import_id, item_id),
    constraint import_items_import_fkey foreign key (practice_id, import_id)
        references billing.imports (practice_id, import_id),
    constraint import_items_kind_check check (kind in (
        'clients', 'contacts', 'opening_balances', 'credits', 'open_bills', 'sessions'
    )),
    constraint import_items_amount_check check (amount_minor >= 0)
);

alter table billing.imports enable row level security;
alter table billing.import_files enable row level security;
alter table billing.import_parts enable row level security;
alter table billing.import_errors enable row level security;
alter table billing.import_items enable row level security;

create policy imports_practice on billing.imports
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy import_files_practice on billing.import_files
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy import_parts_practice on billing.import_parts
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy import_errors_practice on billing.import_errors
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy import_items_practice on billing.import_items
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update (state, error_count, prepare_time, commit_time, undo_time)
    on billing.imports to evenkeel_billing;
grant select, insert, delete on billing.import_files to evenkeel_billing;
grant select, insert, delete on billing.import_parts to evenkeel_billing;
grant select, insert, delete on billing.import_errors to evenkeel_billing;
grant select, insert on billing.import_items to evenkeel_billing;

-- A client that came from an import and was taken back with it. The row stays for the cancelled bills that name it;
-- nobody lists it or writes anything for it any more.
alter table billing.clients add column remove_time timestamptz;

-- What was owed in the former system is a line of a bill too. The release before reads it as a product.
alter table billing.bill_lines
    add column brought_date date,
    add column former_number text,
    add constraint bill_lines_brought_check check (brought_date is null or session_id is null),
    add constraint bill_lines_former_number_check check (
        former_number is null or (brought_date is not null and former_number <> '')
    );

create index bill_lines_former_number_idx on billing.bill_lines (practice_id, former_number)
    where former_number is not null;

alter table billing.entries
    drop constraint entries_kind_check,
    add constraint entries_kind_check check (kind in (
        'bill_issued', 'bill_edited', 'bill_cancelled', 'payment', 'insurer_payment', 'refund', 'credit_applied',
        'adjustment', 'adjustment_reversed', 'opening_balance', 'credit_brought', 'credit_taken_back'
    ));

-- What an import brought and nothing was built on can go: the foreign keys of whatever was built on it say no.
grant delete on billing.contacts to evenkeel_billing;
grant delete on billing.sessions to evenkeel_billing;
