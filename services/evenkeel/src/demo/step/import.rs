//! Step 1: people and payers over JSON, sessions over grpc-web.

use anyhow::{Context, Result};
use proto::billing::v1 as billing;
use uuid::Uuid;

use crate::demo::gateway::{Refusal, patiently};
use crate::demo::plan::{Client, Clinician, Payer, Policy, ServiceLine, Session};
use crate::demo::run::{Known, Run, at_once};
use crate::demo::{screen, wire};

/// Adds clients, clinicians, payers and policies.
///
/// # Errors
/// A call that was refused.
pub async fn people(run: &mut Run) -> Result<()> {
    let (clients, clinicians) = (run.plan.clients.len(), run.plan.clinicians.len());
    let (payers, policies) = (run.plan.payers.len(), run.plan.policies.len());
    let step = screen::step("People", clients + clinicians + payers + policies);

    let sent = at_once(&step, &run.plan.clients, |client| add_client(run, client)).await?;
    run.known.clients = sent.into_iter().collect();
    let sent = at_once(&step, &run.plan.clinicians, |clinician| {
        add_clinician(run, clinician)
    })
    .await?;
    run.known.clinicians = sent.into_iter().collect();
    let sent = at_once(&step, &run.plan.payers, |payer| add_payer(run, payer)).await?;
    run.known.payers = sent.into_iter().collect();
    let sent = at_once(&step, &run.plan.policies, |policy| add_policy(run, policy)).await?;
    run.known.policies = sent.into_iter().collect();

    step.done(format!(
        "{clients} clients, {clinicians} clinicians, {payers} payers, {policies} policies"
    ))?;
    Ok(())
}

/// Records the sessions.
///
/// # Errors
/// A call that was refused.
pub async fn sessions(run: &mut Run) -> Result<()> {
    let step = screen::step("Sessions", run.plan.sessions.len());
    let sent = at_once(&step, &run.plan.sessions, |session| {
        record_session(run, session)
    })
    .await?;
    run.known.sessions = sent.into_iter().collect();
    step.done(format!(
        "{} sessions recorded",
        screen::count(run.plan.sessions.len())
    ))?;
    Ok(())
}

async fn add_client(run: &Run, client: &Client) -> Result<(Uuid, String)> {
    let body = billing::Client {
        given_name: client.given_name.clone(),
        family_name: client.family_name.clone(),
        email: client.email.clone(),
        address: Some(billing::Address {
            lines: vec![client.street.clone()],
            city: client.city.clone(),
            region: client.region.clone(),
            postal_code: client.postal_code.clone(),
        }),
        birth_date: Some(wire::date(client.birth_date)),
        external_reference: client.id.to_string(),
        ..billing::Client::default()
    };
    let path = run.path(&format!(
        "clients?request_id={}",
        run.request_id("client", client.id)
    ));
    let answer: billing::AddClientResponse = run
        .gateway
        .post(&path, &body)
        .await
        .with_context(|| format!("add client {}", client.id))?;
    Ok((
        client.id,
        answer.client.context("no client in the answer")?.client_id,
    ))
}

async fn add_clinician(run: &Run, clinician: &Clinician) -> Result<(Uuid, String)> {
    let body = billing::Clinician {
        name: clinician.name.clone(),
        licence: clinician.speciality.clone(),
        external_reference: clinician.id.to_string(),
        ..billing::Clinician::default()
    };
    let path = run.path(&format!(
        "clinicians?request_id={}",
        run.request_id("clinician", clinician.id)
    ));
    let answer: billing::AddClinicianResponse = run
        .gateway
        .post(&path, &body)
        .await
        .with_context(|| format!("add clinician {}", clinician.id))?;
    Ok((
        clinician.id,
        answer
            .clinician
            .context("no clinician in the answer")?
            .clinician_id,
    ))
}

async fn add_payer(run: &Run, payer: &Payer) -> Result<(Uuid, String)> {
    let body = billing::Payer {
        name: payer.name.clone(),
        external_reference: payer.id.to_string(),
        ..billing::Payer::default()
    };
    let path = run.path(&format!(
        "payers?request_id={}",
        run.request_id("payer", payer.id)
    ));
    let answer: billing::AddPayerResponse = run
        .gateway
        .post(&path, &body)
        .await
        .with_context(|| format!("add payer {}", payer.id))?;
    Ok((
        payer.id,
        answer.payer.context("no payer in the answer")?.payer_id,
    ))
}

async fn add_policy(run: &Run, policy: &Policy) -> Result<(Uuid, String)> {
    let body = billing::Policy {
        payer_id: Known::get(&run.known.payers, &policy.payer)?.to_owned(),
        member_number: policy.member_number.clone(),
        external_reference: policy.id.to_string(),
        ..billing::Policy::default()
    };
    let client = Known::get(&run.known.clients, &policy.client)?;
    let request_id = run.request_id("policy", policy.id);
    let path = run.path(&format!(
        "clients/{client}/policies?request_id={request_id}"
    ));
    let answer: billing::AddPolicyResponse = run
        .gateway
        .post(&path, &body)
        .await
        .with_context(|| format!("add policy {}", policy.id))?;
    Ok((
        policy.id,
        answer.policy.context("no policy in the answer")?.policy_id,
    ))
}

async fn record_session(run: &Run, session: &Session) -> Result<(Uuid, String)> {
    let request = billing::RecordSessionRequest {
        practice_id: run.practice_id.clone(),
        request_id: run.request_id("session", session.id),
        session: Some(billing::Session {
            client_id: Known::get(&run.known.clients, &session.client)?.to_owned(),
            clinician_id: Known::get(&run.known.clinicians, &session.clinician)?.to_owned(),
            start_time: Some(wire::time(session.start_time)),
            outcome: billing::Outcome::Completed.into(),
            lines: session
                .lines
                .iter()
                .map(service_line)
                .collect::<Result<_>>()?,
            diagnosis_codes: session.diagnosis_codes.clone(),
            place_of_service: session.place_of_service.to_owned(),
            external_reference: session.id.to_string(),
            ..billing::Session::default()
        }),
    };
    let sessions = &run.gateway.web().sessions;
    let answer = patiently(async || {
        sessions
            .clone()
            .record_session(request.clone())
            .await
            .map_err(Refusal::from)
    });
    let answer = answer
        .await
        .with_context(|| format!("record the session of claim {}", session.id))?
        .into_inner();
    Ok((
        session.id,
        answer
            .session
            .context("no session in the answer")?
            .session_id,
    ))
}

fn service_line(line: &ServiceLine) -> Result<billing::ServiceLine> {
    Ok(billing::ServiceLine {
        service_code: line.code.clone(),
        description: line.description.clone(),
        units: line.units.try_into()?,
        unit_price: Some(wire::money(line.unit_price)),
        ..billing::ServiceLine::default()
    })
}
