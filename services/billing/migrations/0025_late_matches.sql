-- What of an item of a payout becomes known after it was booked as unmatched: the entry that books it anew takes its place.
grant update (kind, payment_id, refund_id, dispute_movement_id, client_id, entry_id) on billing.payout_items
    to evenkeel_billing;
