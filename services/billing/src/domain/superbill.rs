//! What a superbill says of a bill: insurers want to see what was paid of each service, while money is paid on the bill.

use super::shares::Shares;
use jiff::civil::Date;
use money::{Money, MoneyError};
use std::fmt;

/// A line of a bill as far as money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// Of all units.
    pub price: Money,
    /// Who owed it when it was billed; sums to the price.
    pub shares: Shares,
    /// What was taken off this line and no other: of the client's share, at most all of it.
    pub taken: Money,
}

impl Priced {
    /// What the client was left to pay of it.
    fn clients(&self) -> Result<Money, MoneyError> {
        self.shares
            .client
            .minus(self.taken.at_most(self.shares.client)?)
    }
}

/// Where the money of a bill, or of one of its lines, is. The four parts sum to what was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Paid by the client, by payments and credit.
    pub client: Money,
    /// Paid by insurers.
    pub insurance: Money,
    /// Taken off: discounts, waivers, write-offs, insurers' contracts.
    pub adjusted: Money,
    /// Still owed by anyone.
    pub balance: Money,
    /// What of the balance insurers have yet to settle; the rest of it is the client's to pay.
    pub pending: Money,
}

/// Spreads a bill's parts over its lines, by largest remainder: what was taken off one line stays there; then what the
/// client paid over what the client was left to pay, what insurers paid over their shares, what was taken off the whole
/// bill over the rest. No part of a line is below 0, each line's parts sum to its price and all lines' parts to the
/// bill's.
///
/// An insurer's decision can move what is owed from one side to the other, so that a side has paid more than its shares
/// of the lines, or less was taken off than lines say: what a line cannot take goes to those that can.
///
/// # Errors
/// Parts that do not sum to the prices, as `Weights`; amounts of two currencies, or too large.
pub fn spread(lines: &[Priced], bill: &Parts) -> Result<Vec<Parts>, MoneyError> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let currency = bill.adjusted.currency();
    let mut left: Vec<Money> = lines.iter().map(|line| line.price).collect();
    let taken =
        Money::sum(currency, lines.iter().map(|line| line.taken))?.at_most(bill.adjusted)?;
    let own = place(&mut left, taken, |at| lines[at].taken)?;
    let weights = lines.iter().map(Priced::clients);
    let weights = weights.collect::<Result<Vec<Money>, MoneyError>>()?;
    let client = place(&mut left, bill.client, |at| weights[at])?;
    let insurance = place(&mut left, bill.insurance, |at| lines[at].shares.insurance)?;
    let whole = bill.adjusted.minus(taken)?;
    let whole = place(&mut left, whole, |_| Money::zero(currency))?;
    let mut clients_left = left.clone();
    let insurers = |at: usize| lines[at].shares.insurance;
    let pending = place(&mut clients_left, bill.pending, insurers)?;
    let adjusted = own.into_iter().zip(whole);
    let sides = client.into_iter().zip(insurance).zip(adjusted);
    let parts = sides.zip(left).zip(pending);
    let parts = parts.map(
        |((((client, insurance), (own, whole)), balance), pending)| {
            Ok(Parts {
                client,
                insurance,
                adjusted: own.plus(whole)?,
                balance,
                pending,
            })
        },
    );
    parts.collect()
}

/// Takes an amount out of what is left of the lines, by these weights as far as each line can take it, then by what is
/// left of each.
fn place(
    left: &mut [Money],
    amount: Money,
    weight: impl Fn(usize) -> Money,
) -> Result<Vec<Money>, MoneyError> {
    let weights: Vec<i64> = (0..left.len()).map(|at| weight(at).minor()).collect();
    let mut placed = vec![Money::zero(amount.currency()); left.len()];
    if weights.iter().any(|weight| *weight > 0) {
        let wanted = amount.spread(&weights)?;
        for ((left, placed), wanted) in left.iter_mut().zip(&mut placed).zip(wanted) {
            *placed = wanted.at_most(*left)?;
            *left = left.minus(*placed)?;
        }
    }
    let rest = amount.minus(Money::sum(amount.currency(), placed.iter().copied())?)?;
    let rooms: Vec<i64> = left.iter().map(|left| left.minor()).collect();
    for ((left, placed), more) in left.iter_mut().zip(&mut placed).zip(rest.spread(&rooms)?) {
        *placed = placed.plus(more)?;
        *left = left.minus(more)?;
    }
    Ok(placed)
}

/// What an insurer asks for and a superbill lacks. `Display` says it to the practice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The practice's NPI.
    PracticeNpi,
    /// The practice's tax id.
    PracticeTaxId,
    /// The NPI of this clinician.
    ClinicianNpi(String),
    /// The licence of this clinician.
    ClinicianLicence(String),
    /// The client's day of birth.
    BirthDate,
    /// A service of this day has none.
    Diagnosis(Date),
    /// A service of this day has none that CMS knows.
    PlaceOfService(Date),
}

impl fmt::Display for Gap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PracticeNpi => out.write_str("The practice's NPI is missing."),
            Self::PracticeTaxId => out.write_str("The practice's tax id is missing."),
            Self::ClinicianNpi(name) => write!(out, "The NPI of {name} is missing."),
            Self::ClinicianLicence(name) => write!(out, "The license of {name} is missing."),
            Self::BirthDate => out.write_str("The client's date of birth is missing."),
            Self::Diagnosis(date) => write!(out, "A service of {date} has no diagnosis."),
            Self::PlaceOfService(date) => {
                write!(
                    out,
                    "A service of {date} has no place of service that CMS knows."
                )
            }
        }
    }
}

/// The letter that lines point to a diagnosis by, from 0: A to Z, then AA, AB, …
#[must_use]
pub fn pointer(place: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = place + 1;
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use money::Currency;
    use proptest::prelude::*;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    fn line(client: i64, insurance: i64) -> Priced {
        Priced {
            price: usd(client + insurance),
            shares: Shares {
                client: usd(client),
                insurance: usd(insurance),
            },
            taken: usd(0),
        }
    }

    fn less(taken: i64, line: Priced) -> Priced {
        Priced {
            taken: usd(taken),
            ..line
        }
    }

    fn parts(client: i64, insurance: i64, adjusted: i64, balance: i64) -> Parts {
        Parts {
            client: usd(client),
            insurance: usd(insurance),
            adjusted: usd(adjusted),
            balance: usd(balance),
            pending: usd(0),
        }
    }

    fn pending(pending: i64, parts: Parts) -> Parts {
        Parts {
            pending: usd(pending),
            ..parts
        }
    }

    #[test]
    fn what_insurers_have_yet_to_settle_goes_by_their_shares() {
        let lines = [line(4_000, 11_000), line(10_000, 0)];
        assert_eq!(
            spread(&lines, &pending(11_000, parts(4_000, 0, 0, 21_000))),
            Ok(vec![
                pending(11_000, parts(1_143, 0, 0, 13_857)),
                pending(0, parts(2_857, 0, 0, 7_143)),
            ])
        );
    }

    #[test]
    fn what_the_client_paid_goes_by_the_clients_shares() {
        let lines = [line(4_000, 11_000), line(2_000, 8_000)];
        assert_eq!(
            spread(&lines, &parts(3_000, 19_000, 0, 3_000)),
            Ok(vec![
                parts(2_000, 11_000, 0, 2_000),
                parts(1_000, 8_000, 0, 1_000)
            ])
        );
    }

    #[test]
    fn a_line_takes_no_more_than_its_price() {
        let lines = [line(10_000, 0), line(0, 10_000)];
        assert_eq!(
            spread(&lines, &parts(15_000, 2_500, 2_500, 0)),
            Ok(vec![parts(10_000, 0, 0, 0), parts(5_000, 2_500, 2_500, 0)])
        );
    }

    #[test]
    fn a_free_session_was_paid_by_nobody() {
        assert_eq!(
            spread(&[line(15_000, 0)], &parts(0, 0, 15_000, 0)),
            Ok(vec![parts(0, 0, 15_000, 0)])
        );
        assert_eq!(
            spread(&[line(0, 0)], &parts(0, 0, 0, 0)),
            Ok(vec![parts(0, 0, 0, 0)])
        );
        assert_eq!(spread(&[], &parts(0, 0, 0, 0)), Ok(Vec::new()));
    }

    #[test]
    fn what_was_taken_off_a_line_is_no_other_lines() {
        let waived = less(15_000, line(15_000, 0));
        assert_eq!(
            spread(&[waived, line(15_000, 0)], &parts(15_000, 0, 15_000, 0)),
            Ok(vec![parts(0, 0, 15_000, 0), parts(15_000, 0, 0, 0)])
        );
        // A discount on the second line, and one on the whole bill beside it.
        let lines = [line(10_000, 0), less(2_000, line(10_000, 0))];
        assert_eq!(
            spread(&lines, &parts(9_000, 0, 3_800, 7_200)),
            Ok(vec![
                parts(5_000, 0, 1_000, 4_000),
                parts(4_000, 0, 2_800, 3_200)
            ])
        );
        // An insured line keeps what its insurer owes of it.
        let lines = [less(4_000, line(4_000, 11_000)), line(4_000, 11_000)];
        assert_eq!(
            spread(&lines, &pending(22_000, parts(4_000, 0, 4_000, 22_000))),
            Ok(vec![
                pending(11_000, parts(0, 0, 4_000, 11_000)),
                pending(11_000, parts(4_000, 0, 0, 11_000)),
            ])
        );
        // An insurer paid what the practice had taken off.
        assert_eq!(
            spread(&[less(4_000, line(4_000, 11_000))], &parts(0, 15_000, 0, 0)),
            Ok(vec![parts(0, 15_000, 0, 0)])
        );
    }

    #[test]
    fn diagnoses_have_letters() {
        let letters = [0, 1, 25, 26, 27, 51, 52].map(pointer);
        assert_eq!(letters, ["A", "B", "Z", "AA", "AB", "AZ", "BA"]);
    }

    proptest! {
        #[test]
        fn parts_of_lines_sum_to_the_bill_and_to_each_price(
            shares in prop::collection::vec((0..100_000_i64, 0..100_000_i64, 0..=1_000_i64), 1..20),
            cuts in prop::array::uniform4(0..=1_000_000_u64),
        ) {
            let lines: Vec<Priced> = shares
                .iter()
                .map(|(client, insurance, permille)| less(client * permille / 1_000, line(*client, *insurance)))
                .collect();
            let total: i64 = lines.iter().map(|line| line.price.minor()).sum();
            let mut left = total;
            let [client, insurance, adjusted, waiting] = cuts.map(|cut| {
                let part = i64::try_from(u128::try_from(left).expect("not negative") * u128::from(cut) / 1_000_000)
                    .expect("a part of it");
                left -= part;
                part
            });
            left += waiting;
            let bill = pending(waiting, parts(client, insurance, adjusted, left));
            let spread = spread(&lines, &bill).expect("the parts sum to the prices");
            prop_assert_eq!(spread.len(), lines.len());
            let sum = |part: fn(&Parts) -> Money| spread.iter().map(|line| part(line).minor()).sum::<i64>();
            prop_assert_eq!(sum(|line| line.client), client);
            prop_assert_eq!(sum(|line| line.insurance), insurance);
            prop_assert_eq!(sum(|line| line.adjusted), adjusted);
            prop_assert_eq!(sum(|line| line.balance), left);
            prop_assert_eq!(sum(|line| line.pending), waiting);
            for (line, parts) in lines.iter().zip(&spread) {
                let all = [parts.client, parts.insurance, parts.adjusted, parts.balance];
                prop_assert!(all.iter().all(|part| !part.is_negative()));
                prop_assert!(!parts.pending.is_negative() && parts.pending.minor() <= parts.balance.minor());
                prop_assert_eq!(Money::sum(Currency::USD, all), Ok(line.price));
            }
        }

        /// Whatever else happened, a line has at least what was taken off it, and what each was left to pay is paid
        /// where it was left.
        #[test]
        fn what_was_taken_off_each_line_is_there_when_each_paid_the_rest(
            shares in prop::collection::vec((0..100_000_i64, 0..100_000_i64, 0..=1_000_i64), 1..20),
        ) {
            let lines: Vec<Priced> = shares
                .iter()
                .map(|(client, insurance, permille)| less(client * permille / 1_000, line(*client, *insurance)))
                .collect();
            let sum = |part: fn(&Priced) -> i64| lines.iter().map(part).sum::<i64>();
            let taken = sum(|line| line.taken.minor());
            let (client, insurance) = (
                sum(|line| line.shares.client.minor()) - taken,
                sum(|line| line.shares.insurance.minor()),
            );
            let spread = spread(&lines, &parts(client, insurance, taken, 0)).expect("the parts sum to the prices");
            for (line, of_line) in lines.iter().zip(&spread) {
                let taken = line.taken.minor();
                let client = line.shares.client.minor() - taken;
                prop_assert_eq!(*of_line, parts(client, line.shares.insurance.minor(), taken, 0));
            }
        }

        /// The plain case, where nobody paid more than their share: largest remainder and nothing else.
        #[test]
        fn what_the_client_paid_is_the_largest_remainder_of_the_shares(
            shares in prop::collection::vec((1..100_000_i64, 0..100_000_i64), 1..20),
            permille in 0..=1_000_i64,
        ) {
            let lines: Vec<Priced> = shares.iter().map(|(client, insurance)| line(*client, *insurance)).collect();
            let owed: i64 = shares.iter().map(|(client, _)| client).sum();
            let insured: i64 = shares.iter().map(|(_, insurance)| insurance).sum();
            let paid = owed * permille / 1_000;
            let spread = spread(&lines, &parts(paid, 0, 0, owed - paid + insured)).expect("the parts sum to the prices");
            let weights: Vec<i64> = shares.iter().map(|(client, _)| *client).collect();
            let client: Vec<Money> = spread.iter().map(|line| line.client).collect();
            prop_assert_eq!(Ok(client), usd(paid).spread(&weights));
        }
    }
}
