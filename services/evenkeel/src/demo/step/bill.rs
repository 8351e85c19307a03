//! Step 2: bills with both shares, then what insurers paid, then what clients paid, all over grpc-web.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use money::{Currency, Money};
use proto::billing::v1 as billing;
use proto::payments::v1 as payments;
use uuid::Uuid;

use crate::demo::gateway::{Refusal, patiently};
use crate::demo::plan::{Bill, ClientMethod, ClientPayment, InsurerPayment};
use crate::demo::run::{Known, Run, at_once};
use crate::demo::{screen, wire};

/// Bills every session that costs something, dated as its service; the card bills are dated today.
///
/// # Errors
/// A call that was refused.
pub async fn issue(run: &mut Run) -> Result<()> {
    let step = screen::step("Bills", run.plan.bills.len());
    let sent = at_once(&step, &run.plan.bills, |bill| issue_bill(run, bill)).await?;
    run.known.bills = sent.into_iter().collect();
    let prices = run
        .plan
        .bills
        .iter()
        .flat_map(|bill| &bill.lines)
        .map(|line| line.price);
    let total = Money::sum(Currency::USD, prices)?;
    step.done(format!(
        "{} bills issued, {total}",
        screen::count(run.plan.bills.len())
    ))?;
    Ok(())
}

/// Posts the insurers' payments.
///
/// # Errors
/// A call that was refused.
pub async fn insurers(run: &mut Run) -> Result<()> {
    let step = screen::step("Insurers", run.plan.insurer_payments.len());
    let groups = by_session(&run.plan.insurer_payments, |payment| payment.session);
    let sent = at_once(&step, groups, |group| async {
        let mut sent = Vec::new();
        for payment in group {
            sent.push(record_insurer_payment(run, payment).await?);
        }
        Ok(sent)
    });
    let sent: Vec<_> = sent.await?.into_iter().flatten().collect();
    let total = Money::sum(
        Currency::USD,
        run.plan
            .insurer_payments
            .iter()
            .map(|payment| payment.amount),
    )?;
    step.done(format!(
        "{} payments posted, {total}",
        screen::count(sent.len())
    ))?;
    run.known.payments.extend(sent);
    Ok(())
}

/// Records the clients' payments, those of one bill in their order; the card bills' are left for the pay page.
///
/// # Errors
/// A call that was refused.
pub async fn clients(run: &mut Run) -> Result<()> {
    let offline: Vec<_> = run
        .plan
        .client_payments
        .iter()
        .filter(|payment| !payment.online)
        .cloned()
        .collect();
    let step = screen::step("Clients", offline.len());
    let groups = by_session(&offline, |payment| payment.session);
    let sent = at_once(&step, groups, |group| async {
        let mut sent = Vec::new();
        for payment in group {
            sent.push(record_payment(run, payment).await?);
        }
        Ok(sent)
    });
    let sent: Vec<_> = sent.await?.into_iter().flatten().collect();
    let total = Money::sum(Currency::USD, offline.iter().map(|payment| payment.amount))?;
    step.done(format!(
        "{} payments recorded, {total}",
        screen::count(sent.len())
    ))?;
    run.known.payments.extend(sent);
    Ok(())
}

fn by_session<T>(payments: &[T], session: impl Fn(&T) -> Uuid) -> Vec<Vec<&T>> {
    let mut groups: BTreeMap<Uuid, Vec<&T>> = BTreeMap::new();
    for payment in payments {
        groups.entry(session(payment)).or_default().push(payment);
    }
    groups.into_values().collect()
}

async fn issue_bill(run: &Run, bill: &Bill) -> Result<(Uuid, String)> {
    let today = run
        .plan
        .card_bills
        .iter()
        .any(|card| card.session == bill.session);
    let issue_date = (!today).then(|| wire::date(wire::local_day(bill.service_time, &run.zone)));
    let insured = (1..)
        .zip(&bill.lines)
        .filter(|(_, line)| line.insurance_share.is_positive());
    let line_terms = insured.map(|(line_number, line)| billing::LineTerms {
        line_number,
        insurance_share: Some(wire::money(line.insurance_share)),
        ..billing::LineTerms::default()
    });
    let policy = bill
        .policy
        .map(|policy| Known::get(&run.known.policies, &policy))
        .transpose()?;
    let request = billing::IssueBillRequest {
        practice_id: run.practice_id.clone(),
        request_id: run.request_id("bill", bill.session),
        client_id: Known::get(&run.known.clients, &bill.client)?.to_owned(),
        sessions: vec![billing::SessionToBill {
            session_id: Known::get(&run.known.sessions, &bill.session)?.to_owned(),
            line_terms: line_terms.collect(),
            client_part: None,
        }],
        responsibility: billing::Responsibility::Client.into(),
        policy_id: policy.unwrap_or_default().to_owned(),
        issue_date,
        ..billing::IssueBillRequest::default()
    };
    let bills = &run.gateway.web().bills;
    let answer = patiently(async || {
        bills
            .clone()
            .issue_bill(request.clone())
            .await
            .map_err(Refusal::from)
    })
    .await;
    let answer = answer
        .with_context(|| format!("bill claim {}", bill.session))?
        .into_inner();
    Ok((
        bill.session,
        answer.bill.context("no bill in the answer")?.bill_id,
    ))
}

async fn record_insurer_payment(run: &Run, payment: &InsurerPayment) -> Result<(Uuid, String)> {
    let payer = run
        .plan
        .payers
        .iter()
        .find(|payer| payer.id == payment.payer)
        .map(|payer| payer.name.as_str());
    let note = match payment.secondary {
        true => format!("Secondary insurer: {}", payer.unwrap_or_default()),
        false => String::new(),
    };
    let request = billing::RecordInsurerPaymentRequest {
        practice_id: run.practice_id.clone(),
        request_id: run.request_id("insurer-payment", payment.id),
        bill_id: Known::get(&run.known.bills, &payment.session)?.to_owned(),
        paid: Some(wire::money(payment.amount)),
        receive_date: Some(wire::date(wire::local_day(payment.time, &run.zone))),
        note,
        ..billing::RecordInsurerPaymentRequest::default()
    };
    let ledger = &run.gateway.web().ledger;
    let answer = patiently(async || {
        ledger
            .clone()
            .record_insurer_payment(request.clone())
            .await
            .map_err(Refusal::from)
    });
    let answer = answer
        .await
        .with_context(|| format!("post claims_transactions.csv line {}", payment.row))?;
    Ok((payment.id, answer.into_inner().insurer_payment_id))
}

async fn record_payment(run: &Run, payment: &ClientPayment) -> Result<(Uuid, String)> {
    let (kind, label) = match payment.method {
        ClientMethod::Cash => (billing::PaymentKind::Cash, ""),
        ClientMethod::Check => (billing::PaymentKind::Check, ""),
        ClientMethod::Card => (billing::PaymentKind::CardElsewhere, ""),
        ClientMethod::Copay => (billing::PaymentKind::Other, "Co-pay"),
    };
    let request = payments::RecordPaymentRequest {
        practice_id: run.practice_id.clone(),
        request_id: run.request_id("payment", payment.id),
        client_id: Known::get(&run.known.clients, &payment.client)?.to_owned(),
        kind: kind.into(),
        label: label.to_owned(),
        amount: Some(wire::money(payment.amount)),
        allocations: vec![billing::Allocation {
            bill_id: Known::get(&run.known.bills, &payment.session)?.to_owned(),
            amount: Some(wire::money(payment.amount)),
        }],
        receive_time: Some(wire::time(payment.time)),
        note: format!("claims_transactions.csv line {}", payment.row),
        ..payments::RecordPaymentRequest::default()
    };
    let service = &run.gateway.web().payments;
    let answer = patiently(async || {
        service
            .clone()
            .record_payment(request.clone())
            .await
            .map_err(Refusal::from)
    })
    .await;
    let answer =
        answer.with_context(|| format!("record claims_transactions.csv line {}", payment.row))?;
    Ok((
        payment.id,
        answer
            .into_inner()
            .payment
            .context("no payment in the answer")?
            .payment_id,
    ))
}
