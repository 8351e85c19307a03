//! Whose bill it is, is known from billing's feed; what the feed has not told of yet is asked before any transaction.

use super::payers;
use crate::domain::payer::Payer;
use crate::store::bills::{Bill, BillStatus};
use crate::{Error, Missing, Payments, Result, store};
use ids::{BillId, ClientId, PracticeId};
use pg::Tx;

/// What billing has to be asked before the transaction can go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Bills.
    Bills(Vec<BillId>),
    /// A client without bills here.
    Client(ClientId),
    /// Somebody who has put nothing on file yet: the client, or whose contact they are.
    Payer(Payer, ClientId),
}

/// The bills, when all are known.
pub(super) async fn find(
    tx: &mut Tx,
    practice: PracticeId,
    wanted: &[BillId],
) -> Result<Result<Vec<Bill>, Unknown>> {
    if wanted.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let found = store::bills::find_many(tx, practice, wanted).await?;
    let missing = wanted
        .iter()
        .copied()
        .filter(|bill| found.iter().all(|known| known.bill != *bill));
    let missing: Vec<BillId> = missing.collect();
    Ok(if missing.is_empty() {
        Ok(found)
    } else {
        Err(Unknown::Bills(missing))
    })
}

/// Errors: BILL_NOT_FOUND for another client's, BILL_CANCELLED.
pub(super) fn check(bills: &[&Bill], client: ClientId) -> Result<()> {
    for bill in bills {
        if bill.client != client {
            return Err(Error::Missing(Missing::Bill(bill.bill)));
        }
        if bill.status == BillStatus::Cancelled {
            return Err(Error::BillCancelled(bill.bill));
        }
    }
    Ok(())
}

/// Asks billing, and keeps what it says of bills and payers. Errors: BILL_NOT_FOUND, CLIENT_NOT_FOUND, CONTACT_NOT_FOUND,
/// `Billing`.
pub(super) async fn learn(
    payments: &Payments,
    practice: PracticeId,
    unknown: Unknown,
) -> Result<()> {
    match unknown {
        Unknown::Client(client) => payments.billing.check_client(practice, client).await,
        Unknown::Payer(payer, client) => payers::learn(payments, practice, (payer, client)).await,
        Unknown::Bills(bills) => {
            let mut learned = Vec::with_capacity(bills.len());
            for bill in bills {
                learned.push(payments.billing.get_bill(practice, bill).await?);
            }
            // By id, as the follower of billing's feed writes them.
            learned.sort_unstable_by_key(|bill| bill.bill);
            let mut tx = pg::begin(&payments.db, practice).await?;
            for bill in &learned {
                store::bills::insert_missing(&mut tx, practice, bill).await?;
            }
            Ok(tx.commit().await?)
        }
    }
}
