use crate::{Result, store};
use ::rpc::Caller;
use ids::{PaymentId, PracticeId};
use jiff::civil::Date;
use pg::Tx;

/// Puts a client's payment on the day it came. Its money is moved by the entries that come with it.
pub async fn correct_payment(
    tx: &mut Tx,
    caller: &Caller,
    practice: PracticeId,
    (payment, receive_date): (PaymentId, Date),
) -> Result<()> {
    caller.within(practice)?;
    store::payments::update_day(tx, practice, payment, receive_date).await
}
