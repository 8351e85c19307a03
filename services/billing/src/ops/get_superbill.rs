use super::letter::{head, party};
use crate::documents::{
    ClinicianFacts, PolicyFacts, Refusal, SuperbillDocument, SuperbillFacts, SuperbillLineFacts,
};
use crate::domain::people::Client;
use crate::domain::place_of_service::place_of_service;
use crate::domain::superbill::{Gap, Parts, spread};
use crate::store::superbills::{BillMoney, Scope, Service};
use crate::{Billing, Error, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{BillId, ClientId, PolicyId, PracticeId};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};

/// A superbill of more is a book that no insurer reads; it also fits into a document's limits.
pub(super) const SERVICES_MAX: usize = 500;

/// A superbill: what its PDF says, and what insurers will miss in it.
#[derive(Debug)]
pub struct ShownSuperbill {
    /// As printed.
    pub facts: SuperbillFacts,
    /// The same in words.
    pub document: SuperbillDocument,
    /// What is missing.
    pub gaps: Vec<Gap>,
}

/// Reads a superbill. Errors: as DocumentService.DownloadSuperbill says.
pub async fn get_superbill(
    billing: &Billing,
    caller: &Caller,
    (practice_id, client_id): (PracticeId, ClientId),
    scope: Scope,
) -> Result<ShownSuperbill> {
    caller.within(practice_id)?;
    caller.sees_client(client_id)?;
    let now = billing.clock.now();
    let mut tx = pg::begin_snapshot(&billing.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let (letterhead, paper) = head(&mut tx, &practice).await?;
    let client = store::clients::get(&mut tx, practice_id, client_id).await?;
    let services = services(&mut tx, practice_id, client_id, scope).await?;
    let bills = bills(&services);
    let money =
        store::superbills::money_of_bills(&mut tx, practice_id, &bills, practice.currency).await?;
    let policies = policies(&mut tx, practice_id, client_id, &money).await?;
    tx.rollback().await?;

    let (first, last) = match (services.first(), services.last()) {
        (Some(first), Some(last)) => (first.date, last.date),
        _none => return Err(Refusal::NoBilledServices.into()),
    };
    let (from_date, to_date) = match scope {
        Scope::Bill(_) => (first, last),
        Scope::Days(from, to) => (from, to),
    };
    let mut facts = SuperbillFacts {
        id: format!("superbill {client_id} {scope:?}"),
        paper,
        letterhead,
        issue_date: practice.local_date(now)?,
        from_date,
        to_date,
        client: party(&client.person),
        birth_date: client.birth_date,
        policies,
        diagnoses: Vec::new(),
        clinicians: Vec::new(),
        lines: Vec::new(),
    };
    add_lines(&mut facts, &services, &parts_of_lines(&money)?)?;
    Ok(ShownSuperbill {
        document: SuperbillDocument::new(facts.clone())?,
        gaps: gaps(&facts, &client),
        facts,
    })
}

/// Errors: BILL_NOT_FOUND, BILL_CANCELLED, INVALID_FIELD.
async fn services(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
    scope: Scope,
) -> Result<Vec<Service>> {
    if let Scope::Bill(bill) = scope {
        let standing = store::bills::get(conn, practice, bill).await?.standing;
        if standing.client != client {
            return Err(Error::Missing(crate::Missing::Bill(bill)));
        }
        if standing.cancelled {
            return Err(Error::BillCancelled(bill));
        }
    }
    let limit = i64::try_from(SERVICES_MAX + 1).unwrap_or(i64::MAX);
    let services = store::superbills::services(conn, practice, client, (scope, limit)).await?;
    if services.len() > SERVICES_MAX {
        let must = format!("must be later: the range has more than {SERVICES_MAX} services");
        return Err(Invalid::new("from_date", must).into());
    }
    Ok(services)
}

fn bills(services: &[Service]) -> Vec<BillId> {
    let mut bills: Vec<BillId> = services.iter().map(|service| service.bill).collect();
    bills.sort_unstable();
    bills.dedup();
    bills
}

/// The insurance that the bills were made with; where they have none, the client's newest: nobody knows which of the
/// others still holds.
async fn policies(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
    money: &HashMap<BillId, BillMoney>,
) -> Result<Vec<PolicyFacts>> {
    let billed: Vec<PolicyId> = money.values().filter_map(|bill| bill.policy).collect();
    let mut policies = store::policies::list(conn, practice, client).await?;
    if policies
        .iter()
        .any(|policy| billed.contains(&policy.policy))
    {
        policies.retain(|policy| billed.contains(&policy.policy));
    } else {
        policies = policies.pop().into_iter().collect();
    }
    let mut facts = Vec::with_capacity(policies.len());
    for policy in policies {
        let payer =
            store::people::get_payer_of_policy(conn, practice, client, policy.policy).await?;
        facts.push(PolicyFacts {
            payer: payer.1,
            member_number: policy.member_number,
        });
    }
    Ok(facts)
}

/// By bill and number of the line.
type PartsOfLines = BTreeMap<(BillId, i32), (money::Money, Parts)>;

fn parts_of_lines(money: &HashMap<BillId, BillMoney>) -> Result<PartsOfLines> {
    let mut parts = PartsOfLines::new();
    for (bill, money) in money {
        let priced: Vec<_> = money.lines.iter().map(|(_, priced)| *priced).collect();
        for ((number, priced), of_line) in money.lines.iter().zip(spread(&priced, &money.parts)?) {
            parts.insert((*bill, *number), (priced.price, of_line));
        }
    }
    Ok(parts)
}

fn add_lines(facts: &mut SuperbillFacts, services: &[Service], parts: &PartsOfLines) -> Result<()> {
    let mut clinicians = Vec::new();
    for service in services {
        let clinician = place(&mut clinicians, service.clinician);
        if clinician == facts.clinicians.len() {
            facts.clinicians.push(ClinicianFacts {
                name: service.clinician_name.clone(),
                licence: service.clinician_licence.clone(),
                npi: service.clinician_npi.clone(),
            });
        }
        let (charge, parts) = parts
            .get(&(service.bill, service.line_number))
            .copied()
            .ok_or(Error::Stored("a bill without one of its lines"))?;
        let diagnoses = service.diagnoses.iter().cloned();
        let diagnoses = diagnoses.map(|code| place(&mut facts.diagnoses, code));
        facts.lines.push(SuperbillLineFacts {
            date: service.date,
            place: service.place.clone(),
            code: service.code.clone(),
            modifiers: service.modifiers.clone(),
            description: service.description.clone(),
            diagnoses: diagnoses.collect(),
            units: u32::try_from(service.units).unwrap_or(1),
            clinician,
            charge,
            parts,
            bill_number: service.bill_number.to_string(),
        });
    }
    Ok(())
}

/// Where something stands in a list, at whose end it is put when it is new.
fn place<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    if let Some(place) = list.iter().position(|known| *known == item) {
        return place;
    }
    list.push(item);
    list.len() - 1
}

fn gaps(facts: &SuperbillFacts, client: &Client) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let missing = |text: &Option<String>| text.is_none();
    gaps.extend(missing(&facts.letterhead.npi).then_some(Gap::PracticeNpi));
    gaps.extend(missing(&facts.letterhead.tax_id).then_some(Gap::PracticeTaxId));
    gaps.extend(client.birth_date.is_none().then_some(Gap::BirthDate));
    for clinician in &facts.clinicians {
        let name = || clinician.name.clone();
        let empty = |text: &str| text.trim().is_empty();
        gaps.extend(empty(&clinician.npi).then(|| Gap::ClinicianNpi(name())));
        gaps.extend(empty(&clinician.licence).then(|| Gap::ClinicianLicence(name())));
    }
    let mut days = Vec::new();
    for line in &facts.lines {
        let place = (!line.place.is_empty()).then(|| place_of_service(&line.place));
        let of_day = [
            line.diagnoses
                .is_empty()
                .then_some(Gap::Diagnosis(line.date)),
            place
                .flatten()
                .is_none()
                .then_some(Gap::PlaceOfService(line.date)),
        ];
        days.extend(of_day.into_iter().flatten());
    }
    days.dedup();
    gaps.extend(days);
    gaps
}
