//! Random histories of one client's books, kept in memory by the same rules, audited after every act.

mod acts;

use super::account::{Account, AccountKind, Side};
use super::bill::Standing;
use super::credit::apply_credit;
use super::entry::{Transfer, Transfers};
use super::payment::Placed;
use super::refund::Payment;
use ids::TransferId;
use money::{Currency, Money};
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;

pub fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

pub fn id<I: From<Uuid>>(number: u128) -> I {
    I::from(Uuid::from_u128(number))
}

/// An unpaid bill of client 1; with policy 3 when insurance owes something.
pub fn bill(number: u128, client: i64, insurance: i64) -> Standing {
    Standing {
        bill: id(number),
        client: id(1),
        policy: (insurance > 0).then(|| id(3)),
        cancelled: false,
        client_owes: usd(client),
        insurance_owes: usd(insurance),
        client_balance: usd(client),
        insurance_balance: usd(insurance),
        credit_applied: usd(0),
    }
}

#[derive(Clone, Debug)]
enum Act {
    Issue(i64, i64),
    Cancel(usize),
    Pay(i64, Vec<(usize, i64)>),
    Insure(usize, i64, Option<i64>),
    Apply(usize, i64),
    TakeOff(usize, i64),
    Refund(usize, i64, bool),
    Adjust(usize, i64),
    Reverse(usize),
    Edit(usize, i64, i64),
}

fn act() -> impl Strategy<Value = Act> {
    let cents = || 0_i64..20_000;
    prop_oneof![
        (cents(), cents()).prop_map(|(client, insurance)| Act::Issue(client, insurance)),
        any::<usize>().prop_map(Act::Cancel),
        (
            1_i64..30_000,
            prop::collection::vec((any::<usize>(), 1_i64..20_000), 0..4)
        )
            .prop_map(|(amount, wanted)| Act::Pay(amount, wanted)),
        (any::<usize>(), cents(), prop::option::of(cents()))
            .prop_map(|(bill, paid, owes)| Act::Insure(bill, paid, owes)),
        (any::<usize>(), 1_i64..20_000).prop_map(|(bill, amount)| Act::Apply(bill, amount)),
        (any::<usize>(), 1_i64..20_000).prop_map(|(bill, amount)| Act::TakeOff(bill, amount)),
        (any::<usize>(), 1_i64..30_000, any::<bool>())
            .prop_map(|(payment, amount, to_credit)| Act::Refund(payment, amount, to_credit)),
        (any::<usize>(), 1_i64..20_000).prop_map(|(bill, amount)| Act::Adjust(bill, amount)),
        any::<usize>().prop_map(Act::Reverse),
        (any::<usize>(), cents(), cents())
            .prop_map(|(bill, client, insurance)| Act::Edit(bill, client, insurance)),
    ]
}

/// Transfers with their ids.
type Named = Vec<(TransferId, Transfer)>;

#[derive(Default)]
struct Books {
    transfers: Vec<Transfer>,
    bills: Vec<Standing>,
    /// What of each bill counts: its issue or last edit, and its adjustments.
    booked: BTreeMap<usize, Named>,
    /// What was taken off which bill, and counts.
    taken: Vec<(usize, Money, Named)>,
    next_id: u128,
    decided: Vec<usize>,
    payments: Vec<(Payment, Vec<Placed>)>,
}

impl Books {
    fn balance(&self, account: Account) -> i64 {
        let of = |this: Account| move |amount: i64| if this == account { amount } else { 0 };
        let sum = |transfer: &Transfer| {
            of(transfer.debit)(transfer.amount.minor())
                - of(transfer.credit)(transfer.amount.minor())
        };
        let debits_over_credits: i64 = self.transfers.iter().map(sum).sum();
        match account.kind.normal_side() {
            Side::Debit => debits_over_credits,
            Side::Credit => -debits_over_credits,
        }
    }

    fn credit(&self) -> Money {
        usd(self.balance(Account::client_credit(id(1))))
    }

    fn write(&mut self, transfers: &Transfers, bills: &[Standing]) {
        self.transfers.extend_from_slice(transfers.as_slice());
        for after in bills {
            let known = self.bills.iter_mut().find(|known| known.bill == after.bill);
            *known.expect("a known bill") = *after;
        }
    }

    fn pick(number: usize, of: usize) -> Option<usize> {
        number.checked_rem(of)
    }

    fn apply(&mut self, act: Act) {
        match act {
            Act::Issue(client, insurance) => self.issue(client, insurance),
            Act::Cancel(at) => self.cancel(at),
            Act::Pay(amount, wanted) => self.pay(amount, &wanted),
            Act::Insure(at, paid, owes) => self.insure(at, paid, owes),
            Act::Apply(at, amount) => {
                let Some(at) = Self::pick(at, self.bills.len()) else {
                    return;
                };
                if let Ok((transfers, after)) =
                    apply_credit(&self.bills[at], usd(amount), self.credit())
                {
                    self.write(&transfers, &[after]);
                }
            }
            Act::TakeOff(at, amount) => self.take_off(at, amount),
            Act::Refund(at, amount, to_credit) => self.refund(at, amount, to_credit),
            Act::Adjust(at, amount) => self.adjust(at, amount),
            Act::Reverse(at) => self.reverse(at),
            Act::Edit(at, client, insurance) => self.edit(at, client, insurance),
        }
    }

    fn audit(&self) {
        let all: Vec<Account> = self
            .transfers
            .iter()
            .flat_map(|transfer| [transfer.debit, transfer.credit])
            .collect();
        let mut seen: BTreeMap<Account, ()> = BTreeMap::new();
        let mut difference = 0;
        for account in all {
            if seen.insert(account, ()).is_none() {
                let sign = if account.kind.normal_side() == Side::Debit {
                    1
                } else {
                    -1
                };
                difference += sign * self.balance(account);
            }
        }
        assert_eq!(difference, 0, "1: debits are credits");
        assert!(self.credit().minor() >= 0, "7: credit is not negative");
        for bill in &self.bills {
            let client = Account::client_receivable(bill.bill, bill.client);
            assert_eq!(
                self.balance(client),
                bill.client_balance.minor(),
                "2: {bill:?}"
            );
            assert!(
                bill.client_balance.minor() >= 0
                    && bill.client_balance.minor() <= bill.client_owes.minor()
            );
            let insured =
                Account::insurance_receivable(bill.bill, bill.client, bill.policy.unwrap_or(id(3)));
            assert_eq!(
                self.balance(insured),
                bill.insurance_balance.minor(),
                "2: {bill:?}"
            );
            let placed: i64 = self
                .placed()
                .filter(|place| place.bill == bill.bill)
                .map(|place| place.left.minor())
                .sum();
            let paid = bill.client_owes.minor() - bill.client_balance.minor();
            assert_eq!(
                paid,
                placed + bill.credit_applied.minor(),
                "2: what is paid is paid by something {bill:?}"
            );
        }
        for (payment, placed) in &self.payments {
            let placed: i64 = placed.iter().map(|place| place.left.minor()).sum();
            let whole = payment.refunded.minor() + payment.credit_left.minor() + placed;
            assert_eq!(whole, payment.amount.minor(), "3: {payment:?}");
        }
        let received = self.balance(Account::practice(AccountKind::Checks));
        let kept: i64 = self
            .payments
            .iter()
            .map(|(payment, _)| payment.amount.minor())
            .sum();
        assert!(received <= kept, "3: no more goes out than came in");
    }

    fn placed(&self) -> impl Iterator<Item = &Placed> {
        self.payments.iter().flat_map(|(_, placed)| placed)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_history_leaves_honest_books(acts in prop::collection::vec(act(), 1..60)) {
        let mut books = Books::default();
        for act in acts {
            books.apply(act);
            books.audit();
        }
    }
}
