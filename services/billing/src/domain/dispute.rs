//! A payment that its payer's bank takes back. What is withdrawn leaves the processor's balance and is under way until
//! the bank has decided; the bill stays paid. What is lost then is the practice's loss: whether to ask the client for
//! it again is the practice's choice, by a new bill.

use super::account::{Account, AccountKind};
use super::entry::Transfers;
use ids::{DisputeId, PaymentId};
use money::{Money, MoneyError};

/// How a dispute ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has not.
    Open,
    /// The practice keeps the money: it was won, or came to nothing.
    Kept,
    /// The money is gone.
    Lost,
}

impl Outcome {
    /// As the database keeps it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Kept => "kept",
            Self::Lost => "lost",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        [Self::Open, Self::Kept, Self::Lost]
            .into_iter()
            .find(|outcome| outcome.name() == name)
    }
}

/// A dispute as the books know it, read under its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// The dispute.
    pub dispute: DisputeId,
    /// What it is about.
    pub payment: PaymentId,
    /// How it ended.
    pub outcome: Outcome,
    /// Withdrawn, with the outcome open; 0 or more.
    pub under_way: Money,
    /// Withdrawn for good; below 0 when more came back than was taken.
    pub lost: Money,
    /// What it cost beside.
    pub fee: Money,
}

const CLEARING: Account = Account::practice(AccountKind::ProcessorClearing);
const UNDER_WAY: Account = Account::practice(AccountKind::DisputedFunds);
const LOSSES: Account = Account::practice(AccountKind::DisputeLosses);
const FEES: Account = Account::practice(AccountKind::ProcessorFees);

impl Dispute {
    /// The processor withdrew money (`amount` below 0) or reinstated it; the fee is below 0 when some of it came back.
    ///
    /// # Errors
    /// Two currencies, or too large a sum.
    pub fn moved(self, amount: Money, fee: Money) -> Result<(Transfers, Self), MoneyError> {
        let mut transfers = Transfers::new();
        let mut after = if amount.is_negative() {
            self.withdrawn(amount.negated()?, &mut transfers)?
        } else {
            self.reinstated(amount, &mut transfers)?
        };
        if fee.is_negative() {
            transfers.post(CLEARING, FEES, fee.negated()?);
        } else {
            transfers.post(FEES, CLEARING, fee);
        }
        after.fee = self.fee.plus(fee)?;
        Ok((transfers, after))
    }

    /// After a loss, what is withdrawn is lost at once.
    fn withdrawn(self, amount: Money, transfers: &mut Transfers) -> Result<Self, MoneyError> {
        match self.outcome {
            Outcome::Open | Outcome::Kept => {
                transfers.post(UNDER_WAY, CLEARING, amount);
                let under_way = self.under_way.plus(amount)?;
                Ok(Self { under_way, ..self })
            }
            Outcome::Lost => {
                transfers.post(LOSSES, CLEARING, amount);
                let lost = self.lost.plus(amount)?;
                Ok(Self { lost, ..self })
            }
        }
    }

    /// First what is under way, then what was counted as lost.
    fn reinstated(self, amount: Money, transfers: &mut Transfers) -> Result<Self, MoneyError> {
        let waited_for = amount.at_most(self.under_way)?;
        let regained = amount.minus(waited_for)?;
        transfers.post(CLEARING, UNDER_WAY, waited_for);
        transfers.post(CLEARING, LOSSES, regained);
        Ok(Self {
            under_way: self.under_way.minus(waited_for)?,
            lost: self.lost.minus(regained)?,
            ..self
        })
    }

    /// The bank has decided. What is kept comes back by itself; what is lost is a loss from now on. It ends once.
    ///
    /// # Errors
    /// Two currencies, or too large a sum.
    pub fn close(self, lost: bool) -> Result<(Transfers, Self), MoneyError> {
        let mut transfers = Transfers::new();
        if self.outcome != Outcome::Open {
            return Ok((transfers, self));
        }
        if !lost {
            let outcome = Outcome::Kept;
            return Ok((transfers, Self { outcome, ..self }));
        }
        transfers.post(LOSSES, UNDER_WAY, self.under_way);
        let after = Self {
            outcome: Outcome::Lost,
            under_way: Money::zero(self.under_way.currency()),
            lost: self.lost.plus(self.under_way)?,
            ..self
        };
        Ok((transfers, after))
    }
}

#[cfg(test)]
mod tests {
    use super::super::books::{id, usd};
    use super::*;
    use proptest::prelude::*;

    fn open() -> Dispute {
        Dispute {
            dispute: id(1),
            payment: id(2),
            outcome: Outcome::Open,
            under_way: usd(0),
            lost: usd(0),
            fee: usd(0),
        }
    }

    fn named(transfers: &Transfers) -> Vec<(AccountKind, AccountKind, i64)> {
        let shown = transfers.as_slice().iter();
        shown
            .map(|it| (it.debit.kind, it.credit.kind, it.amount.minor()))
            .collect()
    }

    use AccountKind::{DisputeLosses, DisputedFunds, ProcessorClearing, ProcessorFees};

    #[test]
    fn forty_are_withdrawn_with_a_fee_and_lost() {
        let (transfers, dispute) = open().moved(usd(-4_000), usd(1_500)).expect("booked");
        assert_eq!(
            named(&transfers),
            [
                (DisputedFunds, ProcessorClearing, 4_000),
                (ProcessorFees, ProcessorClearing, 1_500)
            ]
        );
        let (transfers, dispute) = dispute.close(true).expect("booked");
        assert_eq!(named(&transfers), [(DisputeLosses, DisputedFunds, 4_000)]);
        assert_eq!((dispute.under_way, dispute.lost), (usd(0), usd(4_000)));
        let (transfers, again) = dispute.close(false).expect("nothing");
        assert_eq!((named(&transfers), again), (vec![], dispute));
    }

    #[test]
    fn what_is_won_comes_back_before_or_after_the_word() {
        let (_, dispute) = open().moved(usd(-4_000), usd(1_500)).expect("booked");
        let (transfers, early) = dispute.moved(usd(4_000), usd(0)).expect("booked");
        assert_eq!(
            named(&transfers),
            [(ProcessorClearing, DisputedFunds, 4_000)]
        );
        let (_, early) = early.close(false).expect("closed");
        let (transfers, late) = dispute.close(false).expect("closed");
        assert_eq!(named(&transfers), []);
        let (_, late) = late.moved(usd(4_000), usd(0)).expect("booked");
        assert_eq!(early, late);
        assert_eq!(
            (late.under_way, late.lost, late.fee),
            (usd(0), usd(0), usd(1_500))
        );
    }

    #[derive(Clone, Copy, Debug)]
    enum Word {
        Moved(i64, i64),
        Closed(bool),
    }

    fn word() -> impl Strategy<Value = Word> {
        prop_oneof![
            (-10_000_i64..10_000, -2_000_i64..2_000)
                .prop_map(|(amount, fee)| Word::Moved(amount, fee)),
            any::<bool>().prop_map(Word::Closed),
        ]
    }

    proptest! {
        #[test]
        fn whatever_the_bank_does_in_whatever_order_the_accounts_are_what_the_dispute_says(
            words in proptest::collection::vec(word(), 0..12)
        ) {
            let (mut dispute, mut clearing, mut posted) = (open(), 0, Vec::new());
            for word in words {
                let (transfers, after) = match word {
                    Word::Moved(amount, fee) => {
                        clearing += amount - fee;
                        dispute.moved(usd(amount), usd(fee))
                    }
                    Word::Closed(lost) => dispute.close(lost),
                }
                .expect("booked");
                posted.extend(transfers.as_slice().to_vec());
                dispute = after;
            }
            let balance = |kind: AccountKind| -> i64 {
                let of = |account: Account, amount: i64| if account.kind == kind { amount } else { 0 };
                posted
                    .iter()
                    .map(|it| of(it.debit, it.amount.minor()) - of(it.credit, it.amount.minor()))
                    .sum()
            };
            prop_assert_eq!(balance(ProcessorClearing), clearing, "clearing is what the processor has");
            prop_assert_eq!(balance(DisputedFunds), dispute.under_way.minor());
            prop_assert_eq!(balance(DisputeLosses), dispute.lost.minor());
            prop_assert_eq!(balance(ProcessorFees), dispute.fee.minor());
            prop_assert!(!dispute.under_way.is_negative());
        }
    }
}
