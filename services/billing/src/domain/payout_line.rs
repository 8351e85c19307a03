//! For whom a payout's money is: a payment's, refund's or dispute's part is shared out among its bills, and within a bill
//! among the clinicians of its sessions, to the cent.

use ids::{BillId, ClinicianId};
use money::{Money, MoneyError};

/// A bill that a payment paid, or credit when there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The bill; none for credit.
    pub bill: Option<BillId>,
    /// What of the payment went there; 0 or more.
    pub weight: i64,
    /// The bill's lines.
    pub lines: Vec<Line>,
}

/// A line of a bill, as far as it is a clinician's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who rendered the session; none for a product.
    pub clinician: Option<ClinicianId>,
    /// What the client owed of it when it was billed.
    pub client_share: i64,
    /// Its price.
    pub price: i64,
}

/// A part of what was paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The bill; none for credit and what is no payment.
    pub bill: Option<BillId>,
    /// Who rendered the sessions.
    pub clinician: Option<ClinicianId>,
    /// Before fees.
    pub gross: Money,
    /// What the processor kept.
    pub fee: Money,
}

/// Shares an item of a payout out, by largest remainder: its gross among the places by what went there, and within a bill by
/// what the client owed of each clinician's lines; its fee like the gross. The parts sum to the item. Nothing known about it
/// makes one part of it.
///
/// # Errors
/// Two currencies, or a weight below 0.
pub fn share_out((gross, fee): (Money, Money), places: &[Place]) -> Result<Vec<Part>, MoneyError> {
    let weights: Vec<i64> = places.iter().map(|place| place.weight).collect();
    if weights.iter().all(|weight| *weight == 0) {
        return Ok(vec![Part {
            bill: None,
            clinician: None,
            gross,
            fee,
        }]);
    }
    let mut parts: Vec<Part> = Vec::new();
    for (place, gross) in places.iter().zip(gross.spread(&weights)?) {
        if place.weight == 0 {
            continue;
        }
        for (clinician, gross) in among_clinicians(gross, &place.lines)? {
            parts.push(Part {
                bill: place.bill,
                clinician,
                gross,
                fee: Money::zero(fee.currency()),
            });
        }
    }
    let shares: Vec<i64> = parts.iter().map(|part| part.gross.minor().abs()).collect();
    let shares = if shares.iter().all(|share| *share == 0) {
        vec![1; parts.len()]
    } else {
        shares
    };
    for (part, fee) in parts.iter_mut().zip(fee.spread(&shares)?) {
        part.fee = fee;
    }
    Ok(parts)
}

/// In the order in which they come first on the bill. A bill that the client owed nothing of goes by its prices.
fn among_clinicians(
    gross: Money,
    lines: &[Line],
) -> Result<Vec<(Option<ClinicianId>, Money)>, MoneyError> {
    let owed = lines.iter().any(|line| line.client_share > 0);
    let mut shares: Vec<(Option<ClinicianId>, i64)> = Vec::new();
    for line in lines {
        let weight = if owed { line.client_share } else { line.price };
        let known = shares.iter_mut().find(|(of, _)| *of == line.clinician);
        match known {
            Some((_, sum)) => *sum = sum.saturating_add(weight),
            None => shares.push((line.clinician, weight)),
        }
    }
    let weights: Vec<i64> = shares.iter().map(|(_, weight)| *weight).collect();
    if weights.iter().all(|weight| *weight == 0) {
        return Ok(vec![(shares.first().and_then(|(of, _)| *of), gross)]);
    }
    let spread = gross.spread(&weights)?.into_iter();
    let shared = shares.into_iter().zip(spread);
    Ok(shared
        .filter(|((_, weight), _)| *weight > 0)
        .map(|((clinician, _), gross)| (clinician, gross))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::books::{id, usd};
    use super::*;
    use proptest::prelude::*;

    fn line(clinician: u128, client_share: i64) -> Line {
        Line {
            clinician: Some(id(clinician)),
            client_share,
            price: client_share + 500,
        }
    }

    fn place(bill: u128, weight: i64, lines: &[Line]) -> Place {
        Place {
            bill: Some(id(bill)),
            weight,
            lines: lines.to_vec(),
        }
    }

    #[test]
    fn a_payment_of_two_bills_and_some_ahead_goes_to_its_clinicians() {
        let places = [
            place(1, 4_000, &[line(7, 3_000), line(8, 1_000)]),
            place(2, 1_000, &[line(7, 1_000)]),
            Place {
                bill: None,
                weight: 500,
                lines: Vec::new(),
            },
        ];
        let parts = share_out((usd(5_500), usd(190)), &places).expect("shared");
        let shown: Vec<_> = parts
            .iter()
            .map(|it| (it.bill, it.clinician, it.gross.minor(), it.fee.minor()))
            .collect();
        assert_eq!(
            shown,
            [
                (Some(id(1)), Some(id(7)), 3_000, 104),
                (Some(id(1)), Some(id(8)), 1_000, 35),
                (Some(id(2)), Some(id(7)), 1_000, 34),
                (None, None, 500, 17),
            ]
        );
    }

    #[test]
    fn what_nothing_is_known_about_is_one_part() {
        let parts = share_out((usd(-200), usd(0)), &[]).expect("shared");
        assert_eq!((parts.len(), parts[0].gross), (1, usd(-200)));
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_item_and_none_has_the_other_sign(
            gross in -100_000_i64..100_000,
            fee in 0_i64..5_000,
            bills in proptest::collection::vec(
                (0_i64..10_000, proptest::collection::vec((0_u128..4, 0_i64..5_000), 0..5)), 0..5
            )
        ) {
            let places: Vec<Place> = (1..)
                .zip(&bills)
                .map(|(bill, (weight, lines))| {
                    let lines: Vec<Line> = lines.iter().map(|(of, share)| line(*of, *share)).collect();
                    place(bill, *weight, &lines)
                })
                .collect();
            let parts = share_out((usd(gross), usd(fee)), &places).expect("shared");
            let sum = |of: fn(&Part) -> Money| -> i64 { parts.iter().map(|it| of(it).minor()).sum() };
            prop_assert_eq!(sum(|it| it.gross), gross);
            prop_assert_eq!(sum(|it| it.fee), fee);
            prop_assert!(parts.iter().all(|it| it.gross.minor().signum() * gross.signum() >= 0));
        }
    }
}
