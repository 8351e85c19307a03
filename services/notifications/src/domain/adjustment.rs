//! What was taken off a bill that its client knows already, or is owed on it again.

use ids::{AdjustmentId, EventId};
use jiff::Timestamp;
use money::Money;
use serde::{Deserialize, Serialize};

/// What was taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentKind {
    /// A lower price.
    Discount,
    /// Given up in favour of the client.
    Waiver,
    /// Given up because it will not be paid.
    WriteOff,
    /// billing did not say.
    Other,
}

impl AdjustmentKind {
    /// What the client reads when it is owed again.
    #[must_use]
    pub const fn taken_back(self) -> &'static str {
        match self {
            Self::Discount => "A discount was taken back",
            Self::Waiver => "A waiver was taken back",
            Self::WriteOff => "What was written off is due again",
            Self::Other => "An adjustment was taken back",
        }
    }
}

/// One change, as an event told of it. What the practice says about it is asked for when the mail is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The event, which is heeded once.
    pub event: EventId,
    /// The discount, waiver or write-off.
    pub adjustment: AdjustmentId,
    /// What kind.
    pub kind: AdjustmentKind,
    /// Above 0.
    pub amount: Money,
    /// It is owed again; otherwise it was taken off.
    pub taken_back: bool,
    /// When it happened.
    pub time: Timestamp,
}

impl Change {
    /// Whether one of the two makes up for the other: an adjustment and its end, or one that was made anew, with a new
    /// id, when its bill was edited.
    fn undoes(&self, other: &Self) -> bool {
        self.taken_back != other.taken_back
            && self.amount == other.amount
            && (self.adjustment == other.adjustment || self.kind == other.kind)
    }
}

/// What is left to tell when changes that make up for each other are left out, in order.
#[must_use]
pub fn net(changes: &[Change]) -> Vec<&Change> {
    let mut left: Vec<&Change> = Vec::new();
    for change in changes {
        match left.iter().position(|before| change.undoes(before)) {
            Some(at) => {
                left.remove(at);
            }
            None => left.push(change),
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use money::Currency;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn change((event, adjustment, minor, taken_back): (u128, u128, i64, bool)) -> Change {
        Change {
            event: EventId::from(Uuid::from_u128(event)),
            adjustment: AdjustmentId::from(Uuid::from_u128(adjustment)),
            kind: AdjustmentKind::Discount,
            amount: Money::from_minor(minor, Currency::USD),
            taken_back,
            time: Timestamp::UNIX_EPOCH,
        }
    }

    fn sum<'a>(changes: impl IntoIterator<Item = &'a Change>) -> i64 {
        let signed = |change: &Change| {
            let minor = change.amount.minor();
            if change.taken_back { minor } else { -minor }
        };
        changes.into_iter().map(signed).sum()
    }

    #[test]
    fn what_was_taken_back_before_it_was_told_is_not_told() {
        let made = change((1, 1, 500, false));
        let other = change((2, 2, 700, false));
        let changes = [made.clone(), other.clone(), change((3, 1, 500, true))];
        assert_eq!(net(&changes), [&other]);
        assert!(net(&changes[..1]) == [&made]);
    }

    #[test]
    fn an_edit_that_makes_the_same_discount_anew_changes_nothing() {
        let changes = [change((1, 1, 500, true)), change((2, 9, 500, false))];
        assert!(net(&changes).is_empty());
        let less = [change((1, 1, 500, true)), change((2, 9, 400, false))];
        assert_eq!(net(&less).len(), 2);
    }

    proptest! {
        #[test]
        fn what_is_told_sums_to_what_happened(
            changes in prop::collection::vec((0..9_u128, 0..4_u128, 1..4_i64, any::<bool>()), 0..30),
        ) {
            let changes: Vec<_> = changes.into_iter().map(change).collect();
            let told = net(&changes);
            prop_assert_eq!(sum(told.iter().copied()), sum(&changes));
            for (at, one) in told.iter().enumerate() {
                prop_assert!(told.iter().skip(at + 1).all(|other| !other.undoes(one)));
            }
        }
    }
}
