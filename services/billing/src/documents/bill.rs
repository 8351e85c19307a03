use jiff::civil::Date;
use money::Money;
use serde::Serialize;
use typeset::{Identity, TypesetError, Typesetter};

use super::error::agree;
use super::wording::{Standing, amount, long_date, short_date};
use super::{DocumentError, DocumentPayment, Letterhead, Paper, Party, PaymentFacts, TotalRow};

/// What a bill says, before it is put in words.
#[derive(Debug, Clone)]
pub struct BillFacts {
    /// Never changes for this bill; not printed.
    pub id: String,
    /// The sheet.
    pub paper: Paper,
    /// Who bills.
    pub letterhead: Letterhead,
    /// The practice's running number.
    pub number: String,
    /// The Invoice #, as `K7M2-9QXD`.
    pub reference: String,
    /// When it was issued.
    pub issue_date: Date,
    /// Until when it is to be paid.
    pub due_date: Option<Date>,
    /// The day the figures are true for.
    pub as_of_date: Date,
    /// Whose care it is for.
    pub client: String,
    /// Who pays: the client, or a contact of theirs.
    pub billed_to: Party,
    /// How to pay online, for a shared bill.
    pub share: Option<Share>,
    /// What was done, in order.
    pub lines: Vec<LineFacts>,
    /// What was taken off, each told to the client; the ledger may know of more.
    pub adjustments: Vec<AdjustmentFacts>,
    /// What the client or contact paid towards it, in order.
    pub payments: Vec<PaymentFacts>,
    /// The sums, from the ledger.
    pub figures: BillFigures,
    /// It no longer counts.
    pub cancelled: bool,
    /// A word from the practice.
    pub note: Option<String>,
}

/// The ledger's figures for a bill, none of them negative. With charges the sum of the
/// lines and payments the sum of the payments:
/// charges − adjustments − insurance − payments − credits = balance.
#[derive(Debug, Clone, Copy)]
pub struct BillFigures {
    /// Discounts, contractual adjustments, waivers and write-offs of both shares.
    pub adjustments: Money,
    /// What the insurer is responsible for, after adjustments.
    pub insurance: Money,
    /// What of `insurance` it has not paid yet.
    pub insurance_balance: Money,
    /// Client credit applied.
    pub credits: Money,
    /// What the client or contact still owes.
    pub balance: Money,
}

/// What was taken off a bill, in words for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustmentFacts {
    /// `Discount: first visit`, `Today's session is free`.
    pub label: String,
    /// How much was taken off; above 0.
    pub amount: Money,
}

/// One service or product on a bill.
#[derive(Debug, Clone)]
pub struct LineFacts {
    /// Date of service.
    pub date: Date,
    /// In words.
    pub service: String,
    /// CPT or HCPCS.
    pub code: Option<String>,
    /// In order, such as `95`.
    pub modifiers: Vec<String>,
    /// Name and credentials.
    pub clinician: Option<String>,
    /// How many.
    pub units: u32,
    /// For all units.
    pub amount: Money,
}

/// How a client gets at a shared bill without an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Six digits.
    pub access_code: String,
    /// The pay page of this bill, absolute; opens it without the code.
    pub link: String,
    /// The pay page as people type it, absolute; it asks for the code.
    pub address: String,
}

/// A bill, ready to be printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BillDocument {
    #[serde(skip)]
    identity: Identity,
    paper: Paper,
    title: &'static str,
    caption: String,
    description: String,
    footer: String,
    pub(super) letterhead: Letterhead,
    number: String,
    reference: String,
    issue_date: String,
    due_date: Option<String>,
    client: String,
    billed_to: Party,
    share: Option<SharePanel>,
    /// Stamped on it.
    pub mark: Option<&'static str>,
    /// Where the reader stands.
    pub standing: Standing,
    lines: Vec<DocumentLine>,
    payments: Vec<DocumentPayment>,
    /// From charges to the balance.
    pub totals: Vec<TotalRow>,
    note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct SharePanel {
    heading: &'static str,
    reference: String,
    access_code: String,
    link: String,
    link_words: String,
}

/// A [`LineFacts`] in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentLine {
    date: String,
    service: String,
    code: String,
    clinician: String,
    units: String,
    amount: String,
}

impl BillDocument {
    /// The bill of `facts`.
    ///
    /// # Errors
    /// [`DocumentError::FiguresDisagree`] when the figures do not add up,
    /// [`DocumentError::CancelledWithBalance`], [`DocumentError::Money`].
    pub fn new(facts: BillFacts) -> Result<Self, DocumentError> {
        let totals = totals(&facts)?;
        let settled = facts.figures.balance.is_zero() && facts.figures.insurance_balance.is_zero();
        if facts.cancelled && !settled {
            return Err(DocumentError::CancelledWithBalance(facts.figures.balance));
        }
        let mut standing = Standing::of(facts.figures.balance, facts.due_date, facts.as_of_date)
            .awaiting(facts.figures.insurance_balance);
        if facts.cancelled {
            standing.sentence = "This bill was cancelled. Nothing is due.".to_owned();
        }
        let mark = match (facts.cancelled, settled, costs_nothing(&facts)) {
            (true, _, _) => Some("CANCELLED"),
            (false, true, true) => Some("NOTHING DUE"),
            (false, true, false) => Some("PAID"),
            (false, false, _) => None,
        };
        let open = facts.figures.balance.is_positive();
        let reference = facts.reference;
        Ok(Self {
            identity: Identity::new(facts.id, facts.as_of_date),
            paper: facts.paper,
            title: "Bill",
            caption: format!("Bill {} for {}", facts.number, facts.client),
            description: format!("{}. {}", standing.text(), standing.sentence),
            footer: format!("Invoice # {reference}"),
            letterhead: facts.letterhead,
            number: facts.number,
            issue_date: long_date(facts.issue_date),
            due_date: facts.due_date.map(long_date),
            client: facts.client,
            billed_to: facts.billed_to,
            share: facts
                .share
                .map(|share| SharePanel::of(share, &reference, open)),
            reference,
            mark,
            standing,
            lines: facts.lines.into_iter().map(DocumentLine::from).collect(),
            payments: facts
                .payments
                .into_iter()
                .map(DocumentPayment::from)
                .collect(),
            totals,
            note: facts.note,
        })
    }
}

/// Sets the bill as a PDF.
///
/// # Errors
/// [`TypesetError`]; `Busy` when too many documents wait.
pub async fn render_bill(
    typesetter: &Typesetter,
    bill: &BillDocument,
) -> Result<Vec<u8>, TypesetError> {
    let logo = bill.letterhead.picture();
    typesetter
        .queue_with("bill.typ", bill, &bill.identity, logo)
        .await
}

/// Nobody paid anything and nobody has to: it cost nothing, or all of it was waived.
fn costs_nothing(facts: &BillFacts) -> bool {
    let figures = facts.figures;
    facts.payments.is_empty() && figures.credits.is_zero() && figures.insurance.is_zero()
}

fn totals(facts: &BillFacts) -> Result<Vec<TotalRow>, DocumentError> {
    let figures = facts.figures;
    let currency = figures.balance.currency();
    let charges = Money::sum(currency, facts.lines.iter().map(|line| line.amount))?;
    let payments = Money::sum(
        currency,
        facts.payments.iter().map(|payment| payment.amount),
    )?;
    let client = charges
        .minus(figures.adjustments)?
        .minus(figures.insurance)?;
    agree(
        "the balance",
        figures.balance,
        client.minus(payments)?.minus(figures.credits)?,
    )?;

    let mut rows = vec![TotalRow::plain("Charges", charges)];
    rows.extend(adjustment_rows(facts)?);
    rows.extend(TotalRow::taken(
        "Insurance responsibility",
        figures.insurance,
    )?);
    if client != charges {
        rows.push(TotalRow::strong("Client responsibility", client));
    }
    rows.push(
        TotalRow::taken("Payments", payments)?.unwrap_or(TotalRow::plain("Payments", payments)),
    );
    rows.extend(TotalRow::taken("Credits applied", figures.credits)?);
    rows.push(TotalRow::strong("Balance:", figures.balance));
    Ok(rows)
}

/// What was told to the client as it was told, and the rest of what was taken off.
fn adjustment_rows(facts: &BillFacts) -> Result<Vec<TotalRow>, DocumentError> {
    let all = facts.figures.adjustments;
    let told = Money::sum(
        all.currency(),
        facts.adjustments.iter().map(|adjustment| adjustment.amount),
    )?;
    let rest = all.minus(told)?;
    if rest.is_negative() {
        return Err(DocumentError::FiguresDisagree {
            figure: "what was taken off",
            stated: all,
            computed: told,
        });
    }
    let mut rows = Vec::new();
    for adjustment in &facts.adjustments {
        rows.extend(TotalRow::taken(&adjustment.label, adjustment.amount)?);
    }
    let words = match (facts.cancelled, facts.adjustments.is_empty()) {
        (true, _) => "Cancelled",
        (false, true) => "Adjustments",
        (false, false) => "Other adjustments",
    };
    rows.extend(TotalRow::taken(words, rest)?);
    Ok(rows)
}

impl SharePanel {
    fn of(share: Share, reference: &str, open: bool) -> Self {
        let link_words = share.address.trim_start_matches("https://").to_owned();
        Self {
            heading: if open { "Pay online" } else { "View online" },
            reference: reference.to_owned(),
            access_code: share.access_code,
            link_words,
            link: share.link,
        }
    }
}

impl From<LineFacts> for DocumentLine {
    fn from(line: LineFacts) -> Self {
        let codes: Vec<String> = line.code.into_iter().chain(line.modifiers).collect();
        Self {
            date: short_date(line.date),
            service: line.service,
            code: codes.join(" · "),
            clinician: line.clinician.unwrap_or_default(),
            units: line.units.to_string(),
            amount: amount(line.amount),
        }
    }
}
