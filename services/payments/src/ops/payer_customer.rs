//! A payer as the processor knows it: one customer on each account. Written down before it is asked for, so that a repeat
//! after a crash is the same customer.

use crate::domain::payer::Payer;
use crate::store::attempts::Call;
use crate::store::customers::Customer;
use crate::{Error, Payments, Result, store};
use ids::{PayerAccountId, PracticeId};
use pg::Tx;

const fn nobody() -> Error {
    Error::Stored("a method that becomes nobody's")
}

/// The payer on an account, and under which key the processor is told of them if it was not yet; that is written down.
pub(super) async fn start(
    payments: &Payments,
    practice: PracticeId,
    (payer, account): (Payer, Option<&str>),
) -> Result<(Customer, String)> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    let customer = get(payments, &mut tx, practice, (payer, account)).await?;
    let key = Call::CreateCustomer.key(customer.payer_account);
    if customer.processor_customer.is_none() {
        let call = (customer.payer_account.uuid(), Call::CreateCustomer);
        store::attempts::start(&mut tx, practice, call, &key, payments.clock.now()).await?;
    }
    tx.commit().await?;
    Ok((customer, key))
}

/// Keeps the processor's customer, and answers the one that counts: whoever was first.
pub(super) async fn finish(
    payments: &Payments,
    tx: &mut Tx,
    practice: PracticeId,
    (payer, account): (Payer, Option<&str>),
    made: &str,
) -> Result<String> {
    match account {
        None => store::customers::update_processor_customer(tx, practice, payer, made).await?,
        Some(own) => {
            store::customers::update_on_account(tx, practice, (payer, own), made).await?;
        }
    }
    let kept = get(payments, tx, practice, (payer, account)).await?;
    let call = (kept.payer_account.uuid(), Call::CreateCustomer);
    store::attempts::finish(tx, practice, call, payments.clock.now()).await?;
    kept.processor_customer.ok_or_else(nobody)
}

async fn get(
    payments: &Payments,
    tx: &mut Tx,
    practice: PracticeId,
    (payer, account): (Payer, Option<&str>),
) -> Result<Customer> {
    match account {
        None => store::customers::find(tx, practice, payer)
            .await?
            .ok_or_else(nobody),
        Some(own) => {
            let fresh = PayerAccountId::new(&payments.clock);
            let written = (fresh, payments.clock.now());
            store::customers::get_on_account(tx, practice, (payer, own), written).await
        }
    }
}
