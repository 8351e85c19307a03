//! What is asked of billing, and what it tells.

use super::payment as own;
use crate::domain::payer::Payer;
use crate::rpc::billing::DueBill;
use crate::store::bills::{Bill, BillStatus};
use crate::store::payments::Payment;
use crate::store::refunds::Refund;
use crate::{Error, Result};
use ::rpc::{Invalid, parse, wire};
use ids::{BillId, ClientId, ContactId, PayerId, PaymentId, PracticeId};
use jiff::Timestamp;
use money::Money;
use pg::RequestKey;
use proto::billing::v1 as contract;

/// As many as one payment is for at most.
const BILLS_MAX: i32 = 200;

/// Asks for a bill.
pub fn get_bill(practice: PracticeId, bill: BillId) -> contract::GetBillRequest {
    contract::GetBillRequest {
        practice_id: practice.to_string(),
        bill_id: bill.to_string(),
    }
}

/// Asks for a client's balance.
pub fn get_client_balance(
    practice: PracticeId,
    client: ClientId,
) -> contract::GetClientBalanceRequest {
    contract::GetClientBalanceRequest {
        practice_id: practice.to_string(),
        client_id: client.to_string(),
    }
}

/// A client's people, as far as payments has to know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// Everybody who is attached to the client.
    pub contacts: Vec<ContactId>,
    /// Who gets the bills; none when the client does.
    pub billing_contact: Option<ContactId>,
    /// With whom the client is insured.
    pub payers: Vec<PayerId>,
}

/// Asks for a client.
pub fn get_client(practice: PracticeId, client: ClientId) -> contract::GetClientRequest {
    contract::GetClientRequest {
        practice_id: practice.to_string(),
        client_id: client.to_string(),
    }
}

/// The people of an answer. Names stay out.
pub fn people(answer: contract::GetClientResponse) -> Result<People, Invalid> {
    let client = parse::required(answer.client, "client")?;
    let contacts = answer.contacts.iter();
    Ok(People {
        contacts: contacts
            .map(|contact| parse(&contact.contact_id, "contacts.contact_id"))
            .collect::<Result<_, _>>()?,
        billing_contact: parse::optional(&client.billing_contact_id, "client.billing_contact_id")?,
        payers: answer
            .policies
            .iter()
            .map(|policy| parse(&policy.payer_id, "policies.payer_id"))
            .collect::<Result<_, _>>()?,
    })
}

/// Asks for what a client owes, what is due first at the top.
pub fn list_due(practice: PracticeId, client: ClientId) -> contract::ListBillsRequest {
    contract::ListBillsRequest {
        practice_id: practice.to_string(),
        page_size: BILLS_MAX,
        client_id: client.to_string(),
        statuses: vec![contract::BillStatus::Open.into()],
        client_balance_only: true,
        order_by: "due_date".to_owned(),
        ..contract::ListBillsRequest::default()
    }
}

/// Asks to set money aside for a payment until then.
pub fn place_hold(payment: &Payment, until: Timestamp) -> contract::PlaceHoldRequest {
    contract::PlaceHoldRequest {
        practice_id: payment.practice.to_string(),
        payment_id: payment.payment.to_string(),
        parts: own::allocations(payment),
        expire_time: Some(wire::time(until)),
        ..contract::PlaceHoldRequest::default()
    }
}

/// Asks to hold it longer.
pub fn extend_hold(
    practice: PracticeId,
    payment: PaymentId,
    until: Timestamp,
) -> contract::ExtendHoldRequest {
    contract::ExtendHoldRequest {
        practice_id: practice.to_string(),
        payment_id: payment.to_string(),
        expire_time: Some(wire::time(until)),
    }
}

/// Asks to end a hold.
pub fn release_hold(practice: PracticeId, payment: PaymentId) -> contract::ReleaseHoldRequest {
    contract::ReleaseHoldRequest {
        practice_id: practice.to_string(),
        payment_id: payment.to_string(),
    }
}

/// Asks to book a payment; says the same as the event does.
pub fn post_payment(payment: &Payment, payer: Option<Payer>) -> contract::PostPaymentRequest {
    contract::PostPaymentRequest {
        practice_id: payment.practice.to_string(),
        payment_id: payment.payment.to_string(),
        client_id: payment.client.to_string(),
        kind: own::kind(payment.kind).into(),
        amount: Some(wire::money(payment.amount)),
        receive_date: Some(wire::date(payment.receive_date)),
        allocations: own::allocations(payment),
        method_text: payment.method_text.clone(),
        paid_by: payer.map(|payer| contract::PaidBy {
            contact_id: super::method::contact(payer),
        }),
    }
}

/// Asks to book a refund; says the same as the event does.
pub fn post_refund(practice: PracticeId, refund: &Refund) -> contract::PostRefundRequest {
    contract::PostRefundRequest {
        practice_id: practice.to_string(),
        refund_id: refund.refund.to_string(),
        payment_id: refund.payment.to_string(),
        amount: Some(wire::money(refund.amount)),
        refund_date: Some(wire::date(refund.refund_date)),
        to_credit: refund.to_credit,
    }
}

/// The bill of an answer.
pub fn bill(answer: contract::GetBillResponse) -> Result<Bill> {
    shown(parse::required(answer.bill, "bill")?)
}

/// A bill that is due, and what others are paying of it.
pub fn due(bill: contract::Bill) -> Result<DueBill> {
    let held = parse::amount(bill.held.clone(), "bill.held")?;
    Ok(DueBill {
        bill: shown(bill)?,
        held,
    })
}

fn shown(bill: contract::Bill) -> Result<Bill> {
    let services = bill.lines.iter().filter_map(|line| line.service_date);
    let last_service_date = services.max_by_key(|date| (date.year, date.month, date.day));
    Ok(facts(contract::BillFacts {
        status: bill.status,
        bill_id: bill.bill_id,
        client_id: bill.client_id,
        number: bill.number,
        reference: bill.reference,
        due_date: bill.due_date,
        last_service_date,
        client_balance: bill.client_balance,
        ..contract::BillFacts::default()
    })?)
}

/// The bill of an event.
pub fn facts(facts: contract::BillFacts) -> Result<Bill, Invalid> {
    let status = match facts.status() {
        contract::BillStatus::Open => BillStatus::Open,
        contract::BillStatus::Paid => BillStatus::Paid,
        contract::BillStatus::Cancelled => BillStatus::Cancelled,
        contract::BillStatus::Unspecified => {
            return Err(Invalid::new("bill.status", "must be given"));
        }
    };
    let served = facts.last_service_date;
    Ok(Bill {
        bill: parse(&facts.bill_id, "bill.bill_id")?,
        client: parse(&facts.client_id, "bill.client_id")?,
        status,
        client_balance: parse::amount(facts.client_balance, "bill.client_balance")?,
        due_date: parse::date(facts.due_date, "bill.due_date")?,
        last_service_date: served
            .map(|date| parse::date(Some(date), "bill.last_service_date"))
            .transpose()?,
        reference: facts.reference,
        number: facts.number,
    })
}

/// The client of a ClientAdded event.
pub fn added(event: &contract::ClientAdded) -> Result<ClientId, Error> {
    Ok(parse(&event.client_id, "client_id")?)
}

/// The payment of a PaymentPosted event.
pub fn posted(event: &contract::PaymentPosted) -> Result<PaymentId, Error> {
    Ok(parse(&event.payment_id, "payment_id")?)
}

/// What insurance still owes on the bill of an event; none when it does not say.
pub fn insurance_balance(facts: &contract::BillFacts) -> Result<Option<Money>, Invalid> {
    let balance = facts.insurance_balance.clone();
    balance
        .map(|balance| parse::non_negative(Some(balance), "bill.insurance_balance"))
        .transpose()
}

/// The bill of an InsurerPaymentRecorded event, and whether the insurer decided.
pub fn insurer_decided(event: &contract::InsurerPaymentRecorded) -> Result<(BillId, bool), Error> {
    Ok((parse(&event.bill_id, "bill_id")?, event.decided))
}

/// Asks to pay a bill from the client's credit.
pub fn apply_credit(key: &RequestKey, bill: BillId, amount: Money) -> contract::ApplyCreditRequest {
    contract::ApplyCreditRequest {
        practice_id: key.practice.to_string(),
        request_id: key.request_id.to_string(),
        bill_id: bill.to_string(),
        amount: Some(wire::money(amount)),
    }
}

/// What a client holds as credit.
pub fn credit(answer: contract::GetClientBalanceResponse) -> Result<Option<Money>> {
    let credit = answer.credit;
    Ok(credit
        .map(|credit| parse::non_negative(Some(credit), "credit"))
        .transpose()?)
}
