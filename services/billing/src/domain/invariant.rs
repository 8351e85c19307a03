//! What must hold of the books at every moment (`store/verify.rs` has the queries).

use pg::verify::{Invariant, STREAM_GAPLESS};

/// All of them.
pub const ALL: [Invariant; 12] = [
    Invariant::new(
        "L1",
        "a balance is the sum of its transfers, and debits are credits",
    ),
    Invariant::new(
        "L2",
        "a bill's balances are its receivables, and what is paid of it is paid by something",
    ),
    Invariant::new(
        "L3",
        "a payment is what was refunded, is credit and pays bills",
    ),
    Invariant::new("L4", "a session is on one live bill, which says so"),
    Invariant::new("L5", "a cancelled bill owes nothing"),
    Invariant::new(
        "L6",
        "each payment and refund has one entry, which moves its amount",
    ),
    Invariant::new("L7", "no credit is below 0"),
    Invariant::new(
        "L8",
        "each adjustment has one entry, and a bill owes its prices less what was taken off",
    ),
    Invariant::new("L9", "what disputes withdrew and lost is what they say"),
    Invariant::new(
        "L10",
        "of what was paid out nothing is left in clearing, and no more got out than came in",
    ),
    Invariant::new(
        "L11",
        "the bank has the net of each item of a payout that counts",
    ),
    STREAM_GAPLESS,
];

/// The one with that code.
#[must_use]
pub fn of(code: &str) -> Option<Invariant> {
    ALL.into_iter().find(|invariant| invariant.code == code)
}
