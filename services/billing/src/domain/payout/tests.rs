use super::*;
use crate::domain::books::{id, usd};
use crate::domain::dispute::{Dispute, Outcome};
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
    /// Nobody told of it.
    RefundedUnknown(i64),
    /// The first refund of which nobody told is heard of.
    BecomesKnown,
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
        2 => (1_i64..50_000).prop_map(Happening::RefundedUnknown),
        2 => Just(Happening::BecomesKnown),
        3 => Just(Happening::PayoutArrives),
        2 => Just(Happening::LastPayoutFails),
    ]
}

/// The processor's balance as a list of what was not paid out, and the books beside it.
struct World {
    open: Vec<Item>,
    paid_out: Vec<Vec<Item>>,
    /// Refunds that nobody told of, below 0.
    unknown: Vec<i64>,
    bank: i64,
    dispute: Dispute,
    posted: Vec<Transfer>,
}

impl World {
    fn new() -> Self {
        Self {
            open: Vec::new(),
            paid_out: Vec::new(),
            unknown: Vec::new(),
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
            Happening::RefundedUnknown(amount) => {
                self.unknown.push(-amount);
                self.moves(ItemKind::Other, -amount, 0);
            }
            Happening::BecomesKnown => self.becomes_known(),
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

    /// It is booked, and what was paid out of it is booked anew.
    fn becomes_known(&mut self) {
        let Some(amount) = self.unknown.pop() else {
            return;
        };
        self.owes(amount);
        let is_it = |item: &&mut Item| item.kind == ItemKind::Other && item.gross == usd(amount);
        if let Some(open) = self.open.iter_mut().find(is_it) {
            open.kind = ItemKind::Refund;
            return;
        }
        let mut paid = self.paid_out.iter_mut().flatten();
        let item = paid.find(is_it).expect("it is somewhere");
        let posted = item.transfers().expect("booked");
        let posted: Vec<_> = posted.as_slice().iter().map(|it| (id(9), *it)).collect();
        item.kind = ItemKind::Refund;
        let transfers = item.rebooked(&posted).expect("booked");
        self.book(&transfers);
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
            ItemKind::Charge | ItemKind::Refund | ItemKind::RefundReturned => item.gross.minor(),
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
        while !world.unknown.is_empty() {
            world.happens(Happening::BecomesKnown);
        }
        prop_assert_eq!(world.balance(ProcessorClearing), 0);
        prop_assert_eq!(world.balance(Bank), world.bank);
    }
}
