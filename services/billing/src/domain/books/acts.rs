//! What happens in a history, each act as the ops do it.

use super::{Books, bill, id, usd};
use crate::domain::adjustment::{
    Adjustable, AdjustmentKind, AdjustmentReason, Extent, Reduction, adjust, reverse_adjustment,
};
use crate::domain::bill::Revenue;
use crate::domain::credit::reverse_credit;
use crate::domain::entry::Transfer;
use crate::domain::insurer::receive_insurer_payment;
use crate::domain::issue::{UnderWay, cancel_bill, edit_bill, issue_bill};
use crate::domain::payment::{Allocation, PaymentKind, Placed, Receipt, receive_payment};
use crate::domain::refund::{Payment, Sources, refund};
use crate::domain::shares::Shares;
use ids::TransferId;

impl Books {
    pub(super) fn issue(&mut self, client: i64, insurance: i64) {
        let at = self.bills.len();
        let standing = bill(1_000 + at as u128, client, insurance);
        let shares = Shares {
            client: usd(client),
            insurance: usd(insurance),
        };
        let transfers = issue_bill(&standing, &[(Revenue::Service, shares)]).expect("one currency");
        let named = self.named(transfers.as_slice());
        self.booked.insert(at, named);
        self.bills.push(standing);
        self.write(&transfers, &[]);
    }

    /// With ids that nothing else has.
    fn named(&mut self, transfers: &[Transfer]) -> Vec<(TransferId, Transfer)> {
        let named = transfers.iter().map(|transfer| {
            self.next_id += 1;
            (id(self.next_id), *transfer)
        });
        named.collect()
    }

    fn under_way(&self, at: usize) -> UnderWay {
        UnderWay {
            decided: self.decided.contains(&at),
            held: false,
        }
    }

    pub(super) fn cancel(&mut self, at: usize) {
        let Some(at) = Self::pick(at, self.bills.len()) else {
            return;
        };
        if let Ok((transfers, after)) =
            cancel_bill(&self.bills[at], &self.booked[&at], self.under_way(at))
        {
            self.taken.retain(|(bill, ..)| *bill != at);
            self.write(&transfers, &[after]);
        }
    }

    pub(super) fn edit(&mut self, at: usize, client: i64, insurance: i64) {
        let Some(at) = Self::pick(at, self.bills.len()) else {
            return;
        };
        let after = bill(1_000 + at as u128, client, insurance);
        let shares = Shares {
            client: usd(client),
            insurance: usd(insurance),
        };
        let (before, anew) = (self.bills[at], [(Revenue::Service, shares)]);
        if let Ok(transfers) = edit_bill(
            &before,
            &self.booked[&at],
            self.under_way(at),
            (&after, &anew),
        ) {
            let fresh = transfers.as_slice().iter().copied();
            let fresh: Vec<_> = fresh.filter(|one| one.reverses.is_none()).collect();
            let named = self.named(&fresh);
            self.booked.insert(at, named);
            self.taken.retain(|(bill, ..)| *bill != at);
            self.write(&transfers, &[after]);
        }
    }

    pub(super) fn adjust(&mut self, at: usize, amount: i64) {
        let Some(at) = Self::pick(at, self.bills.len()) else {
            return;
        };
        let reduction = Reduction {
            kind: AdjustmentKind::WriteOff,
            reason: AdjustmentReason::SmallBalance,
            extent: Extent::Amount(usd(amount)),
            line: None,
            client_text: String::new(),
        };
        let on = Adjustable {
            bill: &self.bills[at].clone(),
            lines: &[],
            adjustments: &[],
            held: usd(0),
        };
        if let Ok(reduced) = adjust(on, &reduction) {
            let named = self.named(reduced.transfers.as_slice());
            self.booked.entry(at).or_default().extend(named.clone());
            self.taken.push((at, reduced.amount, named));
            self.write(&reduced.transfers, &[reduced.bill]);
        }
    }

    pub(super) fn reverse(&mut self, at: usize) {
        let Some(at) = Self::pick(at, self.taken.len()) else {
            return;
        };
        let (bill, amount, posted) = self.taken[at].clone();
        if self.decided.contains(&bill) {
            return;
        }
        let reversed = reverse_adjustment(&self.bills[bill], amount, &posted);
        let (transfers, after) = reversed.expect("what was taken off a live bill");
        self.taken.remove(at);
        let booked = self.booked.entry(bill).or_default();
        booked.retain(|(id, _)| posted.iter().all(|(gone, _)| gone != id));
        self.write(&transfers, &[after]);
    }

    pub(super) fn pay(&mut self, amount: i64, wanted: &[(usize, i64)]) {
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

    pub(super) fn insure(&mut self, at: usize, paid: i64, owes: Option<i64>) {
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

    pub(super) fn take_off(&mut self, at: usize, amount: i64) {
        let Some(at) = Self::pick(at, self.bills.len()) else {
            return;
        };
        let amount = usd(amount);
        let before = self.bills[at];
        match reverse_credit(&before, amount) {
            Ok((transfers, after)) => self.write(&transfers, &[after]),
            Err(_) => assert!(before.cancelled || amount.minor() > before.credit_applied.minor()),
        }
    }

    pub(super) fn refund(&mut self, at: usize, amount: i64, to_credit: bool) {
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
}
