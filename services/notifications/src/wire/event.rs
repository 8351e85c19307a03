//! What other services' events say of mails that are to be sent.

use super::autopay;
use crate::domain::adjustment::{AdjustmentKind, Change};
use crate::domain::card::Audience;
use crate::domain::dispute::DisputeNews;
use crate::domain::message::{Allocation, Particulars};
use crate::domain::practice::Practice;
use crate::ops::queue_access_code::NewCode;
use crate::ops::queue_adjustment::Adjusted;
use ::rpc::{Invalid, parse};
use ids::{ClientId, EventId};
use jiff::Timestamp;
use money::Money;
use proto::billing::v1 as billing;
use proto::payments::v1 as payments;
use proto::portal_auth::v1 as portal_auth;

/// Whose mail, and what it is about.
pub type Draft = (ClientId, Particulars);

/// The letterhead of a practice. Errors: the event has none.
pub fn practice(event: portal_auth::PracticeRegistered) -> Result<Practice, Invalid> {
    let practice = parse::required(event.practice, "practice")?;
    Ok(Practice {
        name: practice.name,
        time_zone: practice.time_zone,
        address_lines: practice.address_lines,
        phone: practice.phone,
        email: practice.email,
    })
}

/// The mail that shares a bill. Errors: the event lacks an id.
pub fn bill_shared(event: billing::BillShared) -> Result<Draft, Invalid> {
    let bill = parse::required(event.bill, "bill")?;
    let was_open = bill
        .client_balance
        .is_some_and(|balance| balance.minor_units > 0);
    let particulars = Particulars::Bill {
        bill: parse(&bill.bill_id, "bill.bill_id")?,
        share: parse(&event.share_id, "share_id")?,
        without_pdf: event.without_pdf,
        to_be_paid: event.scheduled || was_open,
    };
    Ok((parse(&bill.client_id, "bill.client_id")?, particulars))
}

/// Something was taken off a bill, `event` saying so. Errors: the event lacks an id or the amount.
pub fn bill_adjusted(
    (event, time): (EventId, Timestamp),
    adjusted: billing::BillAdjusted,
) -> Result<Adjusted, Invalid> {
    let kind = adjusted.kind();
    let change = Change {
        event,
        adjustment: parse(&adjusted.adjustment_id, "adjustment_id")?,
        kind: adjustment_kind(kind),
        amount: parse::positive(adjusted.amount, "amount")?,
        taken_back: false,
        time,
    };
    adjusted_bill(adjusted.bill, change)
}

/// An adjustment was taken back, `event` saying so. Errors: the event lacks an id or the amount.
pub fn adjustment_reversed(
    (event, time): (EventId, Timestamp),
    reversed: billing::AdjustmentReversed,
) -> Result<Adjusted, Invalid> {
    let kind = reversed.kind();
    let change = Change {
        event,
        adjustment: parse(&reversed.adjustment_id, "adjustment_id")?,
        kind: adjustment_kind(kind),
        amount: parse::positive(reversed.amount, "amount")?,
        taken_back: true,
        time,
    };
    adjusted_bill(reversed.bill, change)
}

fn adjusted_bill(bill: Option<billing::BillFacts>, change: Change) -> Result<Adjusted, Invalid> {
    let bill = parse::required(bill, "bill")?;
    Ok(Adjusted {
        client: parse(&bill.client_id, "bill.client_id")?,
        bill: parse(&bill.bill_id, "bill.bill_id")?,
        change,
    })
}

const fn adjustment_kind(kind: billing::AdjustmentKind) -> AdjustmentKind {
    match kind {
        billing::AdjustmentKind::Discount => AdjustmentKind::Discount,
        billing::AdjustmentKind::Waiver => AdjustmentKind::Waiver,
        billing::AdjustmentKind::WriteOff => AdjustmentKind::WriteOff,
        billing::AdjustmentKind::Unspecified => AdjustmentKind::Other,
    }
}

/// The mail that brings a superbill. Errors: the event lacks an id or the month.
pub fn monthly_superbill_made(event: &billing::MonthlySuperbillMade) -> Result<Draft, Invalid> {
    let particulars = Particulars::Superbill {
        document: parse(&event.document_id, "document_id")?,
        month: parse::date(event.month, "month")?,
        without_pdf: event.without_pdf,
    };
    Ok((parse(&event.client_id, "client_id")?, particulars))
}

/// A code that is to be replaced, `event` saying so. Errors: the event lacks an id or the time.
pub fn access_code_burned(
    event: EventId,
    burned: &portal_auth::AccessCodeBurned,
) -> Result<NewCode, Invalid> {
    Ok(NewCode {
        bill: parse(&burned.bill_id, "bill_id")?,
        event,
        burned: Some(parse::time(burned.issue_time, "issue_time")?),
    })
}

/// A code that was replaced. Errors: the event lacks an id.
pub fn access_code_reissued(
    event: EventId,
    reissued: &portal_auth::AccessCodeReissued,
) -> Result<NewCode, Invalid> {
    Ok(NewCode {
        bill: parse(&reissued.bill_id, "bill_id")?,
        event,
        burned: None,
    })
}

/// Whether the money came through the processor.
pub fn is_online(event: &billing::PaymentPosted) -> bool {
    match event.kind() {
        billing::PaymentKind::Card | billing::PaymentKind::BankDebit => true,
        billing::PaymentKind::Unspecified
        | billing::PaymentKind::Cash
        | billing::PaymentKind::Check
        | billing::PaymentKind::CardElsewhere
        | billing::PaymentKind::BankElsewhere
        | billing::PaymentKind::Other => false,
    }
}

/// The receipts of a payment: of whoever gets the bills, and of who paid with what is theirs. Errors: the event lacks an id,
/// an amount or the date.
pub fn payment_posted(event: billing::PaymentPosted) -> Result<(Draft, Option<Draft>), Invalid> {
    let client: ClientId = parse(&event.client_id, "client_id")?;
    let amount = parse::positive(event.amount, "amount")?;
    let credited = match event.credited {
        Some(credited) => parse::non_negative(Some(credited), "credited")?,
        None => Money::from_minor(0, amount.currency()),
    };
    let payment = parse(&event.payment_id, "payment_id")?;
    let receive_date = parse::date(event.receive_date, "receive_date")?;
    let allocations = event.allocations.into_iter().map(allocation);
    let allocations = allocations.collect::<Result<Vec<_>, _>>()?;
    let receipt = |to| Particulars::Receipt {
        payment,
        amount,
        receive_date,
        method_text: event.method_text.clone(),
        allocations: allocations.clone(),
        credited,
        to,
    };
    let payer = event.paid_by.map(|payer| autopay::payer(&payer.contact_id));
    let payers = payer.transpose()?.map(|payer| receipt(Some(payer)));
    Ok((
        (client, receipt(None)),
        payers.map(|receipt| (client, receipt)),
    ))
}

fn allocation(allocation: billing::Allocation) -> Result<Allocation, Invalid> {
    Ok(Allocation {
        bill: parse(&allocation.bill_id, "allocations.bill_id")?,
        amount: parse::positive(allocation.amount, "allocations.amount")?,
    })
}

/// The mail about a refund. Its reason is free text of the practice and stays out. Errors: the event lacks an id, the
/// amount or the date.
pub fn refund_succeeded(event: payments::RefundSucceeded) -> Result<Draft, Invalid> {
    let particulars = Particulars::Refund {
        refund: parse(&event.refund_id, "refund_id")?,
        payment: parse(&event.payment_id, "payment_id")?,
        amount: parse::positive(event.amount, "amount")?,
        refund_date: parse::date(event.refund_date, "refund_date")?,
        to_credit: event.to_credit,
        method_text: event.method_text,
        to: told(event.payer)?,
    };
    Ok((parse(&event.client_id, "client_id")?, particulars))
}

/// The practice's mail about a dispute. Errors: the event lacks an id or the amount.
pub fn dispute(facts: Option<payments::DisputeFacts>) -> Result<Draft, Invalid> {
    let dispute = parse::required(facts, "dispute")?;
    let news = match dispute.state() {
        payments::DisputeState::InquiryOpen | payments::DisputeState::InquiryAnswered => {
            DisputeNews::Inquiry
        }
        payments::DisputeState::Unspecified
        | payments::DisputeState::NeedsResponse
        | payments::DisputeState::UnderReview => DisputeNews::Opened,
        payments::DisputeState::InquiryClosed => DisputeNews::CameToNothing,
        payments::DisputeState::Won => DisputeNews::Won,
        payments::DisputeState::Lost => DisputeNews::Lost,
    };
    let asks = matches!(news, DisputeNews::Inquiry | DisputeNews::Opened);
    let respond_by = dispute.respond_by_date.filter(|_| asks);
    let particulars = Particulars::Dispute {
        dispute: parse(&dispute.dispute_id, "dispute.dispute_id")?,
        payment: parse(&dispute.payment_id, "dispute.payment_id")?,
        news,
        amount: parse::positive(dispute.amount, "dispute.amount")?,
        respond_by_date: respond_by
            .map(|date| parse::date(Some(date), "dispute.respond_by_date"))
            .transpose()?,
        method_text: dispute.method_text,
    };
    Ok((parse(&dispute.client_id, "dispute.client_id")?, particulars))
}

/// The practice's mail about a refund that came back. Errors: the event lacks an id, the amount or the date.
pub fn refund_returned(event: payments::RefundFailed) -> Result<Draft, Invalid> {
    let particulars = Particulars::RefundReturned {
        refund: parse(&event.refund_id, "refund_id")?,
        payment: parse(&event.payment_id, "payment_id")?,
        amount: parse::positive(event.amount, "amount")?,
        return_date: parse::date(event.fail_date.or(event.refund_date), "fail_date")?,
        method_text: event.method_text,
    };
    Ok((parse(&event.client_id, "client_id")?, particulars))
}

/// The mail about a declined card. Errors: the event lacks an id or the amount.
pub fn payment_failed(event: payments::PaymentFailed) -> Result<Draft, Invalid> {
    let why = event.decline_reason();
    let payment = parse::required(event.payment, "payment")?;
    let reason = match payment.kind() {
        billing::PaymentKind::BankDebit => bank_reason(why),
        billing::PaymentKind::Unspecified
        | billing::PaymentKind::Card
        | billing::PaymentKind::Cash
        | billing::PaymentKind::Check
        | billing::PaymentKind::CardElsewhere
        | billing::PaymentKind::BankElsewhere
        | billing::PaymentKind::Other => reason(why),
    };
    // One bill is named; several are the account.
    let bill = match payment.allocations.as_slice() {
        [only] => Some(only),
        [] | [_, _, ..] => None,
    };
    let particulars = Particulars::Decline {
        payment: parse(&payment.payment_id, "payment.payment_id")?,
        bill: bill
            .map(|bill| parse(&bill.bill_id, "payment.allocations.bill_id"))
            .transpose()?,
        amount: parse::positive(payment.amount, "payment.amount")?,
        method_text: named(payment.method_text),
        reason: reason.to_owned(),
        to: told(event.payer)?,
    };
    Ok((parse(&payment.client_id, "payment.client_id")?, particulars))
}

/// Whoever pays, when the event says.
fn told(payer: Option<payments::PayerFacts>) -> Result<Option<Audience>, Invalid> {
    let whose = payer.map(|facts| autopay::payer(&facts.contact_id));
    whose.transpose()
}

/// A method without digits, as one that was declined before anything was known of it, tells the payer nothing.
fn named(method_text: String) -> String {
    Some(method_text)
        .filter(|text| text.contains(|letter: char| letter.is_ascii_digit()))
        .unwrap_or_default()
}

/// Why, and what to do. Our own words: what the processor says may say too much.
const fn reason(reason: payments::DeclineReason) -> &'static str {
    match reason {
        payments::DeclineReason::Expired => "The card has expired. Please use another one.",
        payments::DeclineReason::InsufficientFunds => {
            "The bank says that there is not enough money or credit. Please use another card, or try again later."
        }
        payments::DeclineReason::WrongDetails => {
            "The card number, expiry date, security code or ZIP code was not right. Please check them and try again."
        }
        payments::DeclineReason::AuthenticationNeeded => {
            "The bank wants you to confirm the payment. Please pay again and follow your bank’s steps."
        }
        payments::DeclineReason::ProcessingError => {
            "Something went wrong on the way to the bank. Please try again; nothing was taken."
        }
        payments::DeclineReason::NotSupported => {
            "The card does not allow this kind of payment. Please use another one."
        }
        payments::DeclineReason::LimitExceeded => {
            "The card is over its limit, or was used too often. Please use another card, or try again tomorrow."
        }
        payments::DeclineReason::AccountClosed => {
            "The card’s account is closed or blocked. Please use another card."
        }
        payments::DeclineReason::NotAuthorized => {
            "The bank does not allow this charge. Please use another card, or ask your bank."
        }
        payments::DeclineReason::AmountNotAccepted => {
            "A card payment of this amount cannot be taken. Please pay another amount, or ask us."
        }
        // Whoever found a card must not learn that it was reported.
        payments::DeclineReason::LostOrStolen
        | payments::DeclineReason::BankRefused
        | payments::DeclineReason::Unspecified => {
            "The bank declined it without saying why. Please use another card, or ask your bank."
        }
    }
}

/// The same of a bank account, whose debit fails days later.
const fn bank_reason(reason: payments::DeclineReason) -> &'static str {
    match reason {
        payments::DeclineReason::InsufficientFunds => {
            "The bank account had not enough money when it was debited. Please pay by card, or try again later."
        }
        payments::DeclineReason::Expired | payments::DeclineReason::WrongDetails => {
            "The bank account’s numbers or its owner’s name were not right. Please enter them again, or pay by card."
        }
        payments::DeclineReason::AccountClosed => {
            "The bank account is closed or blocked. Please use another account or a card."
        }
        payments::DeclineReason::NotAuthorized => {
            "The bank says that the account’s owner did not allow the debit. Please use another account or a card."
        }
        payments::DeclineReason::ProcessingError => {
            "Something went wrong on the way to the bank. Please try again; nothing was taken."
        }
        payments::DeclineReason::AmountNotAccepted => {
            "A bank debit of this amount cannot be made. Please pay another amount, or ask us."
        }
        payments::DeclineReason::NotSupported
        | payments::DeclineReason::LimitExceeded
        | payments::DeclineReason::AuthenticationNeeded
        | payments::DeclineReason::LostOrStolen
        | payments::DeclineReason::BankRefused
        | payments::DeclineReason::Unspecified => {
            "The bank refused the debit. Please use a card or another account, or ask your bank."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{bank_reason, payments::DeclineReason, reason};

    #[test]
    fn r24_every_decline_has_words_and_none_tells_that_a_card_was_reported() {
        for number in 0..=12 {
            let why = DeclineReason::try_from(number).expect("a reason");
            for text in [reason(why), bank_reason(why)] {
                assert!(text.contains("lease"), "{why:?} says what to do");
                assert!(
                    !text.contains("stolen") && !text.contains("lost"),
                    "{why:?}"
                );
            }
        }
        assert_eq!(
            reason(DeclineReason::LostOrStolen),
            reason(DeclineReason::BankRefused)
        );
    }
}
