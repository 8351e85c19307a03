-- Payouts as the books have them, followed from payments' feed. Each item is one entry: what of it reached the bank, and
-- what the processor kept. A payout that failed has each of them reversed; a later one pays the same out again.
create table billing.payouts (
    practice_id uuid not null,
    payout_id uuid not null,
    arrival_date date not null,
    -- When it was heard of that it failed; none while it counts.
    fail_date date,
    currency text not null,
    create_time timestamptz not null,
    update_time timestamptz not null,
    constraint payouts_pkey primary key (practice_id, payout_id),
    constraint payouts_practice_fkey foreign key (practice_id) references billing.practices (practice_id),
    constraint payouts_currency_check check (currency ~ '^[A-Z]{3}$')
) with (fillfactor = 80);

create index payouts_arrival_idx on billing.payouts (practice_id, arrival_date desc, payout_id desc);

alter table billing.payouts enable row level security;

create policy payouts_practice on billing.payouts
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on billing.payouts to evenkeel_billing;

-- Amounts are below 0 when money was taken. A refund may be paid out before it is booked, so it is not referred to.
create table billing.payout_items (
    practice_id uuid not null,
    payout_item_id uuid not null,
    payout_id uuid not null,
    position integer not null,
    kind text not null,
    gross_minor bigint not null,
    fee_minor bigint not null,
    payment_id uuid,
    refund_id uuid,
    dispute_movement_id uuid,
    client_id uuid,
    entry_id uuid not null,
    -- The entry that took it back when the payout failed.
    reverse_entry_id uuid,
    constraint payout_items_pkey primary key (practice_id, payout_item_id),
    constraint payout_items_position_key unique (practice_id, payout_id, position),
    constraint payout_items_payout_fkey foreign key (practice_id, payout_id)
        references billing.payouts (practice_id, payout_id),
    constraint payout_items_payment_fkey foreign key (practice_id, payment_id)
        references billing.posted_payments (practice_id, payment_id),
    constraint payout_items_entry_fkey foreign key (practice_id, entry_id)
        references billing.entries (practice_id, entry_id),
    constraint payout_items_kind_check check (
        kind in ('charge', 'refund', 'refund_returned', 'dispute', 'processor_fee', 'other')
    ),
    constraint payout_items_position_check check (position > 0),
    constraint payout_items_matched_check check (
        (kind not in ('charge', 'refund', 'refund_returned', 'dispute') or payment_id is not null)
        and (kind not in ('refund', 'refund_returned') or refund_id is not null)
        and (kind <> 'dispute' or dispute_movement_id is not null)
    )
);

create index payout_items_payment_idx on billing.payout_items (practice_id, payment_id) where payment_id is not null;

alter table billing.payout_items enable row level security;

create policy payout_items_practice on billing.payout_items
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update (reverse_entry_id) on billing.payout_items to evenkeel_billing;
