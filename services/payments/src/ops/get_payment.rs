use super::charge::client_secret;
use crate::domain::payment::PaymentState;
use crate::store::payments::Payment;
use crate::{Error, Missing, Payments, Result, store};
use ::rpc::{Caller, Role};
use ids::{PaymentId, PracticeId};
use secrecy::SecretString;

/// A payment as its payer or the practice sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The payment.
    pub payment: Payment,
    /// For the browser to confirm with the bank, while that is what is waited for.
    pub client_secret: Option<SecretString>,
}

/// Reads a payment. A guest sees those of the one bill, a client or contact those of their clients. Errors: PAYMENT_NOT_FOUND.
pub async fn get_payment(
    payments: &Payments,
    caller: &Caller,
    practice: PracticeId,
    payment: PaymentId,
) -> Result<Shown> {
    caller.within(practice)?;
    let found = find(payments, practice, payment).await?;
    let of_own_bill = || {
        let mut parts = found.allocations.iter();
        parts.all(|part| caller.sees_bill(part.bill).is_ok()) && !found.allocations.is_empty()
    };
    let sees = match caller.role {
        Role::Guest => of_own_bill(),
        Role::Owner
        | Role::Biller
        | Role::Clinician
        | Role::Client
        | Role::Contact
        | Role::Program
        | Role::Service
        | Role::Anonymous => caller.sees_client(found.client).is_ok(),
    };
    if !sees {
        return Err(Error::Missing(Missing::Payment(payment)));
    }
    let client_secret = match found.state {
        PaymentState::RequiresAction => client_secret(payments, &found).await,
        PaymentState::Created
        | PaymentState::Processing
        | PaymentState::Unknown
        | PaymentState::Succeeded
        | PaymentState::Failed
        | PaymentState::Cancelled => None,
    };
    Ok(Shown {
        payment: found,
        client_secret,
    })
}

async fn find(payments: &Payments, practice: PracticeId, payment: PaymentId) -> Result<Payment> {
    let mut tx = pg::begin(&payments.db, practice).await?;
    store::payments::get(&mut tx, practice, payment).await
}
