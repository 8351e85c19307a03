//! Random histories of one client's books, kept in memory by the same rules, audited after every act.

use super::account::{Account, AccountKind, Side};
use super::bill::{Revenue, Standing};
use super::credit::apply_credit;
use super::entry::{Transfer, Transfers};
use super::insurer::receive_insurer_payment;
use super::issue::{cancel_bill, issue_bill};
use super::payment::{Allocation, PaymentKind, Placed, Receipt, receive_payment};
use super::refund::{Payment, Sources, refund};
use super::shares::Shares;
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
    Refund(usize, i64, bool),
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
        (any::<usize>(), 1_i64..30_000, any::<bool>())
            .prop_map(|(payment, amount, to_credit)| Act::Refund(payment, amount, to_credit)),
    ]
}

#[derive(Default)]
struct Books {
    transfers: Vec<Transfer>,
    bills: Vec<Standing>,
    issued: BTreeMap<usize, Vec<(TransferId, Transfer)>>,
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
            Act::Refund(at, amount, to_credit) => self.refund(at, amount, to_credit),
        }
    }

    fn issue(&mut self, client: i64, insurance: i64) {
        let at = self.bills.len();
        let standing = bill(1_000 + at as u128, client, insurance);
        let shares = Shares {
            client: usd(client),
            insurance: usd(insurance),
        };
        let transfers = issue_bill(&standing, &[(Revenue::Service, shares)]).expect("one currency");
        let named = transfers.as_slice().iter().enumerate();
        let named = named
            .map(|(place, transfer)| (id((at * 10 + place) as u128), *transfer))
            .collect();
        self.issued.insert(at, named);
        self.bills.push(standing);
        self.write(&transfers, &[]);
    }

    fn cancel(&mut self, at: usize) {
        let Some(at) = Self::pick(at, self.bills.len()) else {
            return;
        };
        let decided = self.decided.contains(&at);
        if let Ok((transfers, after)) =
            cancel_bill(&self.bills[at], &self.issued[&at], (decided, false))
        {
            self.write(&transfers, &[after]);
        }
    }

    fn pay(&mut self, amount: i64, wanted: &[(usize, i64)]) {
        let wanted = wanted.iter().filter_map(|(at, amount)| {
            let at = Self::pick(*at, self.bills.len())?;
            Some(Allocation {
                bill: self.bills[at].bill,
                amount: usd(*amount),
            })
        });
        let wanted = wanted.collect();
        let receipt = Receipt {
            client: id(1),
            kind: PaymentKind::Check,
            amount: usd(amount),
            wanted,
        };
        let received = receive_payment(&receipt, &self.bills).expect("money is never refused");
        let payment = id(5_000 + self.payments.len() as u128);
        let placed = received.allocations.iter();
        let placed = placed
            .map(|made| Placed {
                payment,
                bill: made.bill,
                left: made.amount,
            })
            .collect();
        let standing = Payment {
            payment,
            client: id(1),
            kind: receipt.kind,
            amount: receipt.amount,
            credit_left: received.credited,
            refunded: usd(0),
        };
        self.payments.push((standing, placed));
        self.write(&received.transfers, &received.bills);
    }

    fn insure(&mut self, at: usize, paid: i64, owes: Option<i64>) {
        let Some(at) = Self::pick(at, self.bills.len()) else {
            return;
        };
        let bill = self.bills[at];
        let placed: Vec<Placed> = self
            .payments
            .iter()
            .flat_map(|(_, placed)| placed.clone())
            .collect();
        let placed: Vec<Placed> = placed
            .into_iter()
            .filter(|place| place.bill == bill.bill)
            .collect();
        let Ok(decided) = receive_insurer_payment(&bill, usd(paid), owes.map(usd), &placed) else {
            return;
        };
        for freed in &decided.freed {
            let (payment, placed) = self
                .payments
                .iter_mut()
                .find(|(payment, _)| payment.payment == freed.payment)
                .expect("a known payment");
            payment.credit_left = payment.credit_left.plus(freed.left).expect("one currency");
            let place = placed
                .iter_mut()
                .find(|place| place.bill == freed.bill)
                .expect("a known place");
            place.left = place.left.minus(freed.left).expect("one currency");
        }
        self.decided.push(at);
        self.write(&decided.transfers, &[decided.bill]);
    }

    fn refund(&mut self, at: usize, amount: i64, to_credit: bool) {
        let Some(at) = Self::pick(at, self.payments.len()) else {
            return;
        };
        let (payment, placed) = self.payments[at].clone();
        let credit_bills = self
            .bills
            .iter()
            .filter(|bill| bill.credit_applied.is_positive());
        let sources = Sources {
            placed,
            credit: self.credit(),
            credit_bills: credit_bills.copied().collect(),
            bills: self.bills.clone(),
        };
        let left = payment.amount.minor() - payment.refunded.minor();
        let refunded = refund(&payment, usd(amount), to_credit, &sources);
        if amount > left {
            assert!(refunded.is_err());
            return;
        }
        let refunded = refunded.expect("a refund that went out is always booked");
        let (standing, placed) = &mut self.payments[at];
        *standing = refunded.payment;
        for taken in &refunded.taken {
            let place = placed
                .iter_mut()
                .find(|place| place.bill == taken.bill)
                .expect("a known place");
            place.left = place.left.minus(taken.left).expect("one currency");
        }
        self.write(&refunded.transfers, &refunded.bills);
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
