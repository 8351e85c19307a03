//! How a practice wants AutoPay, and when its night comes.

use super::upcoming::Limits;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// How a practice wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Nights run.
    pub enabled: bool,
    /// Local hour of the run, 0 to 23.
    pub run_hour: i8,
    /// Clients and contacts may turn it on by themselves.
    pub clients_may_turn_on: bool,
    /// So many days before a charge its payer is told.
    pub notice_days: i32,
    /// How far the payer may move it.
    pub limits: Limits,
    /// Every charge is told of, and not only those whose amount insurance determined.
    pub announce_all: bool,
}

impl Settings {
    /// Of a practice that has set nothing. At 4 no zone's clocks are changed.
    pub const DEFAULT: Self = Self {
        enabled: true,
        run_hour: 4,
        clients_may_turn_on: true,
        notice_days: 3,
        limits: Limits {
            window_days: 16,
            reach_days: 16,
        },
        announce_all: false,
    };

    /// When the run of a local day begins: an hour that clocks skip is the next that there is. None at the end of time.
    #[must_use]
    pub fn begins(&self, day: Date, zone: &TimeZone) -> Option<Timestamp> {
        let hour = day.at(self.run_hour, 0, 0, 0);
        hour.to_zoned(zone.clone())
            .ok()
            .map(|begin| begin.timestamp())
    }

    /// The first run after `now`. None at the end of time.
    #[must_use]
    pub fn next_run(&self, now: Timestamp, zone: &TimeZone) -> Option<(Date, Timestamp)> {
        let today = now.to_zoned(zone.clone()).date();
        let tomorrow = today.checked_add(1.day()).ok()?;
        [today, tomorrow]
            .into_iter()
            .filter_map(|day| self.begins(day, zone).map(|begin| (day, begin)))
            .find(|(_, begin)| *begin > now)
    }

    /// The run after that of a day.
    #[must_use]
    pub fn run_after(&self, day: Date, zone: &TimeZone) -> Option<(Date, Timestamp)> {
        let next = day.checked_add(1.day()).ok()?;
        self.begins(next, zone).map(|begin| (next, begin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone")
    }

    #[test]
    fn the_next_run_is_todays_until_its_hour_has_come() {
        let new_york = zone("America/New_York");
        let at = |text: &str| {
            let now: Timestamp = text.parse().expect("an instant");
            Settings::DEFAULT.next_run(now, &new_york).expect("a run").0
        };
        assert_eq!(at("2026-03-02T08:59:59Z"), date(2026, 3, 2));
        assert_eq!(at("2026-03-02T09:00:00Z"), date(2026, 3, 3));
    }

    /// Midnight or two o'clock do not exist, or exist twice, somewhere, and the year has a day more: a run each day all
    /// the same.
    #[test]
    fn f29_in_every_zone_and_at_every_hour_each_day_of_a_year_has_one_run_in_order() {
        for name in jiff::tz::db().available() {
            let zone = zone(name.as_str());
            for run_hour in [0, 1, 2, 3, 4, 23] {
                let settings = Settings {
                    run_hour,
                    ..Settings::DEFAULT
                };
                let mut run = settings
                    .next_run("2028-01-01T00:00:00Z".parse().expect("an instant"), &zone)
                    .expect("a run");
                for _ in 0..370 {
                    let next = settings.run_after(run.0, &zone).expect("a run");
                    assert!(next.1 > run.1, "{} {run_hour} {run:?}", name.as_str());
                    assert_eq!(next.0, run.0.tomorrow().expect("a day"));
                    run = next;
                }
            }
        }
    }
}
