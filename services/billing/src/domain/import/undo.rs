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
    Ok(brought
        .into_iter()
        .map(|(client, sum)| {
            let minor = left.get(&client).copied().unwrap_or(0);
            (client, sum, Money::from_minor(minor, sum.currency()))
        })
        .filter(|(_, sum, left)| left.minor() < sum.minor())
        .collect())
}
