-- What is corrected of offline payments; and what becomes of refunds and cards when a practice's account at the processor is
-- taken away and another takes its place.

-- What a payment's correction changes besides its note and time: how it is printed. Null: corrections of before.
alter table payments.payment_corrections add column method_text text;

-- What somebody of the practice said of a refund that was under way on an account of the practice's own when that was taken
-- away: no call can learn its end any more. Written once, with the end itself.
create table payments.refund_closings (
    practice_id uuid not null,
    refund_id uuid not null,
    -- As the account's own dashboard shows it: the money went back, or it did not.
    refunded boolean not null,
    reason text not null,
    -- The subject of whoever said it.
    closed_by text not null,
    close_time timestamptz not null,
    -- When the processor said otherwise after all.
    overrule_time timestamptz,
    constraint refund_closings_pkey primary key (practice_id, refund_id),
    constraint refund_closings_refund_fkey foreign key (practice_id, refund_id)
        references payments.refunds (practice_id, refund_id),
    constraint refund_closings_reason_check check (reason <> '')
);

alter table payments.refund_closings enable row level security;

create policy refund_closings_practice on payments.refund_closings
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update (overrule_time) on payments.refund_closings to evenkeel_payments;

-- Whoever pays with a card or bank account that is on file with a former account, and with none on that of now, is asked for
-- another one: once for each account that takes the place of another.
create table payments.new_card_requests (
    practice_id uuid not null,
    -- The account of now, acct_….
    processor_account text not null,
    payer_kind text not null,
    payer_id uuid not null,
    client_id uuid not null,
    -- What waits in the queue.
    request_id uuid not null,
    state text not null,
    -- The form that the payer was asked by.
    authorization_id uuid,
    create_time timestamptz not null,
    update_time timestamptz not null,
    constraint new_card_requests_pkey primary key (practice_id, processor_account, payer_kind, payer_id),
    constraint new_card_requests_request_key unique (practice_id, request_id),
    constraint new_card_requests_payer_check check (payer_kind in ('client', 'contact')),
    constraint new_card_requests_state_check check (state in ('waiting', 'asked', 'exempt', 'needless')),
    constraint new_card_requests_asked_check check ((state = 'asked') = (authorization_id is not null))
) with (fillfactor = 80);

alter table payments.new_card_requests enable row level security;

create policy new_card_requests_practice on payments.new_card_requests
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.new_card_requests to evenkeel_payments;

-- A form that was asked for by itself, because another account took the place of the one that the payer's card is on.
alter table payments.card_authorizations add column new_account boolean not null default false;

alter table payments.authorization_queue
    drop constraint authorization_queue_kind_check,
    add constraint authorization_queue_kind_check check (kind in ('intake', 'reminder', 'new_card'));
