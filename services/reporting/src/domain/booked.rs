//! What consecutive events of one practice do to the reports, summed up by row: they are written at once, and Postgres
//! writes no row twice in one statement.

use super::account::AccountKind;
use super::effect::{Effect, Entry, Turnover};
use super::payment::Payment;
use ids::{PaymentId, RefundId};
use jiff::civil::Date;
use money::{Currency, Money, MoneyError};
use std::collections::BTreeMap;

/// What was booked on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revenue {
    /// Accrual; may be negative.
    pub billed: Money,
    /// Cash; may be negative.
    pub received: Money,
}

/// What is known of a refund; what an event does not say stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refund {
    /// Which payment it gives back.
    pub payment: Option<PaymentId>,
    /// What left the practice's accounts with it; 0 when it stays as credit.
    pub returned: Option<Money>,
}

/// Sums of events. In which order these came makes no difference, but for a refund's, of which the last word stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Booked {
    /// What was added to the accounts.
    pub turnovers: BTreeMap<(AccountKind, Currency), Turnover>,
    /// What was added to the days. One whose sums meet is a day with movement all the same.
    pub days: BTreeMap<(Date, Currency), Revenue>,
    /// The refunds that were told of.
    pub refunds: BTreeMap<RefundId, Refund>,
    /// Payments, each with the event that booked it.
    pub payments: Vec<(i64, Payment)>,
}

impl Booked {
    /// Takes in an entry of the ledger: the totals, its day's revenue, and the refund it books.
    ///
    /// # Errors
    /// Two currencies in the entry, or more than 64 bits.
    pub fn add_entry(&mut self, entry: &Entry) -> Result<(), MoneyError> {
        let Some(effect) = Effect::of(&entry.transfers)? else {
            return Ok(());
        };
        let currency = effect.billed.currency();
        let nothing = Money::zero(currency);
        for (kind, turnover) in &effect.turnovers {
            let sum = self.turnovers.entry((*kind, currency));
            let sum = sum.or_insert(Turnover {
                debits: nothing,
                credits: nothing,
            });
            sum.debits = sum.debits.plus(turnover.debits)?;
            sum.credits = sum.credits.plus(turnover.credits)?;
        }
        if !effect.billed.is_zero() || !effect.received.is_zero() {
            let sum = self.days.entry((entry.date, currency)).or_insert(Revenue {
                billed: nothing,
                received: nothing,
            });
            sum.billed = sum.billed.plus(effect.billed)?;
            sum.received = sum.received.plus(effect.received)?;
        }
        if let Some(refund) = entry.refund {
            let returned = if entry.came_back {
                nothing
            } else {
                effect.received.negated()?
            };
            self.refunds.entry(refund).or_default().returned = Some(returned);
        }
        Ok(())
    }

    /// Takes in a client's or insurer's payment that billing's event `booked_sequence` booked. An insurer's decision that
    /// paid nothing made no revenue and is none.
    pub fn add_payment(&mut self, booked_sequence: i64, payment: Payment) {
        if !payment.amount.is_zero() {
            self.payments.push((booked_sequence, payment));
        }
    }

    /// Takes in a refund of a payment. How much of it went back is in its entry.
    pub fn add_refund(&mut self, refund: RefundId, payment: PaymentId) {
        self.refunds.entry(refund).or_default().payment = Some(payment);
    }
}

#[cfg(test)]
mod tests {
    use super::super::effect::Transfer;
    use super::AccountKind::*;
    use super::*;
    use uuid::Uuid;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    fn entry(day: i8, (debit, credit, minor): (AccountKind, AccountKind, i64)) -> Entry {
        Entry {
            date: Date::constant(2026, 3, day),
            refund: None,
            came_back: false,
            transfers: vec![Transfer {
                debit,
                credit,
                amount: usd(minor),
            }],
        }
    }

    #[test]
    fn entries_of_a_day_are_one_row_and_stay_one_when_they_meet() {
        let mut booked = Booked::default();
        for moved in [
            (ClientReceivable, ServiceRevenue, 900),
            (ServiceRevenue, ClientReceivable, 900),
            (Cash, ClientReceivable, 200),
            (ClientReceivable, Cash, 200),
        ] {
            booked.add_entry(&entry(1, moved)).unwrap();
        }
        let days: Vec<_> = booked.days.values().copied().collect();
        let met = Revenue {
            billed: usd(0),
            received: usd(0),
        };
        assert_eq!(days, [met]);
        let owed = booked.turnovers[&(ClientReceivable, Currency::USD)];
        assert_eq!((owed.debits, owed.credits), (usd(1_100), usd(1_100)));
        // Moves money from one pocket to another.
        let payout = (Bank, ProcessorClearing, 50);
        booked.add_entry(&entry(2, payout)).unwrap();
        assert_eq!(booked.days.len(), 1);
    }

    #[test]
    fn what_two_events_say_of_a_refund_comes_together_and_the_last_word_stands() {
        let refund = RefundId::from(Uuid::from_u128(1));
        let payment = PaymentId::from(Uuid::from_u128(2));
        let mut booked = Booked::default();
        let mut back = entry(3, (ClientReceivable, Cash, 300));
        back.refund = Some(refund);
        booked.add_entry(&back).unwrap();
        booked.add_refund(refund, payment);
        let known = |returned| Refund {
            payment: Some(payment),
            returned: Some(usd(returned)),
        };
        assert_eq!(booked.refunds[&refund], known(300));
        let mut came_back = entry(4, (Cash, ClientReceivable, 300));
        (came_back.refund, came_back.came_back) = (Some(refund), true);
        booked.add_entry(&came_back).unwrap();
        assert_eq!(booked.refunds[&refund], known(0));
    }
}
