use super::{Item, Thing};
use ids::ClientId;
use money::{Money, MoneyError};
use std::collections::BTreeMap;

/// Clients of whose credit less is left than an import brought, with what was brought and what is left. Credit is one
/// sum whatever it came from, so what was brought counts as used last.
///
/// # Errors
/// Too large a sum.
pub fn spent_credit(
    items: &[Item],
    left: &BTreeMap<ClientId, i64>,
) -> Result<Vec<(ClientId, Money, Money)>, MoneyError> {
    Ok(brought_credit(items)?
        .into_iter()
        .map(|(client, sum)| {
            let minor = left.get(&client).copied().unwrap_or(0);
            (client, sum, Money::from_minor(minor, sum.currency()))
        })
        .filter(|(_, sum, left)| left.minor() < sum.minor())
        .collect())
}

/// Clients who came with an import and hold more credit than it brought, with what they hold beside it. A refund that was
/// kept as credit is such: their money is still here.
///
/// # Errors
/// Too large a sum.
pub fn other_credit(
    items: &[Item],
    left: &BTreeMap<ClientId, i64>,
) -> Result<Vec<(ClientId, Money)>, MoneyError> {
    let brought = brought_credit(items)?;
    let mut others = Vec::new();
    for item in items {
        if !matches!(item.thing, Thing::Client(_)) {
            continue;
        }
        let currency = item.amount.currency();
        let held = left.get(&item.client).copied().unwrap_or(0);
        let own = brought.get(&item.client).copied();
        let own = own.unwrap_or_else(|| Money::zero(currency));
        let other = Money::from_minor(held, currency).minus(own)?;
        if other.is_positive() {
            others.push((item.client, other));
        }
    }
    Ok(others)
}

fn brought_credit(items: &[Item]) -> Result<BTreeMap<ClientId, Money>, MoneyError> {
    let mut brought: BTreeMap<ClientId, Money> = BTreeMap::new();
    for item in items {
        if matches!(item.thing, Thing::Credit(_)) {
            let sum = match brought.get(&item.client) {
                Some(sum) => sum.plus(item.amount)?,
                None => item.amount,
            };
            brought.insert(item.client, sum);
        }
    }
    Ok(brought)
}
