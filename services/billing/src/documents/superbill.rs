use jiff::civil::Date;
use money::{Money, MoneyError};
use serde::Serialize;
use typeset::{Identity, TypesetError, Typesetter};

use super::error::agree;
use super::wording::{Standing, amount, long_date, short_date};
use super::{DocumentError, Letterhead, Paper, Party, TotalRow};
use crate::domain::place_of_service::place_of_service;
use crate::domain::superbill::{Parts, pointer};

/// What a superbill says, before it is put in words.
#[derive(Debug, Clone)]
pub struct SuperbillFacts {
    /// Never changes for this superbill; not printed.
    pub id: String,
    /// The sheet.
    pub paper: Paper,
    /// Who treated and billed.
    pub letterhead: Letterhead,
    /// The date it bears; what was paid is true for this day.
    pub issue_date: Date,
    /// First day of service.
    pub from_date: Date,
    /// Last day of service.
    pub to_date: Date,
    /// Who was treated.
    pub client: Party,
    /// When it is known.
    pub birth_date: Option<Date>,
    /// May be none.
    pub policies: Vec<PolicyFacts>,
    /// ICD-10-CM codes in the order of their letters.
    pub diagnoses: Vec<String>,
    /// Who rendered services.
    pub clinicians: Vec<ClinicianFacts>,
    /// By day.
    pub lines: Vec<SuperbillLineFacts>,
}

/// Insurance a client has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyFacts {
    /// The insurer.
    pub payer: String,
    /// As on the card.
    pub member_number: String,
}

/// Who rendered services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClinicianFacts {
    /// With credentials.
    pub name: String,
    /// May be empty.
    pub licence: String,
    /// May be empty.
    pub npi: String,
}

/// A service that took place.
#[derive(Debug, Clone)]
pub struct SuperbillLineFacts {
    /// Day of the service.
    pub date: Date,
    /// CMS's code of the place; may be empty.
    pub place: String,
    /// CPT or HCPCS.
    pub code: String,
    /// In order.
    pub modifiers: Vec<String>,
    /// In words.
    pub description: String,
    /// Places in the facts' diagnoses, from 0.
    pub diagnoses: Vec<usize>,
    /// How many.
    pub units: u32,
    /// Place in the facts' clinicians, from 0.
    pub clinician: usize,
    /// For all units.
    pub charge: Money,
    /// Where the charge is; sums to it.
    pub parts: Parts,
    /// The practice's running number of the bill.
    pub bill_number: String,
}

/// A superbill, ready to be printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuperbillDocument {
    #[serde(skip)]
    pub(super) identity: Identity,
    paper: Paper,
    title: &'static str,
    caption: String,
    description: String,
    footer: String,
    pub(super) letterhead: Letterhead,
    issue_date: String,
    from_date: String,
    to_date: String,
    client: Party,
    birth_date: Option<String>,
    policies: Vec<PolicyFacts>,
    diagnoses: Vec<DiagnosisRow>,
    clinicians: Vec<ClinicianFacts>,
    places: Vec<PlaceRow>,
    lines: Vec<SuperbillRow>,
    sums: [String; 5],
    /// Where the reader stands.
    pub standing: Standing,
    /// From charges to the balance.
    pub totals: Vec<TotalRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct DiagnosisRow {
    pointer: String,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct PlaceRow {
    code: String,
    name: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct SuperbillRow {
    date: String,
    bill: String,
    place: String,
    code: String,
    description: String,
    clinician: Option<String>,
    pointers: String,
    units: String,
    charge: String,
    client: String,
    insurance: String,
    adjusted: String,
    balance: String,
}

impl SuperbillDocument {
    /// The superbill of `facts`.
    ///
    /// # Errors
    /// [`DocumentError::FiguresDisagree`] when the parts of a line are not its charge, [`DocumentError::Money`].
    pub fn new(facts: SuperbillFacts) -> Result<Self, DocumentError> {
        let sums = Sums::of(&facts)?;
        for line in &facts.lines {
            let parts = line.parts;
            let all = [parts.client, parts.insurance, parts.adjusted, parts.balance];
            let computed = Money::sum(line.charge.currency(), all)?;
            agree("a service's charge", line.charge, computed)?;
        }
        let pending = sums.parts.pending;
        let owed = sums.parts.balance.minus(pending)?;
        let standing = Standing::of(owed, None, facts.issue_date).awaiting(pending);
        let range = if facts.from_date == facts.to_date {
            short_date(facts.from_date)
        } else {
            let (from, to) = (short_date(facts.from_date), short_date(facts.to_date));
            format!("{from} to {to}")
        };
        let caption = format!("Superbill for {}, {range}", facts.client.name);
        let several = facts.clinicians.len() > 1;
        let lines = facts.lines.iter().map(|line| row(line, &facts, several));
        Ok(Self {
            identity: Identity::new(facts.id.clone(), facts.issue_date),
            paper: facts.paper,
            title: "Superbill",
            description: format!("{}. {}", standing.text(), standing.sentence),
            footer: caption.clone(),
            caption,
            issue_date: long_date(facts.issue_date),
            from_date: long_date(facts.from_date),
            to_date: long_date(facts.to_date),
            birth_date: facts.birth_date.map(long_date),
            places: places(&facts.lines),
            lines: lines.collect(),
            sums: sums.printed(),
            totals: sums.totals()?,
            diagnoses: diagnoses(facts.diagnoses),
            letterhead: facts.letterhead,
            client: facts.client,
            policies: facts.policies,
            clinicians: facts.clinicians,
            standing,
        })
    }
}

/// Sets the superbill as a PDF.
///
/// # Errors
/// [`TypesetError`]; `Busy` when too many documents wait.
pub async fn render_superbill(
    typesetter: &Typesetter,
    superbill: &SuperbillDocument,
) -> Result<Vec<u8>, TypesetError> {
    let logo = superbill.letterhead.picture();
    typesetter
        .queue_with("superbill.typ", superbill, &superbill.identity, logo)
        .await
}

fn diagnoses(codes: Vec<String>) -> Vec<DiagnosisRow> {
    let lettered = codes.into_iter().enumerate();
    lettered
        .map(|(place, code)| DiagnosisRow {
            pointer: pointer(place),
            code,
        })
        .collect()
}

/// The names of the places, once each, by code.
fn places(lines: &[SuperbillLineFacts]) -> Vec<PlaceRow> {
    let mut places: Vec<PlaceRow> = Vec::new();
    for line in lines {
        if let Some(name) = place_of_service(&line.place)
            && !places.iter().any(|place| place.code == line.place)
        {
            places.push(PlaceRow {
                code: line.place.clone(),
                name,
            });
        }
    }
    places.sort_by(|one, other| one.code.cmp(&other.code));
    places
}

fn row(line: &SuperbillLineFacts, facts: &SuperbillFacts, several: bool) -> SuperbillRow {
    let codes = [line.code.clone()]
        .into_iter()
        .chain(line.modifiers.clone());
    let pointers: Vec<_> = line.diagnoses.iter().copied().map(pointer).collect();
    let clinician = facts.clinicians.get(line.clinician);
    SuperbillRow {
        date: short_date(line.date),
        bill: format!("Bill {}", line.bill_number),
        place: line.place.clone(),
        code: codes.collect::<Vec<_>>().join(" · "),
        description: line.description.clone(),
        clinician: clinician
            .filter(|_| several)
            .map(|clinician| clinician.name.clone()),
        pointers: pointers.join(" "),
        units: line.units.to_string(),
        charge: amount(line.charge),
        client: amount(line.parts.client),
        insurance: amount(line.parts.insurance),
        adjusted: amount(line.parts.adjusted),
        balance: amount(line.parts.balance),
    }
}

/// The sums of all lines.
struct Sums {
    charge: Money,
    parts: Parts,
}

impl Sums {
    fn of(facts: &SuperbillFacts) -> Result<Self, MoneyError> {
        let mut lines = facts.lines.iter();
        let Some(first) = lines.next() else {
            return Err(MoneyError::NoParts);
        };
        let mut sums = Self {
            charge: first.charge,
            parts: first.parts,
        };
        for line in lines {
            let parts = &mut sums.parts;
            sums.charge = sums.charge.plus(line.charge)?;
            parts.client = parts.client.plus(line.parts.client)?;
            parts.insurance = parts.insurance.plus(line.parts.insurance)?;
            parts.adjusted = parts.adjusted.plus(line.parts.adjusted)?;
            parts.balance = parts.balance.plus(line.parts.balance)?;
            parts.pending = parts.pending.plus(line.parts.pending)?;
        }
        Ok(sums)
    }

    fn printed(&self) -> [String; 5] {
        let parts = &self.parts;
        [
            self.charge,
            parts.client,
            parts.insurance,
            parts.adjusted,
            parts.balance,
        ]
        .map(amount)
    }

    fn totals(&self) -> Result<Vec<TotalRow>, MoneyError> {
        let mut rows = vec![TotalRow::plain("Charges", self.charge)];
        rows.push(TotalRow::plain(
            "Paid by client",
            self.parts.client.negated()?,
        ));
        rows.extend(TotalRow::taken("Paid by insurers", self.parts.insurance)?);
        rows.extend(TotalRow::taken("Adjustments", self.parts.adjusted)?);
        rows.extend(TotalRow::taken("With insurers", self.parts.pending)?);
        let owed = self.parts.balance.minus(self.parts.pending)?;
        rows.push(TotalRow::strong("Balance:", owed));
        Ok(rows)
    }
}
