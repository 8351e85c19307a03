-- What the processor pays out, as it tells. A payout is an account's, and several practices may use one account: each has
-- the part of it that is its own. Rows of a practice come into being once it is known what is in the payout.
create table payments.payouts (
    practice_id uuid not null,
    payout_id uuid not null,
    -- The processor's object, po_….
    processor_payout text not null,
    state text not null,
    -- The day on which the bank has it, or is to have it.
    arrival_date date not null,
    currency text not null,
    -- Of the practice's part; may be below 0 when more went back than came.
    gross_minor bigint not null,
    fee_minor bigint not null,
    item_count integer not null,
    -- Money of others than the practice is in it too.
    shared boolean not null,
    -- The processor's word for why it failed.
    failure_code text,
    create_time timestamptz not null,
    update_time timestamptz not null,
    constraint payouts_pkey primary key (practice_id, payout_id),
    constraint payouts_processor_key unique (practice_id, processor_payout),
    constraint payouts_state_check check (state in ('pending', 'in_transit', 'paid', 'failed', 'cancelled')),
    constraint payouts_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint payouts_item_count_check check (item_count >= 0)
) with (fillfactor = 80);

create index payouts_arrival_idx on payments.payouts (practice_id, arrival_date desc, payout_id desc);

alter table payments.payouts enable row level security;

create policy payouts_practice on payments.payouts
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.payouts to evenkeel_payments;

-- What was paid out, each movement of the processor's balance once per payout: what is in a payout that failed is paid out
-- again with a later one. Amounts are below 0 when money was taken.
create table payments.payout_items (
    practice_id uuid not null,
    payout_item_id uuid not null,
    payout_id uuid not null,
    position integer not null,
    -- txn_….
    processor_transaction text not null,
    kind text not null,
    gross_minor bigint not null,
    fee_minor bigint not null,
    -- The payment that it is, or is about.
    payment_id uuid,
    refund_id uuid,
    dispute_movement_id uuid,
    constraint payout_items_pkey primary key (practice_id, payout_item_id),
    constraint payout_items_position_key unique (practice_id, payout_id, position),
    constraint payout_items_processor_key unique (practice_id, payout_id, processor_transaction),
    constraint payout_items_payout_fkey foreign key (practice_id, payout_id)
        references payments.payouts (practice_id, payout_id),
    constraint payout_items_payment_fkey foreign key (practice_id, payment_id)
        references payments.payments (practice_id, payment_id),
    constraint payout_items_refund_fkey foreign key (practice_id, refund_id)
        references payments.refunds (practice_id, refund_id),
    constraint payout_items_movement_fkey foreign key (practice_id, dispute_movement_id)
        references payments.dispute_movements (practice_id, movement_id),
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

create index payout_items_payment_idx on payments.payout_items (practice_id, payment_id) where payment_id is not null;

alter table payments.payout_items enable row level security;

create policy payout_items_practice on payments.payout_items
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on payments.payout_items to evenkeel_payments;

-- The payouts of the processor's accounts as a whole: how far each was taken in, and which practices have a part of it.
-- The processor names its payouts, not our practices: not per tenant.
create table payments.account_payouts (
    processor_payout text not null,
    -- Where it stood when every practice that has a part of it had taken it in.
    state text not null,
    practice_ids uuid[] not null,
    create_time timestamptz not null,
    update_time timestamptz not null,
    constraint account_payouts_pkey primary key (processor_payout),
    constraint account_payouts_state_check check (state in ('pending', 'in_transit', 'paid', 'failed', 'cancelled'))
) with (fillfactor = 80);

grant select, insert, update on payments.account_payouts to evenkeel_payments;

-- What was paid out in no practice's name while several share the account: somebody has to look at it. Not per tenant.
create table payments.unclaimed_payout_items (
    processor_payout text not null,
    processor_transaction text not null,
    -- The processor's word for it.
    kind text not null,
    currency text not null,
    gross_minor bigint not null,
    fee_minor bigint not null,
    create_time timestamptz not null,
    constraint unclaimed_payout_items_pkey primary key (processor_payout, processor_transaction),
    constraint unclaimed_payout_items_payout_fkey foreign key (processor_payout)
        references payments.account_payouts (processor_payout),
    constraint unclaimed_payout_items_currency_check check (currency ~ '^[A-Z]{3}$')
);

grant select, insert on payments.unclaimed_payout_items to evenkeel_payments;
