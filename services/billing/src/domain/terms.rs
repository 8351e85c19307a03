//! How a practice bills: when by itself, until when it is to be paid, and who owes it.

use super::shares::Responsibility;
use ids::PolicyId;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use money::{Money, Rate};

/// When unbilled sessions become bills by themselves, at midnight in the practice's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Automation {
    /// Never.
    ByHand,
    /// Each midnight, dated the day that begins.
    Daily,
    /// The midnight that begins a month, dated the first.
    MonthlyFirstDay,
    /// The midnight that ends a month, dated the last day.
    MonthlyLastDay,
}

impl Automation {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::ByHand,
        Self::Daily,
        Self::MonthlyFirstDay,
        Self::MonthlyLastDay,
    ];

    /// As the database keeps it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::Daily => "daily",
            Self::MonthlyFirstDay => "monthly_first_day",
            Self::MonthlyLastDay => "monthly_last_day",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Whether it ever bills by itself.
    #[must_use]
    pub const fn is_automatic(self) -> bool {
        match self {
            Self::ByHand => false,
            Self::Daily | Self::MonthlyFirstDay | Self::MonthlyLastDay => true,
        }
    }

    /// Whether it bills at the midnight that begins this day.
    #[must_use]
    pub fn fires(self, run_date: Date) -> bool {
        match self {
            Self::ByHand => false,
            Self::Daily => true,
            Self::MonthlyFirstDay | Self::MonthlyLastDay => run_date.day() == 1,
        }
    }

    /// The date of the bills that it makes at the midnight that begins this day.
    #[must_use]
    pub fn issue_date(self, run_date: Date) -> Date {
        match self {
            Self::ByHand | Self::Daily | Self::MonthlyFirstDay => run_date,
            Self::MonthlyLastDay => run_date.yesterday().unwrap_or(run_date),
        }
    }
}

/// When a local day begins: at its midnight, or at the first moment after it where clocks go forward over midnight.
#[must_use]
pub fn begins(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    day.to_zoned(zone.clone())
        .ok()
        .map(|begin| begin.timestamp())
}

/// The day after; none at the end of time.
#[must_use]
pub fn day_after(day: Date) -> Option<Date> {
    day.checked_add(1.day()).ok()
}

/// How a practice bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PracticeTerms {
    /// When.
    pub automation: Automation,
    /// Automation leaves sessions before this day alone.
    pub automation_from: Date,
    /// From the issue of a bill to its due date.
    pub due_days: i32,
    /// Superbills of a month make themselves when it is over.
    pub monthly_superbills: bool,
    /// When they were set; none when never.
    pub update_time: Option<Timestamp>,
}

impl PracticeTerms {
    /// Of a practice that never set any.
    #[must_use]
    pub const fn unset(today: Date) -> Self {
        Self {
            automation: Automation::ByHand,
            automation_from: today,
            due_days: 0,
            monthly_superbills: false,
            update_time: None,
        }
    }
}

/// Who owes what automation bills for a client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Owing {
    /// The client.
    Client,
    /// The insurer of the policy, but for the client's part.
    Insurance {
        /// The client's own.
        policy: PolicyId,
        /// What the client owes of each session; none is nothing.
        client_part: Option<ClientPart>,
    },
}

impl Owing {
    /// Who owes lines that do not say.
    #[must_use]
    pub const fn responsibility(self) -> Responsibility {
        match self {
            Self::Client => Responsibility::Client,
            Self::Insurance { .. } => Responsibility::Insurance,
        }
    }
}

/// What the client owes of a session when insurance owes the rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClientPart {
    /// For the whole session, 0 or more: taken from its lines in order, at most their prices.
    CoPay(Money),
    /// Of each line's price.
    CoInsurance(Rate),
}

/// What is otherwise for one client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClientTerms {
    /// When, and from which day on; none is as the practice does.
    pub automation: Option<(Automation, Date)>,
    /// The day from which the practice's automation counts for the client, when it is later than the practice's own.
    pub returned: Option<Date>,
    /// From the issue of a bill to its due date; none is as the practice does.
    pub due_days: Option<i32>,
    /// Who owes.
    pub owing: Owing,
    /// Whether superbills of a month make themselves; none is as the practice does.
    pub monthly_superbills: Option<bool>,
    /// When they were set; none when never.
    pub update_time: Option<Timestamp>,
}

impl ClientTerms {
    /// Of a client for whom everything is as the practice does.
    pub const UNSET: Self = Self {
        automation: None,
        returned: None,
        due_days: None,
        owing: Owing::Client,
        monthly_superbills: None,
        update_time: None,
    };

    /// When the client's sessions are billed, and from which day on.
    #[must_use]
    pub fn automation(&self, practice: &PracticeTerms) -> (Automation, Date) {
        self.automation
            .unwrap_or((practice.automation, practice.automation_from))
    }

    /// When a bill of the client is due that is issued on this day.
    #[must_use]
    pub fn due_date(&self, practice: &PracticeTerms, issue_date: Date) -> Date {
        let days = self.due_days.unwrap_or(practice.due_days);
        issue_date.saturating_add(i64::from(days).days())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_month_is_billed_at_the_midnight_between_two() {
        let first = date(2026, 3, 1);
        for automation in [Automation::MonthlyFirstDay, Automation::MonthlyLastDay] {
            assert!(automation.fires(first));
            assert!(!automation.fires(date(2026, 2, 28)));
            assert!(!automation.fires(date(2026, 3, 2)));
        }
        assert_eq!(Automation::MonthlyFirstDay.issue_date(first), first);
        assert_eq!(
            Automation::MonthlyLastDay.issue_date(first),
            date(2026, 2, 28)
        );
        assert_eq!(
            Automation::MonthlyLastDay.issue_date(date(2028, 3, 1)),
            date(2028, 2, 29)
        );
        assert!(Automation::Daily.fires(date(2026, 3, 2)));
        assert!(!Automation::ByHand.fires(first));
    }

    #[test]
    fn a_client_pays_later_than_others_when_the_terms_say_so() {
        let practice = PracticeTerms {
            due_days: 14,
            ..PracticeTerms::unset(date(2026, 1, 1))
        };
        let issued = date(2026, 2, 20);
        let due = |due_days| {
            let client = ClientTerms {
                due_days,
                ..ClientTerms::UNSET
            };
            client.due_date(&practice, issued)
        };
        assert_eq!(due(None), date(2026, 3, 6));
        assert_eq!(due(Some(0)), issued);
        assert_eq!(due(Some(30)), date(2026, 3, 22));
    }

    /// F29: whatever clocks do, a day begins once, after the day before, and not before its own first moment.
    #[test]
    fn f29_in_every_time_zone_each_day_of_two_years_begins_once() {
        let mut zones = 0;
        for name in jiff::tz::db().available() {
            let zone = TimeZone::get(name.as_str()).expect("a zone of the database");
            // The second is a leap year.
            let mut day = date(2027, 1, 1);
            let mut before = Timestamp::MIN;
            while day < date(2029, 1, 1) {
                let begin = begins(day, &zone).expect("a moment");
                assert!(begin > before, "{name:?} {day}");
                assert!(begin.to_zoned(zone.clone()).date() >= day, "{name:?} {day}");
                let earlier = begin.checked_sub(1.nanosecond()).expect("a moment");
                assert!(
                    earlier.to_zoned(zone.clone()).date() < day,
                    "{name:?} {day}"
                );
                before = begin;
                day = day_after(day).expect("a day");
            }
            zones += 1;
        }
        assert!(zones > 400, "only {zones} zones");
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_an_hour_later() {
        let beirut = TimeZone::get("Asia/Beirut").expect("a zone");
        let begin = begins(date(2026, 3, 29), &beirut).expect("a moment");
        assert_eq!(
            begin.to_zoned(beirut).to_string(),
            "2026-03-29T01:00:00+03:00[Asia/Beirut]"
        );
    }

    #[test]
    fn every_automation_is_read_by_its_name() {
        for automation in Automation::ALL {
            assert_eq!(Automation::of(automation.name()), Some(*automation));
        }
        assert_eq!(Automation::of("weekly"), None);
    }
}
