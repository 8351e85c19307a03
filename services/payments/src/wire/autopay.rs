//! AutoPay as the API shows it.

use super::payment;
use crate::domain::autopay::SkipReason;
use crate::domain::autopay_settings::Settings;
use crate::domain::payer::Payer;
use crate::domain::payment::PaymentState;
use crate::domain::upcoming::{Limits, Mover};
use crate::ops::{MoveCharge, Preview, TurnOn, UpcomingCharges};
use crate::store::autopay_enrolments::Enrolment;
use crate::store::autopay_items::ItemState;
use crate::store::autopay_report::Item;
use crate::store::autopay_runs::Run;
use crate::store::upcoming_charges::{Change, UpcomingCharge};
use crate::{Error, Result};
use ::rpc::{Caller, Invalid, Role, free_text, parse, wire};
use ids::{ClientId, PracticeId};
use proto::payments::v1 as contract;

/// How a practice wants it. Errors: INVALID_FIELD.
pub fn new_settings(asked: Option<contract::AutoPaySettings>) -> Result<Settings> {
    let asked = parse::required(asked, "settings")?;
    let run_hour = i8::try_from(asked.run_hour)
        .map_err(|_| Invalid::new("settings.run_hour", "must be 0 to 23"))?;
    Ok(Settings {
        enabled: asked.enabled,
        run_hour,
        clients_may_turn_on: asked.clients_may_turn_on,
        notice_days: asked.notice_days,
        limits: Limits {
            window_days: asked.move_window_days,
            reach_days: asked.move_reach_days,
        },
        announce_all: asked.announce_all,
    })
}

/// As the API shows it.
pub fn settings(settings: &Settings) -> contract::AutoPaySettings {
    contract::AutoPaySettings {
        enabled: settings.enabled,
        run_hour: settings.run_hour.into(),
        clients_may_turn_on: settings.clients_may_turn_on,
        notice_days: settings.notice_days,
        move_window_days: settings.limits.window_days,
        move_reach_days: settings.limits.reach_days,
        announce_all: settings.announce_all,
    }
}

/// Whose bills are to be paid, and by whom. Errors: INVALID_FIELD.
pub fn turn_on(
    caller: &Caller,
    practice: PracticeId,
    asked: &contract::TurnOnAutoPayRequest,
) -> Result<TurnOn> {
    let client: ClientId = parse(&asked.client_id, "client_id")?;
    let contact = parse::optional(&asked.contact_id, "contact_id")?;
    // A contact who names nobody means themselves.
    let contact = contact.or(caller.contact);
    Ok(TurnOn {
        practice,
        client,
        payer: contact.map_or(Payer::Client(client), Payer::Contact),
        method: parse::optional(&asked.method_id, "method_id")?,
        include_old_balances: asked.include_old_balances,
    })
}

/// As the API shows it.
pub fn auto_pay(enrolment: &Enrolment) -> contract::AutoPay {
    contract::AutoPay {
        client_id: enrolment.client.to_string(),
        contact_id: contact(enrolment.payer),
        method_id: enrolment
            .method
            .map(|id| id.to_string())
            .unwrap_or_default(),
        enabled: enrolment.turn_off_time.is_none(),
        includes_old_balances: enrolment.charges_since.is_none(),
        turn_on_time: Some(wire::time(enrolment.turn_on_time)),
        turn_off_time: enrolment.turn_off_time.map(wire::time),
    }
}

fn contact(payer: Payer) -> String {
    payer.contact().map(|id| id.to_string()).unwrap_or_default()
}

/// Why a bill is to be held. Errors: CARD_NUMBER_IN_TEXT.
pub fn hold_reason(asked: String) -> Result<String> {
    Ok(free_text(asked, "reason")?)
}

/// What the next night would do.
pub fn preview(preview: Preview) -> contract::PreviewAutoPayResponse {
    contract::PreviewAutoPayResponse {
        run_date: Some(wire::date(preview.run_date)),
        items: preview.page.items.iter().map(item).collect(),
        next_page_token: preview.page.next_page_token,
        due_count: preview.due,
        due: Some(wire::money(preview.due_sum)),
        skipped_count: preview.skipped,
    }
}

/// A bill in a night.
pub fn item(item: &Item) -> contract::AutoPayItem {
    let (outcome, reason) = outcome(item);
    contract::AutoPayItem {
        bill_id: item.bill.to_string(),
        client_id: item.client.to_string(),
        contact_id: contact(item.payer),
        outcome: outcome.into(),
        skip_reason: reason
            .map_or(contract::AutoPaySkipReason::Unspecified, skip_reason)
            .into(),
        amount: Some(wire::money(item.amount)),
        credited: Some(wire::money(item.credited)),
        method_id: item.method.map(|id| id.to_string()).unwrap_or_default(),
        method_text: item.method_text.clone(),
        payment_id: item
            .payment
            .map(|(id, _)| id.to_string())
            .unwrap_or_default(),
        decline_reason: payment::decline_reason(item.decline.as_ref().map(|it| it.reason)).into(),
    }
}

fn outcome(item: &Item) -> (contract::AutoPayOutcome, Option<SkipReason>) {
    let outcome = match (item.state, item.payment) {
        (ItemState::Skipped(reason), _) => {
            return (contract::AutoPayOutcome::Skipped, Some(reason));
        }
        (ItemState::Credited, _) => contract::AutoPayOutcome::PaidByCredit,
        (ItemState::Due, _) => contract::AutoPayOutcome::Due,
        (ItemState::Started, None) => contract::AutoPayOutcome::Pending,
        (ItemState::Started, Some((_, state))) => match state {
            PaymentState::Succeeded => contract::AutoPayOutcome::Charged,
            PaymentState::Failed => contract::AutoPayOutcome::Declined,
            PaymentState::Cancelled => contract::AutoPayOutcome::GivenUp,
            PaymentState::Created
            | PaymentState::RequiresAction
            | PaymentState::Processing
            | PaymentState::Unknown => contract::AutoPayOutcome::Pending,
        },
    };
    (outcome, None)
}

fn skip_reason(reason: SkipReason) -> contract::AutoPaySkipReason {
    match reason {
        SkipReason::AuthorizationRevoked => contract::AutoPaySkipReason::AuthorizationRevoked,
        SkipReason::NothingDue => contract::AutoPaySkipReason::NothingDue,
        SkipReason::Off => contract::AutoPaySkipReason::Off,
        SkipReason::OldBalance => contract::AutoPaySkipReason::OldBalance,
        SkipReason::NotDue => contract::AutoPaySkipReason::NotDue,
        SkipReason::BeforeService => contract::AutoPaySkipReason::BeforeService,
        SkipReason::Held => contract::AutoPaySkipReason::Held,
        SkipReason::Disputed => contract::AutoPaySkipReason::Disputed,
        SkipReason::OnPlan => contract::AutoPaySkipReason::OnPlan,
        SkipReason::UnderReview => contract::AutoPaySkipReason::UnderReview,
        SkipReason::UpcomingCharge => contract::AutoPaySkipReason::UpcomingCharge,
        SkipReason::Refunded => contract::AutoPaySkipReason::Refunded,
        SkipReason::PaymentInProgress => contract::AutoPaySkipReason::PaymentInProgress,
        SkipReason::RetryLater => contract::AutoPaySkipReason::RetryLater,
        SkipReason::Declined => contract::AutoPaySkipReason::Declined,
        SkipReason::NoMethod => contract::AutoPaySkipReason::NoMethod,
        SkipReason::NightOver => contract::AutoPaySkipReason::NightOver,
        SkipReason::FormerAccount => contract::AutoPaySkipReason::FormerAccount,
        SkipReason::NoAccount => contract::AutoPaySkipReason::NoAccount,
    }
}

/// A night.
pub fn run(run: &Run) -> contract::AutoPayRun {
    let figures = &run.figures;
    contract::AutoPayRun {
        run_date: Some(wire::date(run.run_date)),
        start_time: Some(wire::time(run.start_time)),
        end_time: run.end_time.map(wire::time),
        due_count: figures.due,
        charged_count: figures.charged,
        charged: Some(wire::money(figures.charged_sum)),
        credited: Some(wire::money(figures.credited_sum)),
        declined_count: figures.declined,
        pending_count: figures.pending,
        skipped_count: figures.skipped,
    }
}

/// Where a charge is to be moved. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn move_charge(
    practice: PracticeId,
    asked: contract::MoveUpcomingChargeRequest,
) -> Result<MoveCharge> {
    Ok(MoveCharge {
        practice,
        bill: parse(&asked.bill_id, "bill_id")?,
        to: parse::date(asked.charge_date, "charge_date")?,
        reason: free_text(asked.reason, "reason")?,
    })
}

/// Charges to come, as this caller may see them: who of the practice moved one and why is the practice's.
pub fn charges(caller: &Caller, found: &UpcomingCharges) -> Vec<contract::UpcomingCharge> {
    let staff = match caller.role {
        Role::Client | Role::Contact | Role::Guest | Role::Anonymous => false,
        Role::Owner | Role::Biller | Role::Clinician | Role::Program | Role::Service => true,
    };
    let shown = found.page.items.iter().map(|it| {
        let changes = found.changes.iter().filter(|change| change.bill == it.bill);
        charge(
            it,
            found.limits,
            changes.map(|it| change(it, staff)).collect(),
        )
    });
    shown.collect()
}

/// The one charge of an answer. Errors: `Stored`, when it is none.
pub fn only_charge(caller: &Caller, found: &UpcomingCharges) -> Result<contract::UpcomingCharge> {
    let one = charges(caller, found).into_iter().next();
    one.ok_or(Error::Stored("a charge that was moved"))
}

fn charge(
    charge: &UpcomingCharge,
    limits: Limits,
    changes: Vec<contract::UpcomingChargeChange>,
) -> contract::UpcomingCharge {
    contract::UpcomingCharge {
        bill_id: charge.bill.to_string(),
        client_id: charge.client.to_string(),
        amount: Some(wire::money(charge.amount)),
        notice_time: Some(wire::time(charge.told.notice_time)),
        initial_date: Some(wire::date(charge.told.initial_date)),
        charge_date: Some(wire::date(charge.charge_date)),
        move_end_time: Some(wire::time(charge.told.move_end(limits))),
        latest_date: Some(wire::date(charge.told.latest_date(limits))),
        changes,
    }
}

fn change(change: &Change, staff: bool) -> contract::UpcomingChargeChange {
    let kind = match change.mover {
        None => contract::UpcomingChargeChangeKind::Noticed,
        Some(Mover::Payer) => contract::UpcomingChargeChangeKind::MovedByPayer,
        Some(Mover::Staff) => contract::UpcomingChargeChangeKind::MovedByStaff,
    };
    let for_staff = |text: &String| if staff { text.clone() } else { String::new() };
    contract::UpcomingChargeChange {
        kind: kind.into(),
        change_time: Some(wire::time(change.change_time)),
        changed_by: for_staff(&change.changed_by),
        former_date: change.former_date.map(wire::date),
        charge_date: Some(wire::date(change.charge_date)),
        amount: Some(wire::money(change.amount)),
        reason: for_staff(&change.reason),
    }
}
