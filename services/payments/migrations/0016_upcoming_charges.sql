-- Charges of AutoPay that the payer is told of before. One per bill: a new notice, for a higher amount, begins anew; what
-- was before stays in the history.
create table payments.upcoming_charges (
    practice_id uuid not null,
    bill_id uuid not null,
    client_id uuid not null,
    currency text not null,
    -- What the payer was told.
    amount_minor bigint not null,
    notice_time timestamptz not null,
    -- The day that was told at first, and the one that counts now.
    initial_date date not null,
    charge_date date not null,
    constraint upcoming_charges_pkey primary key (practice_id, bill_id),
    constraint upcoming_charges_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint upcoming_charges_amount_check check (amount_minor > 0)
);

create index upcoming_charges_date_idx on payments.upcoming_charges (practice_id, charge_date, bill_id);
create index upcoming_charges_client_idx on payments.upcoming_charges (practice_id, client_id);

-- Every notice and every move, append-only.
create table payments.upcoming_charge_changes (
    practice_id uuid not null,
    bill_id uuid not null,
    -- 1, 2, 3, … of the bill.
    change_number integer not null,
    kind text not null,
    change_time timestamptz not null,
    changed_by text not null,
    -- None for a notice.
    former_date date,
    charge_date date not null,
    amount_minor bigint not null,
    -- Why staff moved it.
    reason text not null,
    constraint upcoming_charge_changes_pkey primary key (practice_id, bill_id, change_number),
    constraint upcoming_charge_changes_charge_fkey foreign key (practice_id, bill_id)
        references payments.upcoming_charges (practice_id, bill_id),
    constraint upcoming_charge_changes_kind_check check (kind in ('noticed', 'moved_by_payer', 'moved_by_staff'))
);

alter table payments.upcoming_charges enable row level security;
alter table payments.upcoming_charge_changes enable row level security;

create policy upcoming_charges_practice on payments.upcoming_charges
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy upcoming_charge_changes_practice on payments.upcoming_charge_changes
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.upcoming_charges to evenkeel_payments;
grant select, insert on payments.upcoming_charge_changes to evenkeel_payments;
