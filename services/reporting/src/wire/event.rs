//! billing's events. An error names the field; the event it was in is parked with it.

use super::account_kind;
use crate::domain::account::AccountKind;
use crate::domain::effect::{Entry, Transfer};
use crate::domain::payment::{INSURANCE, PaidBy, Payment, PaymentKind, method};
use ::rpc::parse::optional;
use ::rpc::{Invalid, parse};
use ids::{PaymentId, RefundId};
use jiff::civil::Date;
use money::Money;
use proto::billing::v1 as billing;

/// An entry of the ledger.
pub fn entry(posted: billing::EntryPosted) -> Result<Entry, Invalid> {
    let posted = parse::required(posted.entry, "entry")?;
    let came_back = posted.kind() == billing::EntryKind::RefundReturned;
    let transfers = posted.transfers.into_iter().map(transfer);
    Ok(Entry {
        date: parse::date(posted.entry_date, "entry.entry_date")?,
        refund: optional(&posted.refund_id, "entry.refund_id")?,
        came_back,
        transfers: transfers.collect::<Result<_, _>>()?,
    })
}

fn transfer(moved: billing::Transfer) -> Result<Transfer, Invalid> {
    Ok(Transfer {
        debit: kind_of_account(moved.debit_account_kind(), "debit_account_kind")?,
        credit: kind_of_account(moved.credit_account_kind(), "credit_account_kind")?,
        amount: parse::positive(moved.amount, "amount")?,
    })
}

fn kind_of_account(named: billing::AccountKind, field: &str) -> Result<AccountKind, Invalid> {
    let mut kinds = AccountKind::ALL.iter().copied();
    kinds
        .find(|kind| account_kind(*kind) == named)
        .ok_or_else(|| Invalid::new(field, "must be a kind of account that is known here"))
}

/// A client's payment.
pub fn payment(posted: &billing::PaymentPosted) -> Result<Payment, Invalid> {
    let kind = kind_of_payment(posted.kind())?;
    Ok(Payment {
        paid_by: PaidBy::Client(parse(&posted.payment_id, "payment_id")?),
        client: parse(&posted.client_id, "client_id")?,
        method: method(kind, &posted.method_text),
        payer_name: String::new(),
        receive_date: parse::date(posted.receive_date, "receive_date")?,
        amount: parse::positive(posted.amount.clone(), "amount")?,
        credited: parse::non_negative(posted.credited.clone(), "credited")?,
    })
}

/// A payment's day as it was corrected. How it came stays.
pub fn correction(corrected: &billing::PaymentCorrected) -> Result<(PaymentId, Date), Invalid> {
    let payment = parse(&corrected.payment_id, "payment_id")?;
    Ok((
        payment,
        parse::date(corrected.receive_date, "receive_date")?,
    ))
}

fn kind_of_payment(kind: billing::PaymentKind) -> Result<PaymentKind, Invalid> {
    match kind {
        billing::PaymentKind::Card => Ok(PaymentKind::Card),
        billing::PaymentKind::BankDebit => Ok(PaymentKind::BankDebit),
        billing::PaymentKind::Cash => Ok(PaymentKind::Cash),
        billing::PaymentKind::Check => Ok(PaymentKind::Check),
        billing::PaymentKind::CardElsewhere => Ok(PaymentKind::CardElsewhere),
        billing::PaymentKind::BankElsewhere => Ok(PaymentKind::BankElsewhere),
        billing::PaymentKind::Other => Ok(PaymentKind::Other),
        billing::PaymentKind::Unspecified => Err(Invalid::new(
            "kind",
            "must be a kind of payment that is known here",
        )),
    }
}

/// An insurer's payment; 0 for a decision without one.
pub fn insurer_payment(recorded: billing::InsurerPaymentRecorded) -> Result<Payment, Invalid> {
    let amount = parse::non_negative(recorded.paid, "paid")?;
    Ok(Payment {
        paid_by: PaidBy::Insurer(parse(&recorded.insurer_payment_id, "insurer_payment_id")?),
        client: parse(&recorded.client_id, "client_id")?,
        method: INSURANCE.to_owned(),
        payer_name: recorded.payer_name,
        receive_date: parse::date(recorded.receive_date, "receive_date")?,
        amount,
        credited: Money::zero(amount.currency()),
    })
}

/// A refund, and the payment it gives back.
pub fn refund(posted: &billing::RefundPosted) -> Result<(RefundId, PaymentId), Invalid> {
    let refund = parse(&posted.refund_id, "refund_id")?;
    Ok((refund, parse(&posted.payment_id, "payment_id")?))
}
