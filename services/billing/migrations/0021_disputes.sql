-- What the processor does by itself: disputes, refunds that banks send back, payouts.

-- Kinds are the code's words (domain/entry.rs, domain/account.rs). A list here would have to be written anew with each
-- act, and every replacement reads the whole of two tables that only grow; so the form is checked.
alter table billing.entries
    drop constraint entries_kind_check,
    add constraint entries_kind_check check (kind ~ '^[a-z][a-z_]*$') not valid;
alter table billing.accounts
    drop constraint accounts_kind_check,
    add constraint accounts_kind_check check (kind ~ '^[a-z][a-z_]*$') not valid;

-- What such an act is about: a dispute's movement, a dispute, a refund that came back. Each is booked once.
alter table billing.entries add column subject_id uuid;

create unique index entries_subject_key on billing.entries (practice_id, kind, subject_id)
    where subject_id is not null;

-- A refund that came back no longer counts against its payment.
alter table billing.posted_refunds
    add column return_time timestamptz,
    add column return_entry_id uuid,
    add constraint posted_refunds_return_check check ((return_time is null) = (return_entry_id is null));

grant update (return_time, return_entry_id) on billing.posted_refunds to evenkeel_billing;

-- Disputes of payments, followed from payments' feed. The bill stays paid while the bank decides, and when it is lost:
-- what was lost is the practice's loss, not a debt of the client's.
create table billing.disputes (
    practice_id uuid not null,
    dispute_id uuid not null,
    payment_id uuid not null,
    client_id uuid not null,
    outcome text not null,
    currency text not null,
    amount_minor bigint not null,
    -- Withdrawn, with the outcome open.
    under_way_minor bigint not null default 0,
    -- Withdrawn for good; below 0 when more came back than was taken.
    lost_minor bigint not null default 0,
    -- What it cost beside.
    fee_minor bigint not null default 0,
    open_date date not null,
    close_date date,
    create_time timestamptz not null,
    update_time timestamptz not null,
    constraint disputes_pkey primary key (practice_id, dispute_id),
    constraint disputes_payment_fkey foreign key (practice_id, payment_id)
        references billing.posted_payments (practice_id, payment_id),
    constraint disputes_outcome_check check (outcome in ('open', 'kept', 'lost')),
    constraint disputes_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint disputes_amount_check check (amount_minor > 0),
    constraint disputes_under_way_check check (under_way_minor >= 0),
    constraint disputes_close_check check ((outcome = 'open') = (close_date is null))
) with (fillfactor = 80);

create index disputes_payment_idx on billing.disputes (practice_id, payment_id);

alter table billing.disputes enable row level security;

create policy disputes_practice on billing.disputes
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on billing.disputes to evenkeel_billing;
