-- What payers' banks dispute, as the processor tells; a dispute changes under its payment's lock. The processor's word for
-- the reason is kept, its evidence, which names people, is not.
create table payments.disputes (
    practice_id uuid not null,
    dispute_id uuid not null,
    payment_id uuid not null,
    -- The processor's object, du_….
    processor_dispute text not null,
    state text not null,
    reason text not null,
    currency text not null,
    amount_minor bigint not null,
    has_evidence boolean not null,
    open_time timestamptz not null,
    -- Until when the bank takes evidence.
    respond_by_time timestamptz,
    -- When we heard of the decision.
    close_time timestamptz,
    create_time timestamptz not null,
    update_time timestamptz not null,
    constraint disputes_pkey primary key (practice_id, dispute_id),
    constraint disputes_processor_key unique (practice_id, processor_dispute),
    constraint disputes_payment_fkey foreign key (practice_id, payment_id)
        references payments.payments (practice_id, payment_id),
    constraint disputes_state_check check (state in (
        'inquiry_open', 'inquiry_answered', 'inquiry_closed', 'needs_response', 'under_review', 'won', 'lost'
    )),
    constraint disputes_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint disputes_amount_check check (amount_minor > 0),
    constraint disputes_close_check check (
        (close_time is not null) = (state in ('inquiry_closed', 'won', 'lost'))
    )
) with (fillfactor = 80);

create index disputes_payment_idx on payments.disputes (practice_id, payment_id);

alter table payments.disputes enable row level security;

create policy disputes_practice on payments.disputes
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.disputes to evenkeel_payments;

-- Money that disputes moved at the processor, each once, by the id of the processor's balance transaction. Amounts are
-- below 0 when withdrawn; fees are below 0 when given back.
create table payments.dispute_movements (
    practice_id uuid not null,
    movement_id uuid not null,
    dispute_id uuid not null,
    processor_transaction text not null,
    amount_minor bigint not null,
    fee_minor bigint not null,
    move_time timestamptz not null,
    constraint dispute_movements_pkey primary key (practice_id, movement_id),
    constraint dispute_movements_processor_key unique (practice_id, processor_transaction),
    constraint dispute_movements_dispute_fkey foreign key (practice_id, dispute_id)
        references payments.disputes (practice_id, dispute_id)
);

create index dispute_movements_dispute_idx on payments.dispute_movements (practice_id, dispute_id);

alter table payments.dispute_movements enable row level security;

create policy dispute_movements_practice on payments.dispute_movements
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on payments.dispute_movements to evenkeel_payments;

-- Refunds that somebody made at the processor are written down when it tells of them.
alter table payments.refunds add column made_at_processor boolean not null default false;
