use jiff::civil::Date;
use money::{Money, MoneyError};
use serde::Serialize;
use typeset::{Identity, TypesetError, Typesetter};

use super::error::agree;
use super::wording::{Standing, amount, long_date, short_date};
use super::{DocumentError, DocumentPayment, Letterhead, Paper, Party, PaymentFacts, TotalRow};

/// What a receipt says, before it is put in words.
#[derive(Debug, Clone)]
pub struct ReceiptFacts {
    /// Never changes for this receipt; not printed.
    pub id: String,
    /// The sheet.
    pub paper: Paper,
    /// Who received the money.
    pub letterhead: Letterhead,
    /// The receipt's number.
    pub number: String,
    /// The date it bears; what is left is true for this day.
    pub issue_date: Date,
    /// Who paid.
    pub received_from: Party,
    /// Whose care it is for.
    pub client: String,
    /// What was paid, in order, and, below 0, what was given back of it.
    pub payments: Vec<PaymentFacts>,
    /// What of it was given back; not negative.
    pub returned: Money,
    /// What of it was moved to the client's credit when a bill did not need it any more; not negative.
    pub moved: Money,
    /// Where it went.
    pub applied: Vec<AppliedFacts>,
    /// What went to no bill and is kept for later ones; not negative.
    pub credit: Money,
    /// A word from the practice.
    pub note: Option<String>,
}

/// What one bill got.
#[derive(Debug, Clone)]
pub struct AppliedFacts {
    /// The practice's running number.
    pub number: String,
    /// The Invoice #, as `K7M2-9QXD`.
    pub reference: String,
    /// When the bill was issued.
    pub issue_date: Date,
    /// How much of the payments.
    pub applied: Money,
    /// What is left to pay on it.
    pub left: Money,
}

/// A receipt, ready to be printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptDocument {
    #[serde(skip)]
    identity: Identity,
    paper: Paper,
    title: &'static str,
    caption: String,
    description: String,
    footer: String,
    pub(super) letterhead: Letterhead,
    number: String,
    issue_date: String,
    received: String,
    received_from: Party,
    client: String,
    /// Stamped on it.
    pub mark: Option<&'static str>,
    /// Where the reader stands.
    pub standing: Standing,
    payments: Vec<DocumentPayment>,
    applied: Vec<AppliedBill>,
    /// From what was received to the balance.
    pub totals: Vec<TotalRow>,
    note: Option<String>,
}

/// An [`AppliedFacts`] in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppliedBill {
    number: String,
    reference: String,
    date: String,
    applied: String,
    left: String,
}

impl ReceiptDocument {
    /// The receipt of `facts`. Its balance is what is left on the bills it names.
    ///
    /// # Errors
    /// [`DocumentError::FiguresDisagree`] when the payments are not what was applied
    /// and what became credit, or what was given back of them not what they say, [`DocumentError::Money`].
    pub fn new(facts: ReceiptFacts) -> Result<Self, DocumentError> {
        let sums = Sums::of(&facts)?;
        let (received, left) = (sums.received, sums.left);
        let totals = totals(&facts, sums)?;
        let standing = standing(&facts, sums);
        Ok(Self {
            identity: Identity::new(facts.id, facts.issue_date),
            paper: facts.paper,
            title: "Receipt",
            caption: format!("Receipt {} for {}", facts.number, facts.received_from.name),
            description: format!(
                "{} received. {}. {}",
                amount(received),
                standing.text(),
                standing.sentence
            ),
            footer: format!("Receipt {}", facts.number),
            letterhead: facts.letterhead,
            number: facts.number,
            issue_date: long_date(facts.issue_date),
            received: amount(received),
            received_from: facts.received_from,
            client: facts.client,
            mark: (left.is_zero() && sums.applied.is_positive()).then_some("PAID"),
            standing,
            payments: facts
                .payments
                .into_iter()
                .map(DocumentPayment::from)
                .collect(),
            applied: facts.applied.into_iter().map(AppliedBill::from).collect(),
            totals,
            note: facts.note,
        })
    }
}

/// Sets the receipt as a PDF.
///
/// # Errors
/// [`TypesetError`]; `Busy` when too many documents wait.
pub async fn render_receipt(
    typesetter: &Typesetter,
    receipt: &ReceiptDocument,
) -> Result<Vec<u8>, TypesetError> {
    let logo = receipt.letterhead.picture();
    typesetter
        .queue_with("receipt.typ", receipt, &receipt.identity, logo)
        .await
}

/// What a receipt adds up.
#[derive(Clone, Copy)]
struct Sums {
    /// What came, before anything was given back.
    received: Money,
    /// What of it pays bills now.
    applied: Money,
    /// What is left to pay on them.
    left: Money,
}

impl Sums {
    fn of(facts: &ReceiptFacts) -> Result<Self, DocumentError> {
        let currency = facts.credit.currency();
        let sum = |amounts: &mut dyn Iterator<Item = Money>| Money::sum(currency, amounts);
        let amounts = || facts.payments.iter().map(|payment| payment.amount);
        let received = sum(&mut amounts().filter(|amount| amount.is_positive()))?;
        let given = facts.returned.plus(facts.moved)?;
        agree(
            "the amount given back",
            received.minus(sum(&mut amounts())?)?,
            given,
        )?;
        let applied = sum(&mut facts.applied.iter().map(|bill| bill.applied))?;
        let placed = applied.plus(facts.credit)?.plus(given)?;
        agree("the amount received", received, placed)?;
        Ok(Self {
            received,
            applied,
            left: sum(&mut facts.applied.iter().map(|bill| bill.left))?,
        })
    }
}

/// Thanks are for money that is still here, and what was given back is told before what is due.
fn standing(facts: &ReceiptFacts, sums: Sums) -> Standing {
    let mut standing = Standing::of(sums.left, None, facts.issue_date);
    if sums.left.is_zero() && !sums.applied.is_positive() {
        let sentence = if facts.credit.is_positive() {
            "It is kept as credit for later bills. Thank you."
        } else {
            "Nothing is due."
        };
        sentence.clone_into(&mut standing.sentence);
    }
    let given = [
        (facts.returned, "was given back."),
        (facts.moved, "was moved to your credit."),
    ];
    let given = given.into_iter().filter(|(money, _)| money.is_positive());
    let mut told: Vec<String> = given
        .map(|(money, words)| format!("{} {words}", amount(money)))
        .collect();
    told.push(standing.sentence);
    standing.sentence = told.join(" ");
    standing
}

fn totals(facts: &ReceiptFacts, sums: Sums) -> Result<Vec<TotalRow>, MoneyError> {
    let mut rows = vec![TotalRow::strong("Received", sums.received)];
    rows.extend(TotalRow::taken("Given back", facts.returned)?);
    rows.extend(TotalRow::taken("Moved to credit", facts.moved)?);
    rows.push(TotalRow::plain("Applied to bills", sums.applied));
    if !facts.credit.is_zero() {
        rows.push(TotalRow::plain(
            "Kept as credit for later bills",
            facts.credit,
        ));
    }
    rows.push(TotalRow::strong("Balance:", sums.left));
    Ok(rows)
}

impl From<AppliedFacts> for AppliedBill {
    fn from(bill: AppliedFacts) -> Self {
        Self {
            number: bill.number,
            reference: bill.reference,
            date: short_date(bill.issue_date),
            applied: amount(bill.applied),
            left: amount(bill.left),
        }
    }
}
