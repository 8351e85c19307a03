use super::printed;
use crate::Result;
use crate::documents::SuperbillLineFacts;
use crate::domain::place_of_service::place_of_service;
use crate::domain::superbill::{Gap, pointer};
use crate::ops::get_superbill::ShownSuperbill;
use crate::store::monthly_superbills::{File, MonthlySuperbill};
use crate::store::superbills::Scope;
use ::rpc::{Invalid, parse, wire};
use pg::Page;
use proto::billing::v1 as contract;
use proto::google::r#type::Date;

/// A bill's services, or those of a range of days. Errors: INVALID_FIELD.
pub fn scope(bill_id: &str, from_date: Option<Date>, to_date: Option<Date>) -> Result<Scope> {
    let days = from_date.is_some() || to_date.is_some();
    match parse::optional(bill_id, "bill_id")? {
        Some(_) if days => Err(Invalid::new("bill_id", "must be left out with dates").into()),
        Some(bill) => Ok(Scope::Bill(bill)),
        None => {
            let from = parse::date(from_date, "from_date")?;
            let to = parse::date(to_date, "to_date")?;
            if from > to {
                let must = format!("must not be after {to}");
                return Err(Invalid::new("from_date", must).into());
            }
            Ok(Scope::Days(from, to))
        }
    }
}

/// A superbill as data.
#[must_use]
pub fn superbill(shown: ShownSuperbill) -> contract::GetSuperbillResponse {
    let ShownSuperbill {
        facts,
        document,
        gaps,
    } = shown;
    let policies = facts.policies.into_iter();
    let diagnoses = facts.diagnoses.into_iter().enumerate();
    let clinicians = facts.clinicians.into_iter();
    let printed = contract::SuperbillDocument {
        letterhead: Some(printed::letterhead(facts.letterhead)),
        issue_date: Some(wire::date(facts.issue_date)),
        from_date: Some(wire::date(facts.from_date)),
        to_date: Some(wire::date(facts.to_date)),
        client: Some(printed::party(facts.client)),
        birth_date: facts.birth_date.map(wire::date),
        policies: policies
            .map(|policy| contract::SuperbillPolicy {
                payer_name: policy.payer,
                member_number: policy.member_number,
            })
            .collect(),
        diagnoses: diagnoses
            .map(|(place, code)| contract::SuperbillDiagnosis {
                pointer: pointer(place),
                code,
            })
            .collect(),
        clinicians: clinicians
            .map(|clinician| contract::SuperbillClinician {
                name: clinician.name,
                licence: clinician.licence,
                npi: clinician.npi,
            })
            .collect(),
        lines: facts.lines.into_iter().map(line).collect(),
        totals: printed::totals(&document.totals),
        balance: Some(printed::balance(&document.standing)),
    };
    contract::GetSuperbillResponse {
        document: Some(printed),
        warnings: gaps.iter().map(warning).collect(),
    }
}

fn line(line: SuperbillLineFacts) -> contract::SuperbillLine {
    let number = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    contract::SuperbillLine {
        service_date: Some(wire::date(line.date)),
        place_of_service_name: place_of_service(&line.place).unwrap_or_default().to_owned(),
        place_of_service: line.place,
        service_code: line.code,
        modifiers: line.modifiers,
        description: line.description,
        diagnosis_pointers: line.diagnoses.into_iter().map(pointer).collect(),
        units: i32::try_from(line.units).unwrap_or(i32::MAX),
        clinician_number: number(line.clinician + 1),
        charge: Some(wire::money(line.charge)),
        client_paid: Some(wire::money(line.parts.client)),
        insurance_paid: Some(wire::money(line.parts.insurance)),
        adjusted: Some(wire::money(line.parts.adjusted)),
        balance: Some(wire::money(line.parts.balance)),
        insurance_pending: Some(wire::money(line.parts.pending)),
        bill_number: line.bill_number,
    }
}

fn warning(gap: &Gap) -> contract::SuperbillWarning {
    let kind = match gap {
        Gap::PracticeNpi => contract::SuperbillGap::PracticeNpi,
        Gap::PracticeTaxId => contract::SuperbillGap::PracticeTaxId,
        Gap::ClinicianNpi(_) => contract::SuperbillGap::ClinicianNpi,
        Gap::ClinicianLicence(_) => contract::SuperbillGap::ClinicianLicence,
        Gap::BirthDate => contract::SuperbillGap::BirthDate,
        Gap::Diagnosis(_) => contract::SuperbillGap::Diagnosis,
        Gap::PlaceOfService(_) => contract::SuperbillGap::PlaceOfService,
    };
    contract::SuperbillWarning {
        gap: kind.into(),
        text: gap.to_string(),
    }
}

/// A page of superbills that made themselves.
#[must_use]
pub fn monthly_page(
    page: Page<(MonthlySuperbill, Option<File>)>,
) -> contract::ListMonthlySuperbillsResponse {
    contract::ListMonthlySuperbillsResponse {
        superbills: page.items.into_iter().map(monthly).collect(),
        next_page_token: page.next_page_token,
    }
}

fn monthly((superbill, file): (MonthlySuperbill, Option<File>)) -> contract::MonthlySuperbill {
    let attached = superbill.with_pdf && file.is_some();
    let (file_name, size_bytes, sha256) = file
        .map(|file| (file.name, file.size_bytes, file.sha256))
        .unwrap_or_default();
    contract::MonthlySuperbill {
        document_id: superbill.document.to_string(),
        client_id: superbill.client.to_string(),
        month: Some(wire::date(superbill.month)),
        missing: superbill.missing,
        file_name,
        size_bytes,
        sha256: sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
        attached,
        create_time: Some(wire::time(superbill.create_time)),
    }
}
