//! Cards and bank accounts on file: what they are, how long they last, and what may be done with them.

use super::words;
use jiff::ToSpan as _;
use jiff::civil::Date;

/// A card's end is told so many days ahead.
pub const NOTICE_DAYS: i32 = 30;

words! {
    /// What is on file.
    MethodKind {
        /// A card.
        Card "card",
        /// A US bank account (ACH debit).
        BankAccount "bank_account",
    }
}

words! {
    /// Where the money of a card comes from.
    Funding {
        /// Credit.
        Credit "credit",
        /// The holder's account.
        Debit "debit",
        /// Paid in ahead.
        Prepaid "prepaid",
        /// The processor does not say; also bank accounts.
        Unknown "unknown",
    }
}

words! {
    /// What the bank said of the billing zip.
    ZipCheck {
        /// It fits.
        Pass "pass",
        /// It does not.
        Fail "fail",
        /// The bank does not check.
        Unavailable "unavailable",
        /// Not checked: none was given, or not yet.
        Unchecked "unchecked",
    }
}

words! {
    /// Where a method stands.
    MethodState {
        /// It can be charged.
        Active "active",
        /// Its last month is over; the bank may renew it all the same.
        Expired "expired",
        /// It is not on file any more.
        Removed "removed",
    }
}

words! {
    /// What is told of a card's end, each once.
    ExpiryNotice {
        /// 30 days before, or as soon as it is known.
        Expiring "expiring",
        /// It is over.
        Expired "expired",
    }
}

/// A method as the processor keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What it is.
    pub kind: MethodKind,
    /// `pm_…`.
    pub token: String,
    /// `cus_…`; none when it was taken away from its customer.
    pub customer: Option<String>,
    /// The processor's word for the same card or account; empty when it has none.
    pub fingerprint: String,
    /// `visa`; of a bank account the bank's name.
    pub brand: String,
    /// At most four digits.
    pub last4: String,
    /// Of cards.
    pub expiry: Option<Expiry>,
    /// Of cards.
    pub funding: Funding,
    /// What the bank said of the billing zip.
    pub zip_check: ZipCheck,
}

/// Until when a card is good: its last month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// 1 to 12.
    pub month: i8,
    /// Four digits.
    pub year: i16,
}

impl Expiry {
    /// The month, when there is such a one.
    #[must_use]
    pub fn new(month: i16, year: i16) -> Option<Self> {
        let month = i8::try_from(month).ok()?;
        Date::new(year, month, 1).ok()?;
        Some(Self { month, year })
    }

    /// The last day on which it is good. None for the month that calendars end with.
    #[must_use]
    pub fn last_day(self) -> Option<Date> {
        let first = Date::new(self.year, self.month, 1).ok()?;
        Some(first.last_of_month())
    }

    /// What is to be told on this local day: nothing, that it ends soon, or that it has ended.
    #[must_use]
    pub fn notice(self, today: Date) -> Option<ExpiryNotice> {
        let last = self.last_day()?;
        if today > last {
            return Some(ExpiryNotice::Expired);
        }
        let from = last.checked_sub(NOTICE_DAYS.days()).ok()?;
        (today >= from).then_some(ExpiryNotice::Expiring)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn a_card_is_good_until_its_months_last_day_and_told_of_thirty_days_before() {
        let expiry = Expiry::new(2, 2028).expect("a month");
        assert_eq!(expiry.last_day(), Some(date(2028, 2, 29)));
        assert_eq!(expiry.notice(date(2028, 1, 29)), None);
        assert_eq!(
            expiry.notice(date(2028, 1, 30)),
            Some(ExpiryNotice::Expiring)
        );
        assert_eq!(
            expiry.notice(date(2028, 2, 29)),
            Some(ExpiryNotice::Expiring)
        );
        assert_eq!(expiry.notice(date(2028, 3, 1)), Some(ExpiryNotice::Expired));
        assert_eq!(Expiry::new(13, 2028), None);
        assert_eq!(Expiry::new(0, 2028), None);
    }

    proptest! {
        #[test]
        fn notices_come_in_order_and_never_go_back(month in 1_i16..=12, year in 2000_i16..2100, from in -400_i32..400) {
            let expiry = Expiry::new(month, year).expect("a month");
            let start = expiry.last_day().expect("a day").saturating_add(from.days());
            let rank = |day: Date| match expiry.notice(day) {
                None => 0,
                Some(ExpiryNotice::Expiring) => 1,
                Some(ExpiryNotice::Expired) => 2,
            };
            prop_assert!(rank(start) <= rank(start.saturating_add(1.day())));
        }
    }
}
