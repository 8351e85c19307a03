//! From the files to the plan. README.md beside this folder says how the columns were read.

use std::collections::BTreeMap;

use money::{Currency, Money, MoneyError};
use uuid::Uuid;

use super::people::Covers;
use super::{
    Bill, BillLine, ClientMethod, ClientPayment, InsurerPayment, Plan, Policy, ServiceLine,
    Session, card, people,
};
use crate::demo::synthea::{ChargeLine, Claim, ClaimCharges, EncounterClass, Method, Synthea};

impl Plan {
    /// Works out the plan.
    ///
    /// # Errors
    /// Amounts that do not fit, which files of any real size do not reach.
    pub fn of(synthea: &Synthea) -> Result<Self, MoneyError> {
        let covers = Covers::of(&synthea.coverages);
        let mut draft = Draft::default();
        for claim in &synthea.claims {
            if let Some(charges) = synthea.charges.get(&claim.row.id) {
                draft.take(synthea, &claim.row, charges, covers.policy(&claim.row))?;
            }
        }
        let mut plan = Self {
            clients: synthea
                .patients
                .iter()
                .map(|line| people::client(&line.row))
                .collect(),
            clinicians: synthea
                .providers
                .iter()
                .map(|line| people::clinician(&line.row))
                .collect(),
            payers: people::payers(synthea),
            policies: draft.policies.into_values().collect(),
            sessions: draft.sessions,
            bills: draft.bills,
            insurer_payments: draft.insurer_payments,
            client_payments: draft.client_payments,
            card_bills: Vec::new(),
        };
        plan.policies.sort_by(|a, b| {
            (a.client, a.payer, &a.member_number).cmp(&(b.client, b.payer, &b.member_number))
        });
        plan.sessions
            .sort_by_key(|session| (session.start_time, session.id));
        plan.bills
            .sort_by_key(|bill| (bill.service_time, bill.session));
        plan.insurer_payments
            .sort_by_key(|payment| (payment.time, payment.row));
        plan.client_payments
            .sort_by_key(|payment| (payment.time, payment.row));
        plan.card_bills = card::choose(synthea, &plan)?;
        for payment in &mut plan.client_payments {
            payment.online = plan
                .card_bills
                .iter()
                .any(|bill| bill.payment == payment.id);
        }
        Ok(plan)
    }
}

#[derive(Default)]
struct Draft {
    policies: BTreeMap<Uuid, Policy>,
    sessions: Vec<Session>,
    bills: Vec<Bill>,
    insurer_payments: Vec<InsurerPayment>,
    client_payments: Vec<ClientPayment>,
}

impl Draft {
    fn take(
        &mut self,
        synthea: &Synthea,
        claim: &Claim,
        charges: &ClaimCharges,
        policy: Option<Policy>,
    ) -> Result<(), MoneyError> {
        self.sessions.push(session(synthea, claim, charges));
        self.policies
            .extend(policy.clone().map(|policy| (policy.id, policy)));
        let lines = charges
            .lines
            .iter()
            .map(bill_line)
            .collect::<Result<Vec<_>, _>>()?;
        if lines.iter().all(|line| line.price.minor() == 0) {
            return Ok(());
        }
        let insured = lines.iter().any(|line| line.insurance_share.minor() > 0);
        self.bills.push(Bill {
            session: claim.id,
            client: claim.patientid,
            policy: policy.filter(|_| insured).map(|policy| policy.id),
            lines,
            service_time: claim.servicedate,
        });
        for line in &charges.lines {
            self.insurer_payments.extend(insurer_payments(claim, line));
            self.client_payments.extend(client_payments(claim, line));
        }
        Ok(())
    }
}

fn session(synthea: &Synthea, claim: &Claim, charges: &ClaimCharges) -> Session {
    let class = synthea
        .encounters
        .get(&claim.appointmentid)
        .map(|encounter| encounter.encounterclass);
    Session {
        id: claim.id,
        client: claim.patientid,
        clinician: claim.providerid,
        start_time: claim.servicedate,
        diagnosis_codes: claim.diagnoses.iter().map(|code| mended(code)).collect(),
        place_of_service: class.map_or("", place_of_service),
        lines: charges.lines.iter().map(service_line).collect(),
    }
}

/// The files wrote SNOMED ids as floating-point numbers, which have no room for the last digit of one of them. Its check
/// digit shows it, and billing would refuse it.
fn mended(code: &str) -> String {
    match code {
        "10939881000119104" => "10939881000119105".to_owned(),
        whole => whole.to_owned(),
    }
}

/// The CMS code set: office, urgent care, inpatient, on-campus outpatient, emergency room.
fn place_of_service(class: EncounterClass) -> &'static str {
    match class {
        EncounterClass::Ambulatory | EncounterClass::Wellness => "11",
        EncounterClass::UrgentCare => "20",
        EncounterClass::Inpatient => "21",
        EncounterClass::Outpatient => "22",
        EncounterClass::Emergency => "23",
    }
}

fn service_line(line: &ChargeLine) -> ServiceLine {
    let charge = &line.charge;
    ServiceLine {
        code: charge.procedurecode.clone(),
        description: charge.notes.clone(),
        units: charge.units,
        unit_price: charge.unitamount.unwrap_or(Money::zero(Currency::USD)),
    }
}

/// Insurance owes what insurers paid; the client owes the rest: co-pay, deductible, co-insurance, what was refused.
fn bill_line(line: &ChargeLine) -> Result<BillLine, MoneyError> {
    let price = line.charge.amount.unwrap_or(Money::zero(Currency::USD));
    let insurance_share = Money::sum(Currency::USD, line.insurers.iter().map(|paid| paid.amount))?;
    Ok(BillLine {
        price,
        client_share: price.minus(insurance_share)?,
        insurance_share,
    })
}

fn insurer_payments<'a>(
    claim: &'a Claim,
    line: &'a ChargeLine,
) -> impl Iterator<Item = InsurerPayment> + 'a {
    line.insurers.iter().filter_map(|paid| {
        let payer = if paid.secondary {
            claim.secondarypatientinsuranceid
        } else {
            claim.primarypatientinsuranceid
        };
        Some(InsurerPayment {
            id: paid.id,
            session: claim.id,
            payer: payer?,
            secondary: paid.secondary,
            amount: paid.amount,
            time: paid.time,
            row: paid.number,
        })
    })
}

fn client_payments<'a>(
    claim: &'a Claim,
    line: &'a ChargeLine,
) -> impl Iterator<Item = ClientPayment> + 'a {
    line.patient.iter().filter_map(|paid| {
        let method = match paid.method {
            Method::Cash => ClientMethod::Cash,
            Method::Check => ClientMethod::Check,
            Method::Cc => ClientMethod::Card,
            Method::Copay => ClientMethod::Copay,
            Method::Echeck => return None,
        };
        Some(ClientPayment {
            id: paid.id,
            session: claim.id,
            client: claim.patientid,
            method,
            amount: paid.amount,
            time: paid.time,
            row: paid.number,
            online: false,
        })
    })
}
