//! Sessions as they were recorded. What took place, or is charged for, and costs something is billable; cancelled in
//! time, or by the practice, is not.

use super::adjustment::Waiver;
use ids::{BillId, ClientId, ClinicianId, SessionId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::{Currency, Money, MoneyError};

/// Before this a date is a slip of the keyboard.
pub const FIRST_DAY: Date = Date::constant(1900, 1, 1);

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident $text:literal;)+) => {
        /// What became of an appointment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Outcome {
            $($(#[$doc])* $name,)+
        }

        impl Outcome {
            /// Every outcome.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As the database keeps it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

outcomes! {
    /// It took place.
    Completed "completed";
    /// The client did not come.
    NoShow "no_show";
    /// The client cancelled too late.
    LateCancellation "late_cancellation";
    /// The client cancelled in time.
    CancelledByClient "cancelled_by_client";
    /// The practice cancelled.
    CancelledByPractice "cancelled_by_practice";
}

impl Outcome {
    /// The outcome of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|outcome| outcome.name() == name)
    }

    /// Whether what it costs is charged. The column `billable` of `billing.sessions` says the same.
    #[must_use]
    pub const fn is_charged(self) -> bool {
        match self {
            Self::Completed | Self::NoShow | Self::LateCancellation => true,
            Self::CancelledByClient | Self::CancelledByPractice => false,
        }
    }
}

macro_rules! changes {
    ($($(#[$doc:meta])* $name:ident $text:literal;)+) => {
        /// What was done to a session after it was recorded.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ChangeKind {
            $($(#[$doc])* $name,)+
        }

        impl ChangeKind {
            /// As the database keeps it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The kind of that name.
            #[must_use]
            pub fn of(name: &str) -> Option<Self> {
                [$(Self::$name,)+].into_iter().find(|kind| kind.name() == name)
            }
        }
    };
}

changes! {
    /// Its content was replaced.
    Corrected "corrected";
    /// The client need not pay for it.
    Waived "waived";
    /// The client has to pay for it again.
    Unwaived "unwaived";
}

/// Where a session stands on its way to a bill; derived, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// Billable and on no live bill: the Pending list.
    Unbilled,
    /// On a live bill.
    Billed,
    /// Nothing to bill.
    NotBillable,
}

/// One service rendered in a session.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceLine {
    /// 1, 2, 3, … within the session.
    pub number: i32,
    /// CPT, HCPCS or own; without blanks.
    pub service_code: String,
    /// In words for the client.
    pub description: String,
    /// Of the code, two characters each.
    pub modifiers: Vec<String>,
    /// From 1.
    pub units: i32,
    /// Of one unit, 0 or more.
    pub unit_price: Money,
}

/// A waiver of a session, with who said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waived {
    /// What the bill says.
    pub waiver: Waiver,
    /// When.
    pub time: Timestamp,
    /// The caller's subject.
    pub by: String,
}

/// One appointment with its outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its id.
    pub session: SessionId,
    /// Who was treated.
    pub client: ClientId,
    /// Who treated.
    pub clinician: ClinicianId,
    /// When it began.
    pub start_time: Timestamp,
    /// The local day of it.
    pub service_date: Date,
    /// What became of it.
    pub outcome: Outcome,
    /// What was rendered, in order.
    pub lines: Vec<ServiceLine>,
    /// ICD-10 or SNOMED; without blanks.
    pub diagnosis_codes: Vec<String>,
    /// CMS place of service; empty when unknown.
    pub place_of_service: String,
    /// The caller's own id for it.
    pub external_reference: Option<String>,
    /// What it costs: the sum of its lines, or the fee when it was missed.
    pub total: Money,
    /// The fee that was named for this one; none leaves it to the practice's policy.
    pub missed_fee: Option<Money>,
    /// The client need not pay for it.
    pub waived: Option<Waived>,
    /// The live bill it is on.
    pub bill: Option<BillId>,
    /// When it was recorded.
    pub create_time: Timestamp,
    /// Counts its changes, from 1.
    pub revision: i64,
}

impl Session {
    /// Derived from the outcome, the total and the bill it is on.
    #[must_use]
    pub const fn state(&self) -> SessionState {
        if self.bill.is_some() {
            SessionState::Billed
        } else if self.outcome.is_charged() && self.total.is_positive() {
            SessionState::Unbilled
        } else {
            SessionState::NotBillable
        }
    }
}

/// Sum of unit price × units.
///
/// # Errors
/// A price in another currency, or too large a sum.
pub fn total(currency: Currency, lines: &[ServiceLine]) -> Result<Money, MoneyError> {
    let mut total = Money::zero(currency);
    for line in lines {
        total = total.plus(line.unit_price.times(i64::from(line.units))?)?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn line(units: i32, minor: i64) -> ServiceLine {
        ServiceLine {
            number: 1,
            service_code: "90837".to_owned(),
            description: "Psychotherapy, 60 minutes".to_owned(),
            modifiers: Vec::new(),
            units,
            unit_price: Money::from_minor(minor, Currency::USD),
        }
    }

    fn session(outcome: Outcome, minor: i64, bill: Option<BillId>) -> Session {
        let id = Uuid::from_u128(1);
        Session {
            session: id.into(),
            client: id.into(),
            clinician: id.into(),
            start_time: Timestamp::UNIX_EPOCH,
            service_date: jiff::civil::date(1970, 1, 1),
            outcome,
            lines: vec![line(1, minor)],
            diagnosis_codes: Vec::new(),
            place_of_service: String::new(),
            external_reference: None,
            total: Money::from_minor(minor, Currency::USD),
            missed_fee: None,
            waived: None,
            bill,
            create_time: Timestamp::UNIX_EPOCH,
            revision: 1,
        }
    }

    #[test]
    fn what_took_place_or_is_charged_for_is_pending_until_a_bill_has_it() {
        for outcome in [
            Outcome::Completed,
            Outcome::NoShow,
            Outcome::LateCancellation,
        ] {
            assert_eq!(
                session(outcome, 15_000, None).state(),
                SessionState::Unbilled
            );
            let bill = Some(Uuid::from_u128(2).into());
            assert_eq!(session(outcome, 15_000, bill).state(), SessionState::Billed);
        }
    }

    #[test]
    fn what_was_cancelled_or_costs_nothing_is_not_billable() {
        for outcome in [Outcome::CancelledByClient, Outcome::CancelledByPractice] {
            assert_eq!(
                session(outcome, 15_000, None).state(),
                SessionState::NotBillable
            );
        }
        assert_eq!(
            session(Outcome::Completed, 0, None).state(),
            SessionState::NotBillable
        );
    }

    #[test]
    fn every_outcome_is_read_by_its_name() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::of(outcome.name()), Some(*outcome));
        }
        assert_eq!(Outcome::of("late"), None);
    }

    #[test]
    fn a_total_that_cannot_be_is_an_error() {
        let refused = total(Currency::USD, &[line(999, i64::MAX / 2)]);
        assert_eq!(refused, Err(MoneyError::Overflow));
        assert!(total(Currency::EUR, &[line(1, 1)]).is_err());
    }

    proptest! {
        #[test]
        fn a_total_is_the_sum_of_its_lines_in_any_order(
            priced in prop::collection::vec((1..=999_i32, 0..=1_000_000_i64), 0..50),
        ) {
            let mut lines: Vec<_> = priced.iter().map(|(units, minor)| line(*units, *minor)).collect();
            let sum: i64 = priced.iter().map(|(units, minor)| i64::from(*units) * minor).sum();
            prop_assert_eq!(total(Currency::USD, &lines), Ok(Money::from_minor(sum, Currency::USD)));
            lines.reverse();
            prop_assert_eq!(total(Currency::USD, &lines), Ok(Money::from_minor(sum, Currency::USD)));
        }
    }
}
