-- What takes something off what a client owes, and how a bill is edited while nobody has paid on it.

alter table billing.entries add column adjustment_id uuid;

alter table billing.entries
    drop constraint entries_kind_check,
    add constraint entries_kind_check check (kind in (
        'bill_issued', 'bill_edited', 'bill_cancelled', 'payment', 'insurer_payment', 'refund', 'credit_applied',
        'adjustment', 'adjustment_reversed'
    )),
    -- An adjustment has one entry, and one more when it is taken back.
    add constraint entries_adjustment_key unique (practice_id, adjustment_id, kind),
    add constraint entries_adjustment_check check (
        (kind in ('adjustment', 'adjustment_reversed')) = (adjustment_id is not null)
    );

-- `reverse_time` is set when the adjustment no longer counts: taken back, or its bill was edited or cancelled.
create table billing.adjustments (
    practice_id uuid not null,
    adjustment_id uuid not null,
    bill_id uuid not null,
    -- Null is the whole bill.
    line_number integer,
    kind text not null,
    reason text not null,
    -- As it was asked for, "10"; null was an amount, or all that was left.
    percent text,
    client_text text not null,
    amount_minor bigint not null,
    entry_id uuid not null,
    -- Who: a caller's subject.
    made_by text not null,
    create_time timestamptz not null,
    reverse_time timestamptz,
    constraint adjustments_pkey primary key (practice_id, adjustment_id),
    constraint adjustments_bill_fkey foreign key (practice_id, bill_id)
        references billing.bills (practice_id, bill_id),
    constraint adjustments_entry_fkey foreign key (practice_id, entry_id)
        references billing.entries (practice_id, entry_id),
    constraint adjustments_line_number_check check (line_number > 0),
    constraint adjustments_kind_check check (kind in ('discount', 'waiver', 'write_off')),
    constraint adjustments_amount_check check (amount_minor > 0)
);

create index adjustments_bill_idx on billing.adjustments (practice_id, bill_id, adjustment_id);

alter table billing.adjustments enable row level security;

create policy adjustments_practice on billing.adjustments
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update (reverse_time) on billing.adjustments to evenkeel_billing;

-- What a bill said before a change, as its contract's message; append-only. `revision` is the one that was replaced.
create table billing.bill_changes (
    practice_id uuid not null,
    bill_id uuid not null,
    revision bigint not null,
    former bytea not null,
    made_by text not null,
    create_time timestamptz not null,
    constraint bill_changes_pkey primary key (practice_id, bill_id, revision),
    constraint bill_changes_bill_fkey foreign key (practice_id, bill_id)
        references billing.bills (practice_id, bill_id)
);

alter table billing.bill_changes enable row level security;

create policy bill_changes_practice on billing.bill_changes
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on billing.bill_changes to evenkeel_billing;

-- An edit writes the bill's face and lines anew.
grant update (policy_id, due_date, last_service_date, total_minor, comments) on billing.bills to evenkeel_billing;
grant delete on billing.bill_lines to evenkeel_billing;
