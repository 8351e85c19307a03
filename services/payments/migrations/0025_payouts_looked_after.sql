-- What was paid out and is not known here is asked for in turn, by a look that is not longer than it has to be; what nobody
-- ever will know, somebody says so.

alter table payments.payout_items
    -- When the processor was last asked for it; none: never, or not since that is kept.
    add column ask_time timestamptz;

-- That it was asked, and what the processor says now of what was taken in before that was kept.
grant update (ask_time, processor_word, source_kind, source_object, source_intent) on payments.payout_items
    to evenkeel_payments;

-- What somebody of the practice said of an item that nobody can tell what it is. The item stays what it is and where it is in
-- the books; it is open no more. Written once. Should it become known after all, that counts.
create table payments.payout_item_closings (
    practice_id uuid not null,
    payout_item_id uuid not null,
    reason text not null,
    -- The subject of whoever said it.
    closed_by text not null,
    close_time timestamptz not null,
    constraint payout_item_closings_pkey primary key (practice_id, payout_item_id),
    constraint payout_item_closings_item_fkey foreign key (practice_id, payout_item_id)
        references payments.payout_items (practice_id, payout_item_id),
    constraint payout_item_closings_reason_check check (reason <> '')
);

alter table payments.payout_item_closings enable row level security;

create policy payout_item_closings_practice on payments.payout_item_closings
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on payments.payout_item_closings to evenkeel_payments;

-- The same of what is in a practice's name and can never be in its books: all of it, or none.
alter table payments.unclaimed_payout_items
    -- By which it is named: made of its key, so that what the version before writes has one too.
    add column payout_item_id uuid not null
        generated always as (md5(processor_payout || ' ' || processor_transaction)::uuid) stored,
    add column close_reason text,
    add column closed_by text,
    add column close_time timestamptz,
    add constraint unclaimed_payout_items_item_key unique (payout_item_id),
    add constraint unclaimed_payout_items_closed_check check (
        (close_reason is null) = (close_time is null) and (closed_by is null) = (close_time is null)
    );

grant update (close_reason, closed_by, close_time) on payments.unclaimed_payout_items to evenkeel_payments;

-- Items as a list shows them.
create view payments.listed_payout_items with (security_invoker = true) as
select
    item.practice_id,
    item.payout_id,
    item.payout_item_id,
    item.position,
    item.processor_transaction,
    item.kind,
    item.gross_minor,
    item.fee_minor,
    item.payment_id,
    item.refund_id,
    item.dispute_movement_id,
    item.processor_word,
    item.source_kind,
    item.source_object,
    item.source_intent,
    payment.client_id,
    payment.method_text,
    payment.receive_date,
    movement.dispute_id,
    array(
        select part.bill_id
        from payments.payment_allocations part
        where part.practice_id = item.practice_id and part.payment_id = item.payment_id
        order by part.position
    ) as bill_ids,
    closing.reason as close_reason,
    closing.closed_by,
    closing.close_time
from payments.payout_items item
left join payments.payments payment
    on payment.practice_id = item.practice_id and payment.payment_id = item.payment_id
left join payments.dispute_movements movement
    on movement.practice_id = item.practice_id and movement.movement_id = item.dispute_movement_id
left join payments.payout_item_closings closing
    on closing.practice_id = item.practice_id and closing.payout_item_id = item.payout_item_id;

grant select on payments.listed_payout_items to evenkeel_payments;

-- What the processor names a payment of the practice's for, and is not known: it is asked for each night (G8 when it stays
-- so). What was closed is not asked for, and is matched with what becomes known here.
create view payments.unknown_payout_items with (security_invoker = true) as
select
    item.practice_id,
    item.payout_id,
    item.payout_item_id,
    item.position,
    item.gross_minor,
    item.source_kind,
    item.source_object,
    item.source_intent,
    item.ask_time,
    payout.processor_payout,
    payout.processor_account,
    payout.currency,
    payout.create_time,
    closing.payout_item_id is not null as closed
from payments.payout_items item
join payments.payouts payout
    on payout.practice_id = item.practice_id and payout.payout_id = item.payout_id
left join payments.payout_item_closings closing
    on closing.practice_id = item.practice_id and closing.payout_item_id = item.payout_item_id
join payments.processor_objects known
    on known.object_id = item.source_intent
    and known.practice_id = item.practice_id
    and known.kind = 'payment'
    and known.processor_account is not distinct from payout.processor_account
where item.kind = 'other' and item.source_intent is not null;

grant select on payments.unknown_payout_items to evenkeel_payments;

-- How far an account's payouts were looked at in a practice's nights.
create table payments.payout_looks (
    practice_id uuid not null,
    -- acct_…; empty: the installation's.
    processor_account text not null,
    -- Up to when the last look has seen all.
    look_time timestamptz not null,
    -- When a look last reached back to the oldest payment that is in no payout.
    reach_back_time timestamptz not null,
    constraint payout_looks_pkey primary key (practice_id, processor_account)
) with (fillfactor = 80);

alter table payments.payout_looks enable row level security;

create policy payout_looks_practice on payments.payout_looks
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.payout_looks to evenkeel_payments;

-- Items of before 0022 are told by the word that was not kept. Their payouts did not say which account they are of: it is
-- that of what was matched of them.
update payments.payouts payout
set processor_account = (
    select max(payment.processor_account)
    from payments.payout_items item
    join payments.payments payment
        on payment.practice_id = item.practice_id and payment.payment_id = item.payment_id
    where item.practice_id = payout.practice_id and item.payout_id = payout.payout_id
)
where payout.processor_account is null
    and exists (
        select 1
        from payments.payout_items item
        where item.practice_id = payout.practice_id
            and item.payout_id = payout.payout_id
            and item.kind = 'other'
            and item.processor_word = ''
    );

-- That a payer agreed to a debit is kept of debits only.
grant delete on payments.debit_acceptances to evenkeel_payments;

delete from payments.debit_acceptances acceptance
using payments.payments payment
where payment.practice_id = acceptance.practice_id
    and payment.payment_id = acceptance.payment_id
    and payment.state in ('succeeded', 'failed', 'cancelled')
    and payment.kind <> 'bank_debit';
