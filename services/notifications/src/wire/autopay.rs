//! What payments says of AutoPay, of charges to come and of payouts.

use super::event::Draft;
use crate::domain::card::Audience;
use crate::domain::message::{Particulars, RunFigures};
use ::rpc::{Invalid, parse};
use ids::EventId;
use proto::payments::v1 as payments;

/// The mail about a charge to come, `event` saying so. Errors: the event lacks an id or a date.
pub fn charge_noticed(
    event: EventId,
    noticed: payments::UpcomingChargeNoticed,
) -> Result<Draft, Invalid> {
    let particulars = Particulars::UpcomingCharge {
        bill: parse(&noticed.bill_id, "bill_id")?,
        event,
        charge_date: parse::date(noticed.charge_date, "charge_date")?,
        movable: (
            parse::date(noticed.move_end_date, "move_end_date")?,
            parse::date(noticed.latest_date, "latest_date")?,
        ),
        to: Some(payer(&noticed.contact_id)?),
    };
    Ok((parse(&noticed.client_id, "client_id")?, particulars))
}

/// The mail about a charge that comes on another day, `event` saying so. Errors: the event lacks an id or the date.
pub fn charge_moved(
    event: EventId,
    moved: payments::UpcomingChargeMoved,
) -> Result<Draft, Invalid> {
    let particulars = Particulars::ChargeMoved {
        bill: parse(&moved.bill_id, "bill_id")?,
        event,
        charge_date: parse::date(moved.charge_date, "charge_date")?,
        by_practice: moved.by_practice,
        to: payer(&moved.contact_id)?,
    };
    Ok((parse(&moved.client_id, "client_id")?, particulars))
}

/// Whoever pays: a contact, or else the client.
pub(super) fn payer(contact: &str) -> Result<Audience, Invalid> {
    let contact = parse::optional(contact, "contact_id")?;
    Ok(contact.map_or(Audience::Client, Audience::Contact))
}

/// The practice's mail about a night of AutoPay; none when it had nothing to charge. Errors: the event lacks the day or an
/// amount.
pub fn auto_pay_run(ended: payments::AutoPayRunEnded) -> Result<Option<Particulars>, Invalid> {
    let figures = RunFigures {
        charged: (
            ended.charged_count,
            parse::non_negative(ended.charged, "charged")?,
        ),
        credited: parse::non_negative(ended.credited, "credited")?,
        declined: ended.declined_count,
        pending: ended.pending_count,
        skipped: ended.skipped_count,
    };
    let run_date = parse::date(ended.run_date, "run_date")?;
    let idle = ended.due_count == 0 && figures.credited.minor() == 0;
    Ok((!idle).then_some(Particulars::AutoPayRun { run_date, figures }))
}

/// The practice's mail about a charge that was declined and that nobody saw; none for others. Errors: the event lacks an
/// id or the amount.
pub fn unattended_decline(event: &payments::PaymentFailed) -> Result<Option<Draft>, Invalid> {
    if !event.unattended {
        return Ok(None);
    }
    let payment = parse::required(event.payment.clone(), "payment")?;
    let particulars = Particulars::UnattendedDecline {
        payment: parse(&payment.payment_id, "payment.payment_id")?,
        amount: parse::positive(payment.amount, "payment.amount")?,
        method_text: payment.method_text,
        reason: event.practice_text.clone(),
        hard: event.hard,
    };
    let client = parse(&payment.client_id, "payment.client_id")?;
    Ok(Some((client, particulars)))
}

/// The practice's mail about a payout that did not arrive; none for one that was stopped. Errors: the event lacks an id, the
/// amount or the date.
pub fn payout_failed(event: payments::PayoutFailed) -> Result<Option<Particulars>, Invalid> {
    if event.cancelled {
        return Ok(None);
    }
    let payout = parse::required(event.payout, "payout")?;
    Ok(Some(Particulars::PayoutFailed {
        payout: parse(&payout.payout_id, "payout.payout_id")?,
        amount: parse::amount(payout.net, "payout.net")?,
        fail_date: parse::date(event.fail_date, "fail_date")?,
        reason: event.failure_text,
    }))
}
