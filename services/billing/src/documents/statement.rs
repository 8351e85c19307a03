use jiff::civil::Date;
use money::{Money, MoneyError};
use serde::Serialize;
use typeset::{Identity, TypesetError, Typesetter};

use super::error::agree;
use super::wording::{Standing, amount, long_date, short_date};
use super::{DocumentError, Letterhead, Paper, Party, TotalRow};
use crate::domain::statement::MovementKind;

/// What a statement says, before it is put in words.
#[derive(Debug, Clone)]
pub struct StatementFacts {
    /// Never changes for this statement; not printed.
    pub id: String,
    /// The sheet.
    pub paper: Paper,
    /// Whose statement.
    pub letterhead: Letterhead,
    /// The statement's number, if it has one.
    pub number: Option<String>,
    /// The date it bears.
    pub issue_date: Date,
    /// The first day it covers.
    pub from_date: Date,
    /// The last day it covers.
    pub to_date: Date,
    /// Whose care it is for.
    pub client: String,
    /// Who it is addressed to.
    pub prepared_for: Party,
    /// What was owed before the first day; negative for a credit.
    pub opening: Money,
    /// Everything in between, in order of date.
    pub movements: Vec<MovementFacts>,
    /// What the ledger says was owed after the last day; negative for a credit.
    pub closing: Money,
    /// A word from the practice.
    pub comments: Option<String>,
}

/// One act that changed what is owed.
#[derive(Debug, Clone)]
pub struct MovementFacts {
    /// Its local date.
    pub date: Date,
    /// What it is.
    pub kind: MovementKind,
    /// In words.
    pub words: String,
    /// A second line: codes, clinician, the bill.
    pub detail: Option<String>,
    /// Positive when more is owed after it, negative when less.
    pub amount: Money,
}

const fn plural(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::Brought => "Brought from the former system",
        MovementKind::Charge => "Charges",
        MovementKind::Insurance => "Insurance",
        MovementKind::Payment => "Payments",
        MovementKind::Refund => "Refunds",
        MovementKind::Credit => "Credits",
        MovementKind::Adjustment => "Adjustments",
    }
}

/// A statement, ready to be printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementDocument {
    #[serde(skip)]
    identity: Identity,
    paper: Paper,
    title: &'static str,
    caption: String,
    description: String,
    footer: String,
    pub(super) letterhead: Letterhead,
    number: Option<String>,
    issue_date: String,
    from_date: String,
    to_date: String,
    from_short_date: String,
    to_short_date: String,
    client: String,
    prepared_for: Party,
    /// Where the reader stands.
    pub standing: Standing,
    opening: String,
    movements: Vec<StatementMovement>,
    closing: String,
    totals: Vec<TotalRow>,
    comments: Option<String>,
}

/// A [`MovementFacts`] in words, with the balance after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementMovement {
    date: String,
    words: String,
    detail: Option<String>,
    charge: String,
    credit: String,
    balance: String,
}

impl StatementDocument {
    /// The statement of `facts`.
    ///
    /// # Errors
    /// [`DocumentError::FiguresDisagree`] when opening balance and movements do not
    /// lead to the ledger's closing balance, [`DocumentError::Money`].
    pub fn new(facts: StatementFacts) -> Result<Self, DocumentError> {
        let totals = totals(&facts)?;
        let mut balance = facts.opening;
        let mut movements = Vec::with_capacity(facts.movements.len());
        for movement in facts.movements {
            balance = balance.plus(movement.amount)?;
            movements.push(StatementMovement::of(movement, balance)?);
        }
        agree("the closing balance", facts.closing, balance)?;
        let standing = Standing::of(facts.closing, None, facts.to_date);
        Ok(Self {
            identity: Identity::new(facts.id, facts.issue_date),
            paper: facts.paper,
            title: "Statement",
            caption: format!(
                "Statement for {}, {} to {}",
                facts.client,
                long_date(facts.from_date),
                long_date(facts.to_date)
            ),
            description: format!("{}. {}", standing.text(), standing.sentence),
            footer: format!("Statement of {}", long_date(facts.issue_date)),
            letterhead: facts.letterhead,
            number: facts.number,
            issue_date: long_date(facts.issue_date),
            from_date: long_date(facts.from_date),
            to_date: long_date(facts.to_date),
            from_short_date: short_date(facts.from_date),
            to_short_date: short_date(facts.to_date),
            client: facts.client,
            prepared_for: facts.prepared_for,
            standing,
            opening: amount(facts.opening),
            movements,
            closing: amount(facts.closing),
            totals,
            comments: facts.comments,
        })
    }
}

/// Sets the statement as a PDF.
///
/// # Errors
/// [`TypesetError`]; `Busy` when too many documents wait.
pub async fn render_statement(
    typesetter: &Typesetter,
    statement: &StatementDocument,
) -> Result<Vec<u8>, TypesetError> {
    let logo = statement.letterhead.picture();
    typesetter
        .queue_with("statement.typ", statement, &statement.identity, logo)
        .await
}

fn totals(facts: &StatementFacts) -> Result<Vec<TotalRow>, MoneyError> {
    let currency = facts.closing.currency();
    let mut rows = vec![TotalRow::plain("Opening balance", facts.opening)];
    for kind in MovementKind::ALL {
        let mut of_kind = facts
            .movements
            .iter()
            .filter(|movement| movement.kind == kind)
            .peekable();
        if of_kind.peek().is_some() {
            let sum = Money::sum(currency, of_kind.map(|movement| movement.amount))?;
            rows.push(TotalRow::plain(plural(kind), sum));
        }
    }
    rows.push(TotalRow::strong("Balance:", facts.closing));
    Ok(rows)
}

impl StatementMovement {
    fn of(movement: MovementFacts, balance: Money) -> Result<Self, MoneyError> {
        let (charge, credit) = if movement.amount.is_negative() {
            (String::new(), amount(movement.amount.negated()?))
        } else {
            (amount(movement.amount), String::new())
        };
        Ok(Self {
            date: short_date(movement.date),
            words: movement.words,
            detail: movement.detail,
            charge,
            credit,
            balance: amount(balance),
        })
    }
}
