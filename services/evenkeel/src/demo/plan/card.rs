//! Which bills stay open for the card: one for each story.

use std::collections::{BTreeMap, BTreeSet};

use money::{Currency, Money, MoneyError};
use uuid::Uuid;

use super::{CardBill, CardStory, ClientMethod, ClientPayment, Plan};
use crate::demo::synthea::Synthea;

/// Large enough for two parts and a refund, small enough for a card.
const AMOUNT_MINOR: std::ops::RangeInclusive<i64> = 5_000..=100_000;

/// The newest bills whose client paid all of it at once by card, one per client, of living clients who end without
/// credit: so the online payments can take the place of the recorded one to the cent.
pub fn choose(synthea: &Synthea, plan: &Plan) -> Result<Vec<CardBill>, MoneyError> {
    let mut payments: BTreeMap<Uuid, Vec<&ClientPayment>> = BTreeMap::new();
    for payment in &plan.client_payments {
        payments.entry(payment.session).or_default().push(payment);
    }
    let mut passed_over = clients_with_credit(plan, &payments)?;
    passed_over.extend(
        synthea
            .patients
            .iter()
            .filter(|line| line.row.deathdate.is_some())
            .map(|line| line.row.id),
    );

    let mut stories = CardStory::ALL.into_iter();
    let mut chosen = Vec::new();
    for bill in plan.bills.iter().rev() {
        let Some([only]) = payments.get(&bill.session).map(Vec::as_slice) else {
            continue;
        };
        let owes = Money::sum(
            Currency::USD,
            bill.lines.iter().map(|line| line.client_share),
        )?;
        let fits = only.method == ClientMethod::Card
            && only.amount == owes
            && AMOUNT_MINOR.contains(&owes.minor());
        if !fits || passed_over.contains(&bill.client) {
            continue;
        }
        let Some(story) = stories.next() else { break };
        passed_over.insert(bill.client);
        chosen.push(CardBill {
            session: bill.session,
            client: bill.client,
            payment: only.id,
            amount: owes,
            story,
        });
    }
    Ok(chosen)
}

fn clients_with_credit(
    plan: &Plan,
    payments: &BTreeMap<Uuid, Vec<&ClientPayment>>,
) -> Result<BTreeSet<Uuid>, MoneyError> {
    let mut clients = BTreeSet::new();
    for bill in &plan.bills {
        let owes = Money::sum(
            Currency::USD,
            bill.lines.iter().map(|line| line.client_share),
        )?;
        let paid = payments
            .get(&bill.session)
            .into_iter()
            .flatten()
            .map(|payment| payment.amount);
        if Money::sum(Currency::USD, paid)?.minor() > owes.minor() {
            clients.insert(bill.client);
        }
    }
    Ok(clients)
}
