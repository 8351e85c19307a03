-- AutoPay: the nights in which due bills are charged with the payer's method on file.

-- What AutoPay has to know of a bill besides, followed from billing's feed.
alter table payments.bills
    -- Since when the client owes something on it; null when nothing is owed, or since before this was written down.
    add column owed_since timestamptz,
    add column insurance_balance_minor bigint not null default 0,
    -- The insurer has paid something, and has decided what the client owes.
    add column insurer_paid boolean not null default false,
    add column insurer_decided boolean not null default false;

-- What is owed already counts as old for whoever turns AutoPay on from now on.
update payments.bills set owed_since = '1970-01-01T00:00:00Z' where status = 'open' and client_balance_minor > 0;

create index bills_owed_idx on payments.bills (practice_id, bill_id)
    where status = 'open' and client_balance_minor > 0;
create index payment_allocations_bill_idx on payments.payment_allocations (practice_id, bill_id);

-- How a practice wants it; a practice without a row has the defaults of domain/autopay_settings.rs.
create table payments.autopay_settings (
    practice_id uuid not null,
    enabled boolean not null,
    -- Local hour of the night's run, 0 to 23.
    run_hour smallint not null,
    clients_may_turn_on boolean not null,
    -- Notices before a charge (0017): so many days ahead, to be moved for so many days, by so many days.
    notice_days integer not null,
    move_window_days integer not null,
    move_reach_days integer not null,
    -- Every charge is announced, and not only those whose amount insurance determined.
    announce_all boolean not null,
    update_time timestamptz not null,
    constraint autopay_settings_pkey primary key (practice_id),
    constraint autopay_settings_run_hour_check check (run_hour between 0 and 23),
    constraint autopay_settings_days_check check (
        notice_days between 0 and 60 and move_window_days between 0 and 60 and move_reach_days between 0 and 60
    )
);

-- Who pays a client's bills by AutoPay. A row that was turned off stays, to be turned on again.
create table payments.autopay_enrolments (
    practice_id uuid not null,
    client_id uuid not null,
    payer_kind text not null,
    payer_id uuid not null,
    -- The method that is charged; null: the payer's default, whichever that is in the night.
    method_id uuid,
    -- What was owed before is left alone; null: nothing is.
    charges_since timestamptz,
    turn_on_time timestamptz not null,
    turned_on_by text not null,
    turn_off_time timestamptz,
    turned_off_by text,
    constraint autopay_enrolments_pkey primary key (practice_id, client_id),
    constraint autopay_enrolments_payer_kind_check check (payer_kind in ('client', 'contact')),
    constraint autopay_enrolments_turn_off_check check ((turn_off_time is null) = (turned_off_by is null))
);

-- Bills that staff hold back, and those that were given free again: what was declined before that counts no more.
create table payments.autopay_holds (
    practice_id uuid not null,
    bill_id uuid not null,
    -- Null once it is given free.
    hold_time timestamptz,
    reason text not null,
    held_by text not null,
    release_time timestamptz,
    constraint autopay_holds_pkey primary key (practice_id, bill_id),
    constraint autopay_holds_time_check check (hold_time is not null or release_time is not null)
);

-- One run per practice and local day.
create table payments.autopay_runs (
    practice_id uuid not null,
    run_date date not null,
    start_time timestamptz not null,
    -- When all bills were looked at, and when all were charged that were to be.
    select_time timestamptz,
    end_time timestamptz,
    currency text not null,
    due_count bigint not null default 0,
    charged_count bigint not null default 0,
    charged_minor bigint not null default 0,
    credited_minor bigint not null default 0,
    declined_count bigint not null default 0,
    pending_count bigint not null default 0,
    skipped_count bigint not null default 0,
    constraint autopay_runs_pkey primary key (practice_id, run_date),
    constraint autopay_runs_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint autopay_runs_end_time_check check (end_time >= start_time)
);

-- What became of each bill in a run. The key is the rule that there is one attempt per bill, payer and local day. How a
-- charge ended is the payment's state and stands there.
create table payments.autopay_items (
    practice_id uuid not null,
    run_date date not null,
    bill_id uuid not null,
    payer_id uuid not null,
    payer_kind text not null,
    client_id uuid not null,
    -- due: to be charged; started: it has a payment; credited: credit paid all of it; skipped: with a reason.
    state text not null,
    skip_reason text,
    amount_minor bigint not null,
    -- What of it the client's credit pays; null before it was asked for.
    credit_minor bigint,
    credit_applied boolean not null default false,
    method_id uuid,
    -- What was charged as the processor knows it, and its expiry: another one is tried anew.
    method_mark text not null,
    payment_id uuid,
    update_time timestamptz not null,
    constraint autopay_items_pkey primary key (practice_id, run_date, bill_id, payer_id),
    constraint autopay_items_run_fkey foreign key (practice_id, run_date)
        references payments.autopay_runs (practice_id, run_date),
    constraint autopay_items_payment_fkey foreign key (practice_id, payment_id)
        references payments.payments (practice_id, payment_id),
    constraint autopay_items_payer_kind_check check (payer_kind in ('client', 'contact')),
    constraint autopay_items_state_check check (state in ('due', 'started', 'credited', 'skipped')),
    constraint autopay_items_skip_check check ((state = 'skipped') = (skip_reason is not null)),
    constraint autopay_items_payment_check check (state <> 'started' or payment_id is not null),
    constraint autopay_items_amount_check check (amount_minor >= 0),
    constraint autopay_items_credit_check check (credit_minor between 0 and amount_minor)
) with (fillfactor = 70);

create index autopay_items_due_idx on payments.autopay_items (practice_id, run_date, bill_id) where state = 'due';
create index autopay_items_bill_idx on payments.autopay_items (practice_id, bill_id) where payment_id is not null;
create unique index autopay_items_payment_key on payments.autopay_items (practice_id, payment_id)
    where payment_id is not null;

alter table payments.autopay_settings enable row level security;
alter table payments.autopay_enrolments enable row level security;
alter table payments.autopay_holds enable row level security;
alter table payments.autopay_runs enable row level security;
alter table payments.autopay_items enable row level security;

create policy autopay_settings_practice on payments.autopay_settings
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy autopay_enrolments_practice on payments.autopay_enrolments
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy autopay_holds_practice on payments.autopay_holds
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy autopay_runs_practice on payments.autopay_runs
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy autopay_items_practice on payments.autopay_items
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.autopay_settings to evenkeel_payments;
grant select, insert, update on payments.autopay_enrolments to evenkeel_payments;
grant select, insert, update on payments.autopay_holds to evenkeel_payments;
grant select, insert, update on payments.autopay_runs to evenkeel_payments;
grant select, insert, update on payments.autopay_items to evenkeel_payments;

-- Which practices have a night to come, and when: a queue over all practices, so it has no row-level security. A worker
-- that takes one moves `due_time` to when others may take it over, and counts `fence`: a worker whose fence is past
-- writes nothing more.
create table payments.autopay_queue (
    practice_id uuid not null,
    run_date date not null,
    due_time timestamptz not null,
    fence bigint not null default 0,
    constraint autopay_queue_pkey primary key (practice_id)
) with (fillfactor = 70);

create index autopay_queue_due_idx on payments.autopay_queue (due_time);

grant select, insert, update, delete on payments.autopay_queue to evenkeel_payments;

-- When the next call may be made to an account of the processor by work that nobody waits for. An account is of the
-- processor, not of a practice: not per tenant.
create table payments.call_slots (
    account text not null,
    next_time timestamptz not null,
    constraint call_slots_pkey primary key (account)
) with (fillfactor = 70);

grant select, insert, update on payments.call_slots to evenkeel_payments;
