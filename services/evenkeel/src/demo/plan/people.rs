//! Patients, providers, payers and coverages as clients, clinicians, payers and policies.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Client, Clinician, Payer, Policy};
use crate::demo::synthea::{Claim, Coverage, Line, Patient, Provider, Synthea};

const NO_INSURANCE: &str = "NO_INSURANCE";

pub fn client(patient: &Patient) -> Client {
    Client {
        id: patient.id,
        given_name: patient.first.clone(),
        family_name: patient.last.clone(),
        email: format!(
            "{}.{}@example.org",
            mailbox(&patient.first),
            mailbox(&patient.last)
        ),
        birth_date: patient.birthdate,
        street: patient.address.clone(),
        city: patient.city.clone(),
        region: patient.state.clone(),
        postal_code: patient.zip.clone(),
    }
}

pub fn clinician(provider: &Provider) -> Clinician {
    Clinician {
        id: provider.id,
        name: provider.name.clone(),
        speciality: titled(&provider.speciality),
    }
}

pub fn payers(synthea: &Synthea) -> Vec<Payer> {
    let payers = synthea.payers.iter().map(|line| &line.row);
    payers
        .filter(|payer| payer.name != NO_INSURANCE)
        .map(|p| Payer {
            id: p.id,
            name: p.name.clone(),
        })
        .collect()
}

/// Terms of cover by patient, to find the policy of a claim.
pub struct Covers<'a>(BTreeMap<Uuid, Vec<&'a Coverage>>);

impl<'a> Covers<'a> {
    pub fn of(coverages: &'a [Line<Coverage>]) -> Self {
        let mut by_patient: BTreeMap<Uuid, Vec<&Coverage>> = BTreeMap::new();
        for line in coverages {
            by_patient
                .entry(line.row.patient)
                .or_default()
                .push(&line.row);
        }
        Self(by_patient)
    }

    /// The policy with the claim's primary insurer at the time of the service; none when it names no insurer.
    pub fn policy(&self, claim: &Claim) -> Option<Policy> {
        let payer = claim.primarypatientinsuranceid?;
        let terms = self.0.get(&claim.patientid)?;
        let term = terms
            .iter()
            .find(|term| term.payer == payer && term.covers(claim.servicedate))?;
        let key = [
            claim.patientid.as_bytes().as_slice(),
            payer.as_bytes(),
            term.memberid.as_bytes(),
        ];
        Some(Policy {
            id: ids::derive_uuid("demo.policy", &key),
            client: claim.patientid,
            payer,
            member_number: term.memberid.clone(),
        })
    }
}

fn mailbox(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

fn titled(capitals: &str) -> String {
    let words = capitals.split_whitespace().map(|word| {
        let mut letters = word.chars();
        let first = letters.next().into_iter();
        first
            .chain(letters.flat_map(char::to_lowercase))
            .collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}
