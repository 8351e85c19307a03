//! What must hold of payments at every moment, whatever died when (`reliability.md` calls the groups G, O, J and D).

use pg::verify::{Invariant, STREAM_GAPLESS};

/// Money through the processor is nowhere without its object.
pub const HAS_OBJECT: Invariant = Invariant::new(
    "G1",
    "what succeeded through the processor has its object there",
);
/// Whose an object is, and which object is whose, say the same.
pub const OBJECT_AND_BACK: Invariant =
    Invariant::new("G2", "an object of the processor names what names it");
/// Otherwise one charge would be two payments.
pub const OBJECT_OF_ONE: Invariant = Invariant::new("G3", "an object of the processor is of one");
/// Pending ones count.
pub const REFUNDS_WITHIN: Invariant = Invariant::new(
    "G4",
    "refunds that have not failed are what is counted, and within the payment",
);
/// A call is written down with its key before it is made.
pub const CALLS_KEYED: Invariant = Invariant::new(
    "G5",
    "each call that moved money was written down under a key of its own",
);
/// A crash leaves nothing that nobody looks after.
pub const LOOKED_AFTER: Invariant = Invariant::new(
    "G6",
    "what is on its way is looked after, and not for longer than it may take",
);
/// As the nightly comparison found, and as our books still are.
pub const SAME_BOOKS: Invariant =
    Invariant::new("G7", "the processor's books and ours say the same");
/// A refund, dispute or charge of a payment of ours is known some days after it was paid out, and what is in a practice's
/// name is in its books; or somebody has said why not.
pub const PAID_OUT_KNOWN: Invariant = Invariant::new(
    "G8",
    "what was paid out of a practice's payments is known, and is in its books, or was closed",
);
/// The followers' guarantee.
pub const ANNOUNCED_ONCE: Invariant = Invariant::new("O2", "each outcome is announced once");
/// A night that was interrupted is gone on with, or closed by the next.
pub const NIGHT_ENDS: Invariant = Invariant::new(
    "J1",
    "a night of AutoPay ends, and with nothing left to charge",
);
/// The item is the reason for the charge.
pub const CHARGED_ONCE: Invariant = Invariant::new(
    "J2",
    "a charge of the night is of one item, for its bill and with its amount",
);
/// The request and its effect commit together.
pub const ACKNOWLEDGED: Invariant =
    Invariant::new("D1", "what was acknowledged under a request id is there");

/// All of them.
pub const ALL: [Invariant; 13] = [
    HAS_OBJECT,
    OBJECT_AND_BACK,
    OBJECT_OF_ONE,
    REFUNDS_WITHIN,
    CALLS_KEYED,
    LOOKED_AFTER,
    SAME_BOOKS,
    PAID_OUT_KNOWN,
    STREAM_GAPLESS,
    ANNOUNCED_ONCE,
    NIGHT_ENDS,
    CHARGED_ONCE,
    ACKNOWLEDGED,
];

/// The one with that code.
#[must_use]
pub fn of(code: &str) -> Option<Invariant> {
    ALL.into_iter().find(|invariant| invariant.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_code_of_its_own() {
        for invariant in ALL {
            assert_eq!(of(invariant.code), Some(invariant));
        }
        assert_eq!(of("Z9"), None);
    }
}
