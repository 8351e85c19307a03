-- What a payout paid out may become known here only afterwards: of each movement is kept what the processor says that it is,
-- so that it is asked for again and matched then.
alter table payments.payouts
    -- The practice's own account that it is of, acct_…; none: the installation's.
    add column processor_account text;

alter table payments.payout_items
    -- The processor's word for what moved.
    add column processor_word text not null default '',
    -- The object that moved it, pi_…, re_… or du_…, which of these it is, and the payment's object, pi_….
    add column source_kind text,
    add column source_object text,
    add column source_intent text,
    add constraint payout_items_source_check check (
        source_kind in ('charge', 'refund', 'dispute') and source_object is not null or source_kind is null
    ) not valid;

-- What may still be matched; looked up by the payment's object.
create index payout_items_unmatched_idx on payments.payout_items (practice_id, source_intent)
    where kind = 'other' and source_intent is not null;

create index payout_items_other_idx on payments.payout_items (practice_id, payout_id) where kind = 'other';

-- A match says what it is; the amounts never change.
grant update (kind, payment_id, refund_id, dispute_movement_id) on payments.payout_items to evenkeel_payments;

-- In whose name it was paid out, when it is somebody's who cannot have it in the books: in another currency, for example.
alter table payments.unclaimed_payout_items add column practice_id uuid;

create index unclaimed_payout_items_practice_idx on payments.unclaimed_payout_items (practice_id)
    where practice_id is not null;
