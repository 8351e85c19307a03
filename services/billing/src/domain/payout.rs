//! What the processor paid out to the bank. An item's gross leaves clearing: what the bank got of it, and the fee. So the
//! clearing of a payment that was paid out, with its refunds and disputes, is 0.

use super::account::{Account, AccountKind};
use super::entry::Transfers;
use ids::{ClientId, DisputeMovementId, PaymentId, PayoutItemId, RefundId};
use money::{Money, MoneyError};

/// What was paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A payment.
    Charge,
    /// A refund; below 0.
    Refund,
    /// A refund that came back.
    RefundReturned,
    /// A dispute's money; its fee is booked with the dispute.
    Dispute,
    /// What the processor takes for itself.
    ProcessorFee,
    /// What is no payment that is known.
    Other,
}

impl ItemKind {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Charge,
        Self::Refund,
        Self::RefundReturned,
        Self::Dispute,
        Self::ProcessorFee,
        Self::Other,
    ];

    /// As the database keeps it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::RefundReturned => "refund_returned",
            Self::Dispute => "dispute",
            Self::ProcessorFee => "processor_fee",
            Self::Other => "other",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A movement of money that a payout paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub item: PayoutItemId,
    /// What moved.
    pub kind: ItemKind,
    /// Before fees; below 0: taken.
    pub gross: Money,
    /// What the processor kept of it.
    pub fee: Money,
    /// The payment that it is, or is about.
    pub payment: Option<PaymentId>,
    /// The refund.
    pub refund: Option<RefundId>,
    /// The movement of a dispute's money.
    pub movement: Option<DisputeMovementId>,
    /// Whose payment.
    pub client: Option<ClientId>,
}

const BANK: Account = Account::practice(AccountKind::Bank);
const CLEARING: Account = Account::practice(AccountKind::ProcessorClearing);
const FEES: Account = Account::practice(AccountKind::ProcessorFees);
const UNMATCHED: Account = Account::practice(AccountKind::UnmatchedPayouts);

impl Item {
    /// What the bank gets of it.
    ///
    /// # Errors
    /// Two currencies, or too large an amount.
    pub fn net(&self) -> Result<Money, MoneyError> {
        self.gross.minus(self.fee)
    }

    /// What it does to the books.
    ///
    /// # Errors
    /// Two currencies, or too large an amount.
    pub fn transfers(&self) -> Result<Transfers, MoneyError> {
        let (net, fee) = (self.net()?, self.fee);
        let mut transfers = Transfers::new();
        match self.kind {
            ItemKind::Charge | ItemKind::Refund | ItemKind::RefundReturned => {
                move_signed(&mut transfers, (BANK, CLEARING), net)?;
                move_signed(&mut transfers, (FEES, CLEARING), fee)?;
            }
            ItemKind::Dispute => move_signed(&mut transfers, (BANK, CLEARING), net)?,
            ItemKind::ProcessorFee => move_signed(&mut transfers, (BANK, FEES), net)?,
            ItemKind::Other => {
                move_signed(&mut transfers, (BANK, UNMATCHED), net)?;
                move_signed(&mut transfers, (FEES, UNMATCHED), fee)?;
            }
        }
        Ok(transfers)
    }
}

/// Below 0 it goes the other way.
fn move_signed(
    transfers: &mut Transfers,
    (debit, credit): (Account, Account),
    amount: Money,
) -> Result<(), MoneyError> {
    if amount.is_negative() {
        transfers.post(credit, debit, amount.negated()?);
    } else {
        transfers.post(debit, credit, amount);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::books::{id, usd};
    use super::super::dispute::{Dispute, Outcome};
    use super::super::entry::Transfer;
    use super::*;
    use AccountKind::{Bank, ProcessorClearing, ProcessorFees, UnmatchedPayouts};
    use proptest::prelude::*;

    fn item(kind: ItemKind, gross: i64, fee: i64) -> Item {
        Item {
            item: id(1),
            kind,
            gross: usd(gross),
            fee: usd(fee),
            payment: None,
            refund: None,
            movement: None,
            client: None,
        }
    }

    fn named(kind: ItemKind, gross: i64, fee: i64) -> Vec<(AccountKind, AccountKind, i64)> {
        let transfers = item(kind, gross, fee).transfers().expect("booked");
        let shown = transfers.as_slice().iter();
        shown
            .map(|it| (it.debit.kind, it.credit.kind, it.amount.minor()))
            .collect()
    }

    #[test]
    fn a_payout_of_200_with_fees_of_6_10_puts_193_90_into_the_bank() {
        assert_eq!(
            named(ItemKind::Charge, 20_000, 610),
            [
                (Bank, ProcessorClearing, 19_390),
                (ProcessorFees, ProcessorClearing, 610)
            ]
        );
        assert_eq!(
            named(ItemKind::Refund, -1_000, 0),
            [(ProcessorClearing, Bank, 1_000)]
        );
    }

    #[test]
    fn a_disputes_fee_is_not_booked_twice_and_the_processors_own_has_no_clearing() {
        assert_eq!(
            named(ItemKind::Dispute, -4_000, 1_500),
            [(ProcessorClearing, Bank, 5_500)]
        );
        assert_eq!(
            named(ItemKind::ProcessorFee, -200, 0),
            [(ProcessorFees, Bank, 200)]
        );
        assert_eq!(
            named(ItemKind::Other, 5_000, 175),
            [
                (Bank, UnmatchedPayouts, 4_825),
                (ProcessorFees, UnmatchedPayouts, 175)
            ]
        );
    }

    /// What happens at the processor, in any order.
    #[derive(Clone, Copy, Debug)]
    enum Happening {
        Paid(i64, i64),
        Refunded(i64),
        CameBack(i64),
        Disputed(i64, i64),
        Won,
        FeeTaken(i64),
        MadeByHand(i64, i64),
        PayoutArrives,
        LastPayoutFails,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            4 => (1_i64..100_000, 0_i64..3_000).prop_map(|(amount, fee)| Happening::Paid(amount, fee)),
            2 => (1_i64..50_000).prop_map(Happening::Refunded),
            1 => (1_i64..50_000).prop_map(Happening::CameBack),
            1 => (1_i64..50_000, 0_i64..2_000).prop_map(|(amount, fee)| Happening::Disputed(amount, fee)),
            1 => Just(Happening::Won),
            1 => (1_i64..500).prop_map(Happening::FeeTaken),
            1 => (1_i64..9_000, 0_i64..300).prop_map(|(amount, fee)| Happening::MadeByHand(amount, fee)),
            3 => Just(Happening::PayoutArrives),
            2 => Just(Happening::LastPayoutFails),
        ]
    }

    /// The processor's balance as a list of what was not paid out, and the books beside it.
    struct World {
        open: Vec<Item>,
        paid_out: Vec<Vec<Item>>,
        bank: i64,
        dispute: Dispute,
        posted: Vec<Transfer>,
    }

    impl World {
        fn new() -> Self {
            Self {
                open: Vec::new(),
                paid_out: Vec::new(),
                bank: 0,
                dispute: Dispute {
                    dispute: id(1),
                    payment: id(2),
                    outcome: Outcome::Open,
                    under_way: usd(0),
                    lost: usd(0),
                    fee: usd(0),
                },
                posted: Vec::new(),
            }
        }

        fn book(&mut self, transfers: &Transfers) {
            self.posted.extend(transfers.as_slice().to_vec());
        }

        fn moves(&mut self, kind: ItemKind, gross: i64, fee: i64) {
            self.open.push(item(kind, gross, fee));
        }

        fn owes(&mut self, amount: i64) {
            let credit = Account::client_credit(id(3));
            let mut transfers = Transfers::new();
            move_signed(&mut transfers, (CLEARING, credit), usd(amount)).expect("booked");
            self.book(&transfers);
        }

        fn disputes(&mut self, amount: i64, fee: i64) {
            let moved = self.dispute.moved(usd(amount), usd(fee));
            let (transfers, after) = moved.expect("booked");
            self.dispute = after;
            self.book(&transfers);
            self.moves(ItemKind::Dispute, amount, fee);
        }

        fn happens(&mut self, happening: Happening) {
            match happening {
                Happening::Paid(amount, fee) => {
                    self.owes(amount);
                    self.moves(ItemKind::Charge, amount, fee);
                }
                Happening::Refunded(amount) => {
                    self.owes(-amount);
                    self.moves(ItemKind::Refund, -amount, 0);
                }
                Happening::CameBack(amount) => {
                    self.owes(amount);
                    self.moves(ItemKind::RefundReturned, amount, 0);
                }
                Happening::Disputed(amount, fee) => self.disputes(-amount, fee),
                Happening::Won => {
                    let under_way = self.dispute.under_way.minor();
                    self.disputes(under_way, 0);
                }
                Happening::FeeTaken(amount) => self.moves(ItemKind::ProcessorFee, -amount, 0),
                Happening::MadeByHand(amount, fee) => self.moves(ItemKind::Other, amount, fee),
                Happening::PayoutArrives => {
                    let paid = std::mem::take(&mut self.open);
                    for item in &paid {
                        self.book(&item.transfers().expect("booked"));
                        self.bank += item.net().expect("an amount").minor();
                    }
                    self.paid_out.push(paid);
                }
                Happening::LastPayoutFails => {
                    let Some(failed) = self.paid_out.pop() else {
                        return;
                    };
                    for item in &failed {
                        let mut reversed = Transfers::new();
                        for posted in item.transfers().expect("booked").as_slice() {
                            reversed.reverse(id(9), *posted);
                        }
                        self.book(&reversed);
                        self.bank -= item.net().expect("an amount").minor();
                    }
                    self.open.extend(failed);
                }
            }
        }

        fn balance(&self, kind: AccountKind) -> i64 {
            let of = |account: Account, amount: i64| if account.kind == kind { amount } else { 0 };
            let moved = self.posted.iter();
            moved
                .map(|it| of(it.debit, it.amount.minor()) - of(it.credit, it.amount.minor()))
                .sum()
        }

        /// What is at the processor of what clearing counts: fees leave it with their payout, a dispute's at once.
        fn at_the_processor(&self) -> i64 {
            let counted = self.open.iter().map(|item| match item.kind {
                ItemKind::Charge | ItemKind::Refund | ItemKind::RefundReturned => {
                    item.gross.minor()
                }
                ItemKind::Dispute => item.net().expect("an amount").minor(),
                ItemKind::ProcessorFee | ItemKind::Other => 0,
            });
            counted.sum()
        }
    }

    proptest! {
        #[test]
        fn clearing_is_what_is_at_the_processor_and_nothing_when_all_is_paid_out(
            happenings in proptest::collection::vec(happening(), 0..40)
        ) {
            let mut world = World::new();
            for happening in happenings {
                world.happens(happening);
                prop_assert_eq!(world.balance(ProcessorClearing), world.at_the_processor());
                prop_assert_eq!(world.balance(Bank), world.bank);
            }
            world.happens(Happening::PayoutArrives);
            prop_assert_eq!(world.balance(ProcessorClearing), 0);
            prop_assert_eq!(world.balance(Bank), world.bank);
        }
    }
}
