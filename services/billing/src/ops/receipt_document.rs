//! What a receipt says, for its PDF and for its data.

use super::letter::{addressed, head, paid_by};
use crate::documents::{AppliedFacts, PaidBy, PaymentFacts, ReceiptDocument, ReceiptFacts};
use crate::store::document_payments::{GivenBack, PaidBill};
use crate::store::payments::PostedPayment;
use crate::{Billing, Error, Missing, Result, store};
use ::rpc::Caller;
use ids::{PaymentId, PracticeId};
use money::{Currency, Money, MoneyError};

/// The receipt of a payment as its money stands today, with what is left on the bills it went to. Errors:
/// PAYMENT_NOT_FOUND.
pub(super) async fn receipt_document(
    billing: &Billing,
    caller: &Caller,
    practice_id: PracticeId,
    payment: PaymentId,
) -> Result<(ReceiptFacts, ReceiptDocument)> {
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin_snapshot(&billing.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let (letterhead, paper) = head(&mut tx, &practice).await?;
    let posted = store::payments::find(&mut tx, practice_id, payment)
        .await?
        .ok_or(Error::Missing(Missing::Payment(payment)))?;
    let currency = practice.currency;
    let bills =
        store::document_payments::bills_of_payment(&mut tx, practice_id, payment, currency).await?;
    let refunds =
        store::document_payments::refunds_of_payment(&mut tx, practice_id, payment, currency)
            .await?;
    let addressed = addressed(&mut tx, practice_id, posted.payment.client).await?;
    tx.rollback().await?;

    let facts = ReceiptFacts {
        id: payment.to_string(),
        paper,
        letterhead,
        number: receipt_number(payment),
        issue_date: practice.local_date(now)?,
        received_from: addressed.to,
        client: addressed.client,
        payments: payments(&posted, &refunds)?,
        returned: given_back(&refunds, currency, false)?,
        moved: given_back(&refunds, currency, true)?,
        applied: bills.into_iter().map(applied).collect(),
        credit: posted.payment.credit_left,
        note: None,
    };
    let document = ReceiptDocument::new(facts.clone())?;
    Ok((facts, document))
}

/// The random end of the payment's id, in two groups: short enough to be read out, the same every time.
fn receipt_number(payment: PaymentId) -> String {
    let id = payment.to_string().to_uppercase();
    let (_, tail) = id.split_at(id.len().saturating_sub(8));
    let (first, second) = tail.split_at(tail.len() / 2);
    format!("{first}-{second}")
}

/// The payment and what was given back of it, which together are what it is now.
fn payments(
    posted: &PostedPayment,
    refunds: &[GivenBack],
) -> Result<Vec<PaymentFacts>, MoneyError> {
    let mut facts = vec![PaymentFacts {
        date: posted.receive_date,
        paid_by: paid_by(posted.payment.kind, &posted.method_text),
        amount: posted.payment.amount,
    }];
    for refund in refunds {
        let words = if refund.to_credit {
            "Moved to your credit"
        } else {
            "Refunded"
        };
        facts.push(PaymentFacts {
            date: refund.refund_date,
            paid_by: PaidBy::Other {
                words: words.to_owned(),
            },
            amount: refund.amount.negated()?,
        });
    }
    Ok(facts)
}

/// What was given back, to who paid or to the client's credit.
fn given_back(
    refunds: &[GivenBack],
    currency: Currency,
    to_credit: bool,
) -> Result<Money, MoneyError> {
    let refunds = refunds.iter();
    let refunds = refunds.filter(|refund| refund.to_credit == to_credit);
    Money::sum(currency, refunds.map(|refund| refund.amount))
}

fn applied(bill: PaidBill) -> AppliedFacts {
    AppliedFacts {
        number: bill.number.to_string(),
        reference: bill.reference.to_string(),
        issue_date: bill.issue_date,
        applied: bill.applied,
        left: bill.left,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_has_the_same_short_number_every_time() {
        let payment: PaymentId = "pay_01j2jv5gymfay8vvr14d2pf2db".parse().expect("an id");
        assert_eq!(receipt_number(payment), "4D2P-F2DB");
    }
}
