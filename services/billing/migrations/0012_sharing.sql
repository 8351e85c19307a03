-- How bills reach their billing contacts: by which policy, when next, and when they did.

-- How a practice shares its bills; by hand and with the PDF when it has said nothing.
create table billing.share_policies (
    practice_id uuid not null,
    automatic boolean not null,
    delay_minutes integer not null,
    with_pdf boolean not null,
    update_time timestamptz not null,
    constraint share_policies_pkey primary key (practice_id),
    constraint share_policies_delay_check check (delay_minutes between 60 and 43200)
);

alter table billing.share_policies enable row level security;

create policy share_policies_practice on billing.share_policies
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on billing.share_policies to evenkeel_billing;

-- Clients for whom another policy goes.
create table billing.client_share_policies (
    practice_id uuid not null,
    client_id uuid not null,
    automatic boolean not null,
    delay_minutes integer not null,
    with_pdf boolean not null,
    update_time timestamptz not null,
    constraint client_share_policies_pkey primary key (practice_id, client_id),
    constraint client_share_policies_client_fkey foreign key (practice_id, client_id)
        references billing.clients (practice_id, client_id),
    constraint client_share_policies_delay_check check (delay_minutes between 60 and 43200)
);

alter table billing.client_share_policies enable row level security;

create policy client_share_policies_practice on billing.client_share_policies
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update, delete on billing.client_share_policies to evenkeel_billing;

-- Bills that will be shared, at most once each: whoever takes the row away, in the transaction that announces the share,
-- has shared it. Made, put off and taken away under the bill's lock.
create table billing.share_schedules (
    practice_id uuid not null,
    bill_id uuid not null,
    client_id uuid not null,
    scheduled_time timestamptz not null,
    with_pdf boolean not null,
    -- Null: by itself, as the policy wants.
    scheduled_by text,
    -- Why it waits though its time has come.
    block text,
    constraint share_schedules_pkey primary key (practice_id, bill_id),
    constraint share_schedules_bill_fkey foreign key (practice_id, bill_id)
        references billing.bills (practice_id, bill_id),
    constraint share_schedules_block_check check (block in ('no_email_address'))
);

create index share_schedules_client_idx on billing.share_schedules (practice_id, client_id);
create index share_schedules_time_idx on billing.share_schedules (practice_id, scheduled_time, bill_id);

alter table billing.share_schedules enable row level security;

create policy share_schedules_practice on billing.share_schedules
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update, delete on billing.share_schedules to evenkeel_billing;

-- When to look at them, over all practices: claimed with `for update skip locked`, so it is not per tenant and has no
-- row-level security; it holds ids and times only. A claim moves due_time to the end of the claimer's lease. That nothing
-- is shared twice does not depend on it.
create table billing.share_queue (
    bill_id uuid not null,
    practice_id uuid not null,
    due_time timestamptz not null,
    constraint share_queue_pkey primary key (bill_id)
) with (fillfactor = 70);

create index share_queue_due_idx on billing.share_queue (due_time);

grant select, insert, update, delete on billing.share_queue to evenkeel_billing;

-- Every act of sharing since this version; append-only. What became of its e-mail, notifications knows.
create table billing.shares (
    practice_id uuid not null,
    share_id uuid not null,
    bill_id uuid not null,
    client_id uuid not null,
    with_pdf boolean not null,
    -- Null: by itself, as the policy wanted.
    shared_by text,
    share_time timestamptz not null,
    constraint shares_pkey primary key (practice_id, share_id),
    constraint shares_bill_fkey foreign key (practice_id, bill_id)
        references billing.bills (practice_id, bill_id)
);

create index shares_bill_idx on billing.shares (practice_id, bill_id, share_id);
create index shares_client_idx on billing.shares (practice_id, client_id, share_id);

alter table billing.shares enable row level security;

create policy shares_practice on billing.shares
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on billing.shares to evenkeel_billing;
