//! What an entry of the ledger does to the reports.
//!
//! Accrual counts what touches revenue and its reductions. Cash counts money that came in or went back against what was
//! owed or held: a payout moves money from one pocket to another, and a fee is a cost, so neither is counted.

use super::account::{AccountKind, Class};
use ids::RefundId;
use jiff::civil::Date;
use money::{Money, MoneyError};
use std::collections::BTreeMap;

/// A positive amount moved from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The account debited.
    pub debit: AccountKind,
    /// The account credited.
    pub credit: AccountKind,
    /// Above 0.
    pub amount: Money,
}

/// One business act in the books.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Business date in the practice's time zone.
    pub date: Date,
    /// The refund it books.
    pub refund: Option<RefundId>,
    /// That refund came back from the payer's bank.
    pub came_back: bool,
    /// May be none: a refund that leaves credit as credit moves nothing.
    pub transfers: Vec<Transfer>,
}

/// What went to the two sides of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turnover {
    /// Sum of debits.
    pub debits: Money,
    /// Sum of credits.
    pub credits: Money,
}

/// What an entry does to the reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// By kind of account.
    pub turnovers: BTreeMap<AccountKind, Turnover>,
    /// Revenue booked, less what reduces it; may be negative.
    pub billed: Money,
    /// Money received, less what went back; may be negative.
    pub received: Money,
}

impl Effect {
    /// Sums the transfers up; none for none.
    ///
    /// # Errors
    /// Two currencies in one entry, or more than 64 bits.
    pub fn of(transfers: &[Transfer]) -> Result<Option<Self>, MoneyError> {
        let Some(first) = transfers.first() else {
            return Ok(None);
        };
        let nothing = Money::zero(first.amount.currency());
        let mut effect = Self {
            turnovers: BTreeMap::new(),
            billed: nothing,
            received: nothing,
        };
        for transfer in transfers {
            effect.add(transfer, nothing)?;
        }
        Ok(Some(effect))
    }

    fn add(&mut self, transfer: &Transfer, nothing: Money) -> Result<(), MoneyError> {
        let amount = transfer.amount;
        let none = Turnover {
            debits: nothing,
            credits: nothing,
        };
        let debited = self.turnovers.entry(transfer.debit).or_insert(none);
        debited.debits = debited.debits.plus(amount)?;
        let credited = self.turnovers.entry(transfer.credit).or_insert(none);
        credited.credits = credited.credits.plus(amount)?;

        let (debit, credit) = (transfer.debit.class(), transfer.credit.class());
        if earns(credit) {
            self.billed = self.billed.plus(amount)?;
        }
        if earns(debit) {
            self.billed = self.billed.minus(amount)?;
        }
        if debit == Class::Money && pays(credit) {
            self.received = self.received.plus(amount)?;
        }
        if credit == Class::Money && pays(debit) {
            self.received = self.received.minus(amount)?;
        }
        Ok(())
    }
}

/// Crediting it is accrual revenue, debiting it takes some away.
const fn earns(class: Class) -> bool {
    match class {
        Class::Revenue | Class::Reduction => true,
        Class::Owed
        | Class::Held
        | Class::Money
        | Class::Cost
        | Class::Opening
        | Class::Unidentified => false,
    }
}

/// Money against it is a payment or a refund.
const fn pays(class: Class) -> bool {
    match class {
        Class::Owed | Class::Held | Class::Revenue => true,
        Class::Reduction | Class::Money | Class::Cost | Class::Opening | Class::Unidentified => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AccountKind::*;
    use super::*;
    use money::Currency;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    /// Billed and received of these transfers.
    fn figures(transfers: &[(AccountKind, AccountKind, i64)]) -> (i64, i64) {
        let transfers: Vec<_> = transfers
            .iter()
            .map(|(debit, credit, minor)| Transfer {
                debit: *debit,
                credit: *credit,
                amount: usd(*minor),
            })
            .collect();
        let effect = Effect::of(&transfers).unwrap().unwrap();
        let debits = Money::sum(Currency::USD, effect.turnovers.values().map(|it| it.debits));
        let credits = Money::sum(
            Currency::USD,
            effect.turnovers.values().map(|it| it.credits),
        );
        assert_eq!(debits, credits);
        (effect.billed.minor(), effect.received.minor())
    }

    #[test]
    fn a_bill_is_accrual_and_no_cash() {
        let issued = [
            (ClientReceivable, ServiceRevenue, 4_000),
            (InsuranceReceivable, ServiceRevenue, 11_000),
        ];
        assert_eq!(figures(&issued), (15_000, 0));
        let cancelled = issued.map(|(debit, credit, minor)| (credit, debit, minor));
        assert_eq!(figures(&cancelled), (-15_000, 0));
    }

    #[test]
    fn a_payment_is_cash_and_no_accrual_also_when_it_is_held_as_credit() {
        let paid = [
            (ProcessorClearing, ClientReceivable, 4_000),
            (ProcessorClearing, ClientCredit, 500),
        ];
        assert_eq!(figures(&paid), (0, 4_500));
        assert_eq!(figures(&[(ClientCredit, ClientReceivable, 500)]), (0, 0));
        assert_eq!(
            figures(&[(ClientCredit, ProcessorClearing, 500)]),
            (0, -500)
        );
        assert_eq!(figures(&[(ClientReceivable, Cash, 1_000)]), (0, -1_000));
    }

    #[test]
    fn an_insurers_decision_is_cash_for_what_it_paid_and_takes_the_rest_from_accrual() {
        let decided = [
            (InsurancePayments, InsuranceReceivable, 7_500),
            (ContractualAdjustments, InsuranceReceivable, 3_500),
            (ContractualAdjustments, ClientReceivable, 1_500),
            (ClientReceivable, ClientCredit, 1_500),
        ];
        assert_eq!(figures(&decided), (-5_000, 7_500));
    }

    #[test]
    fn write_offs_and_their_reversal_meet() {
        let write_off = (WriteOffs, ClientReceivable, 500);
        assert_eq!(figures(&[write_off]), (-500, 0));
        assert_eq!(
            figures(&[write_off, (ClientReceivable, WriteOffs, 500)]),
            (0, 0)
        );
    }

    #[test]
    fn payouts_fees_disputes_and_opening_balances_are_not_received() {
        let payout = [
            (Bank, ProcessorClearing, 19_390),
            (ProcessorFees, ProcessorClearing, 610),
            (DisputeLosses, ProcessorClearing, 100),
            (ClientReceivable, OpeningBalanceEquity, 900),
            (OpeningBalanceEquity, ClientCredit, 800),
        ];
        assert_eq!(figures(&payout), (0, 0));
    }

    #[test]
    fn two_currencies_in_one_entry_are_refused_and_none_is_none() {
        let transfer = |currency| Transfer {
            debit: Cash,
            credit: ClientReceivable,
            amount: Money::from_minor(1, currency),
        };
        let euro = "EUR".parse().unwrap();
        assert!(Effect::of(&[transfer(Currency::USD), transfer(euro)]).is_err());
        assert_eq!(Effect::of(&[]), Ok(None));
    }
}
