use crate::{Money, MoneyError};

impl Money {
    /// `parts` parts that sum to the whole and differ by at most one minor unit; earlier parts take
    /// the extra ones: 100.00 in 3 is 33.34, 33.33, 33.33. For a negative amount the extra ones are
    /// negative too.
    ///
    /// # Errors
    /// `NoParts` for 0, `Overflow` for more than [`Money::PARTS_MAX`].
    pub fn split(self, parts: usize) -> Result<Vec<Self>, MoneyError> {
        if parts == 0 {
            return Err(MoneyError::NoParts);
        }
        if parts > Self::PARTS_MAX {
            return Err(MoneyError::Overflow);
        }
        self.spread(&vec![1; parts])
    }

    /// One part per weight, proportional to it, by largest remainder: the parts sum to the whole
    /// and each is within one minor unit of its exact proportion. Of equal remainders earlier parts
    /// win; a weight of 0 gets 0.
    ///
    /// # Errors
    /// `Weights` when one is negative, or all are 0 while the amount is not; `NoParts` when there
    /// are none.
    pub fn spread(self, weights: &[i64]) -> Result<Vec<Self>, MoneyError> {
        if weights.is_empty() {
            return Err(MoneyError::NoParts);
        }
        if weights.iter().any(|weight| *weight < 0) {
            return Err(MoneyError::Weights);
        }
        let total: i128 = weights.iter().copied().map(i128::from).sum();
        if total == 0 {
            return if self.is_zero() {
                Ok(vec![self; weights.len()])
            } else {
                Err(MoneyError::Weights)
            };
        }
        let shares = largest_remainder(i128::from(self.minor()), weights, total);
        shares
            .into_iter()
            .map(|share| i64::try_from(share).map_err(|_| MoneyError::Overflow))
            .map(|minor| Ok(Self::from_minor(minor?, self.currency())))
            .collect()
    }
}

/// An i64 times an i64 fits an i128, so every step is exact. Works on the magnitude and puts the
/// sign back.
fn largest_remainder(amount: i128, weights: &[i64], total: i128) -> Vec<i128> {
    let magnitude = amount.abs();
    let exact = |weight: i64| magnitude * i128::from(weight);
    let mut shares: Vec<i128> = weights
        .iter()
        .map(|weight| exact(*weight) / total)
        .collect();
    let left = magnitude - shares.iter().sum::<i128>();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(exact(weights[*place]) % total)); // stable: earlier parts first
    // `left` is the sum of the remainders over `total`, so it is smaller than the number of
    // non-zero remainders.
    for place in order
        .into_iter()
        .take(usize::try_from(left).unwrap_or(usize::MAX))
    {
        shares[place] += 1;
    }
    shares
        .into_iter()
        .map(|share| share * amount.signum())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::tests::usd;
    use crate::{Currency, Money, MoneyError};

    fn minors(parts: &[Money]) -> Vec<i64> {
        parts.iter().map(|part| part.minor()).collect()
    }

    fn split(minor: i64, parts: usize) -> Vec<i64> {
        minors(&usd(minor).split(parts).expect("parts"))
    }

    fn spread(minor: i64, weights: &[i64]) -> Vec<i64> {
        minors(&usd(minor).spread(weights).expect("weights"))
    }

    #[test]
    fn a_hundred_in_three_gives_the_extra_cent_to_the_first() {
        assert_eq!(split(10_000, 3), [3_334, 3_333, 3_333]);
        assert_eq!(split(-10_000, 3), [-3_334, -3_333, -3_333]);
        assert_eq!(split(2, 5), [1, 1, 0, 0, 0]);
        assert_eq!(split(0, 2), [0, 0]);
        assert_eq!(usd(1).split(0), Err(MoneyError::NoParts));
        assert_eq!(
            usd(1).split(Money::PARTS_MAX + 1),
            Err(MoneyError::Overflow)
        );
    }

    #[test]
    fn the_largest_remainder_takes_the_cent_wherever_it_stands() {
        assert_eq!(spread(100, &[1, 1, 4]), [17, 17, 66]);
        assert_eq!(spread(10, &[1, 6]), [1, 9]);
        assert_eq!(spread(4_000, &[15_000, 0, 5_000]), [3_000, 0, 1_000]);
        assert_eq!(
            spread(i64::MAX, &[i64::MAX, i64::MAX]),
            [i64::MAX / 2 + 1, i64::MAX / 2]
        );
        assert_eq!(spread(i64::MIN, &[1]), [i64::MIN]);
    }

    #[test]
    fn weights_that_say_nothing_are_refused() {
        assert_eq!(usd(1).spread(&[]), Err(MoneyError::NoParts));
        assert_eq!(usd(1).spread(&[0, 0]), Err(MoneyError::Weights));
        assert_eq!(usd(1).spread(&[2, -1]), Err(MoneyError::Weights));
        assert_eq!(usd(0).spread(&[0, 0]), Ok(vec![usd(0), usd(0)]));
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole_differ_by_one_and_the_larger_come_first(minor: i64, parts in 1_usize..=60) {
            let split = usd(minor).split(parts).expect("parts");
            prop_assert_eq!(split.len(), parts);
            prop_assert_eq!(Money::sum(Currency::USD, split.iter().copied()), Ok(usd(minor)));
            let sizes: Vec<i64> = split.iter().map(|part| part.minor()).collect();
            prop_assert!(sizes.iter().max().zip(sizes.iter().min()).is_some_and(|(most, least)| most - least <= 1));
            let magnitudes: Vec<u64> = sizes.iter().map(|size| size.unsigned_abs()).collect();
            prop_assert!(magnitudes.is_sorted_by(|left, right| left >= right));
        }

        #[test]
        fn spread_parts_sum_to_the_whole_and_are_within_one_unit_of_their_proportion(
            minor: i64,
            weights in proptest::collection::vec(prop_oneof![Just(0), 0_i64..100, 0..=i64::MAX], 1..40),
        ) {
            let total: i128 = weights.iter().copied().map(i128::from).sum();
            prop_assume!(total > 0);
            let spread = usd(minor).spread(&weights).expect("weights");
            prop_assert_eq!(Money::sum(Currency::USD, spread.iter().copied()), Ok(usd(minor)));
            for (part, weight) in spread.iter().zip(&weights) {
                // total is below 2^69, so divide before comparing; a unit of slack covers the cut.
                let exact = i128::from(minor) * i128::from(*weight) / total;
                prop_assert!((i128::from(part.minor()) - exact).abs() <= 1);
                if *weight == 0 {
                    prop_assert!(part.is_zero());
                }
            }
        }
    }
}
