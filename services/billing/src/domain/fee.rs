//! What a service costs a client on a day: the client's own rate, or the sliding scale's share of the catalogue's price,
//! or that price.

use super::timeline::Timeline;
use jiff::civil::Date;
use money::{Money, MoneyError, Rate};
use std::collections::HashMap;

/// A service of the practice's catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// CPT, HCPCS or own.
    pub code: String,
    /// In words for the client.
    pub description: String,
    /// For lines that name neither price nor modifiers.
    pub modifiers: Vec<String>,
    /// For sessions that name no place; may be empty.
    pub place_of_service: String,
    /// Of one unit.
    pub prices: Timeline<Money>,
    /// The first day without it.
    pub retire_date: Option<Date>,
}

impl Service {
    /// Whether it is not offered on that day any more.
    #[must_use]
    pub fn is_retired(&self, day: Date) -> bool {
        self.retire_date.is_some_and(|retired| retired <= day)
    }
}

/// What was agreed with a client.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agreement {
    /// The client's own price of the service; none within is the end of one.
    pub rate: Timeline<Option<Money>>,
    /// The share of the catalogue's price; none within is the end of one.
    pub sliding_scale: Timeline<Option<Rate>>,
}

/// The share of the catalogue's price by day, for whoever has these tiers of the scale from these days on; none is the
/// end of a place on it. A tier's percentages hold by the day of the service, whenever the place was given.
#[must_use]
pub fn shares_by_day(
    places: &Timeline<Option<String>>,
    tiers: &HashMap<String, Timeline<Rate>>,
) -> Timeline<Option<Rate>> {
    let mut shares = Timeline::default();
    let mut places = places.iter().peekable();
    while let Some((from, tier)) = places.next() {
        let until = places.peek().map(|(day, _)| *day);
        let Some(percents) = tier.as_ref().and_then(|name| tiers.get(name)) else {
            shares.set(from, None);
            continue;
        };
        shares.set(from, percents.at(from).copied());
        for (day, percent) in percents.iter() {
            if day > from && until.is_none_or(|until| day < until) {
                shares.set(day, Some(*percent));
            }
        }
    }
    shares
}

/// Price of one unit for the client on that day; none when the catalogue has none then. An own rate is the whole
/// answer; the sliding scale applies to catalogue prices only.
///
/// # Errors
/// An amount too large.
pub fn unit_price(
    service: &Service,
    agreed: &Agreement,
    day: Date,
) -> Result<Option<Money>, MoneyError> {
    if service.is_retired(day) {
        return Ok(None);
    }
    if let Some(Some(own)) = agreed.rate.at(day) {
        return Ok(Some(*own));
    }
    let Some(price) = service.prices.at(day) else {
        return Ok(None);
    };
    match agreed.sliding_scale.at(day) {
        Some(Some(share)) => price.percent(*share).map(Some),
        Some(None) | None => Ok(Some(*price)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use money::Currency;
    use proptest::prelude::*;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    fn day(number: i8) -> Date {
        date(2026, 3, number)
    }

    fn service(prices: &[(i8, i64)]) -> Service {
        Service {
            code: "90837".to_owned(),
            description: "Psychotherapy, 60 minutes".to_owned(),
            modifiers: Vec::new(),
            place_of_service: String::new(),
            prices: prices
                .iter()
                .map(|(from, price)| (day(*from), usd(*price)))
                .collect(),
            retire_date: None,
        }
    }

    fn share(percent: &str) -> Option<Rate> {
        Some(percent.parse().expect("a rate"))
    }

    #[test]
    fn the_price_is_the_one_that_held_on_the_day() {
        let service = service(&[(5, 15_000), (10, 16_000)]);
        let nothing = Agreement::default();
        let price = |on| unit_price(&service, &nothing, day(on));
        assert_eq!(price(4), Ok(None));
        assert_eq!(price(5), Ok(Some(usd(15_000))));
        assert_eq!(price(9), Ok(Some(usd(15_000))));
        assert_eq!(price(10), Ok(Some(usd(16_000))));
        assert_eq!(price(31), Ok(Some(usd(16_000))));
    }

    #[test]
    fn an_own_rate_comes_before_the_scale_and_the_scale_before_the_catalogue() {
        let service = service(&[(1, 15_000)]);
        let agreed = Agreement {
            rate: [(day(10), Some(usd(9_000))), (day(20), None)]
                .into_iter()
                .collect(),
            sliding_scale: [(day(5), share("62.5")), (day(25), None)]
                .into_iter()
                .collect(),
        };
        let price = |on| unit_price(&service, &agreed, day(on));
        for (on, minor) in [
            (4, 15_000),
            (5, 9_375),
            (10, 9_000),
            (20, 9_375),
            (25, 15_000),
        ] {
            assert_eq!(price(on), Ok(Some(usd(minor))), "March {on}");
        }
    }

    #[test]
    fn a_retired_service_has_no_price_also_for_those_with_an_own_one() {
        let retired = Service {
            retire_date: Some(day(10)),
            ..service(&[(1, 15_000)])
        };
        let agreed = Agreement {
            rate: [(day(1), Some(usd(9_000)))].into_iter().collect(),
            ..Agreement::default()
        };
        assert_eq!(unit_price(&retired, &agreed, day(9)), Ok(Some(usd(9_000))));
        assert_eq!(unit_price(&retired, &agreed, day(10)), Ok(None));
    }

    #[test]
    fn shares_are_rounded_half_to_even() {
        let agreed = |percent| Agreement {
            sliding_scale: [(day(1), share(percent))].into_iter().collect(),
            ..Agreement::default()
        };
        for (price, percent, minor) in [
            (101, "50", 50),
            (103, "50", 52),
            (15_001, "33.333333", 5_000),
        ] {
            let found = unit_price(&service(&[(1, price)]), &agreed(percent), day(1));
            assert_eq!(found, Ok(Some(usd(minor))), "{percent} % of {price}");
        }
    }

    proptest! {
        /// Whatever was set in whatever order: the value of a day is the latest one from that day or before.
        #[test]
        fn a_timeline_is_read_like_its_list_of_days(
            set in prop::collection::vec((1_i8..=28, 0_i64..100), 0..12),
            on in 1_i8..=28,
        ) {
            let mut timeline = Timeline::default();
            for (from, value) in &set {
                timeline.set(day(*from), *value);
            }
            let latest = set.iter().filter(|(from, _)| *from <= on).map(|(from, _)| *from).max();
            let expected = latest.and_then(|latest| {
                set.iter().rev().find(|(from, _)| *from == latest).map(|(_, value)| *value)
            });
            prop_assert_eq!(timeline.at(day(on)).copied(), expected);
        }

        /// The scale's price lies between nothing and the catalogue's, is within half a cent of the exact share, and a
        /// higher share never costs less.
        #[test]
        fn a_share_is_within_half_a_cent_and_grows_with_the_percentage(
            price in 0_i64..100_000_000, millionths in 0_i64..=100_000_000, more in 0_i64..1_000_000,
        ) {
            let percent = |millionths: i64| {
                format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
            };
            let with = |millionths| {
                let agreed = Agreement {
                    sliding_scale: [(day(1), share(&percent(millionths)))].into_iter().collect(),
                    ..Agreement::default()
                };
                unit_price(&service(&[(1, price)]), &agreed, day(1)).expect("small").expect("a price").minor()
            };
            let found = with(millionths);
            prop_assert!((0..=price).contains(&found));
            let twice_off = i128::from(found) * 200_000_000 - i128::from(price) * i128::from(millionths) * 2;
            prop_assert!(twice_off.abs() <= 100_000_000);
            prop_assert!(with(millionths + more) >= found);
        }

        /// A day's share is that of the tier the client has on it, as the tier is on it.
        #[test]
        fn a_share_is_the_tiers_of_its_day(
            given in prop::collection::btree_map(1_i8..=28, prop::option::of(0_usize..3), 0..6),
            changed in prop::collection::btree_map((0_usize..3, 1_i8..=28), 0_u32..=100, 0..12),
            on in 1_i8..=28,
        ) {
            let names = ["A", "B", "C"];
            let places = given.iter().map(|(from, tier)| (day(*from), tier.map(|tier| names[tier].to_owned())));
            let mut tiers: HashMap<String, Timeline<Rate>> = HashMap::new();
            for ((tier, from), percent) in &changed {
                let percent = percent.to_string().parse().expect("a rate");
                tiers.entry(names[*tier].to_owned()).or_default().set(day(*from), percent);
            }
            let shares = shares_by_day(&places.collect(), &tiers);
            let tier = given.range(..=on).next_back().and_then(|(_, tier)| *tier);
            let expected = tier.and_then(|tier| tiers.get(names[tier])).and_then(|percents| percents.at(day(on)));
            prop_assert_eq!(shares.at(day(on)).copied().flatten(), expected.copied());
        }

        /// With an own rate neither the catalogue's price nor the scale says anything.
        #[test]
        fn an_own_rate_is_the_whole_answer(
            own in 0_i64..1_000_000, price in 0_i64..1_000_000, percent in 0_u32..=100, on in 1_i8..=28,
        ) {
            let agreed = Agreement {
                rate: [(day(1), Some(usd(own)))].into_iter().collect(),
                sliding_scale: [(day(1), share(&percent.to_string()))].into_iter().collect(),
            };
            prop_assert_eq!(unit_price(&service(&[(1, price)]), &agreed, day(on)), Ok(Some(usd(own))));
        }
    }
}
