use super::letter::{addressed, head};
use crate::documents::{MovementFacts, StatementDocument, StatementFacts};
use crate::domain::statement::{Movement, Statement};
use crate::store::practices::Practice;
use crate::store::statements::Span;
use crate::{Billing, Error, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{ClientId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use sqlx::PgConnection;

/// More would be a book and not a statement; it also fits into a document's limits.
const CHANGES_MAX: i64 = 2_000;

/// Which days a statement is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// First day; none is from the beginning.
    pub from: Option<Date>,
    /// Last day; none is today in the practice's time zone.
    pub to: Option<Date>,
}

/// What a statement is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatementAsked {
    /// Which days.
    pub period: Period,
    /// Printed below the movements; empty: none.
    pub comments: String,
}

/// A statement: what its PDF says, and the ledger's movements behind it.
#[derive(Debug)]
pub struct ShownStatement {
    /// The movements with their entries.
    pub statement: Statement,
    /// As printed.
    pub facts: StatementFacts,
    /// The same in words.
    pub document: StatementDocument,
}

/// Reads a client's statement. Errors: CLIENT_NOT_FOUND, INVALID_FIELD.
pub async fn get_statement(
    billing: &Billing,
    caller: &Caller,
    (practice_id, client): (PracticeId, ClientId),
    asked: StatementAsked,
) -> Result<ShownStatement> {
    caller.within(practice_id)?;
    caller.sees_client(client)?;
    let now = billing.clock.now();
    let period = asked.period;
    let mut tx = pg::begin_snapshot(&billing.db, practice_id).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let (letterhead, paper) = head(&mut tx, &practice).await?;
    let addressed = addressed(&mut tx, practice_id, client).await?;
    let (statement, to_date) = read(&mut tx, &practice, client, (period, now)).await?;
    tx.rollback().await?;

    let first = statement.movements.first();
    let from_date = period
        .from
        .or(first.map(|movement| movement.change.date))
        .unwrap_or(to_date);
    let facts = StatementFacts {
        id: format!("{client} {from_date} {to_date}"),
        paper,
        letterhead,
        number: None,
        issue_date: practice.local_date(now)?,
        from_date,
        to_date,
        client: addressed.client,
        prepared_for: addressed.to,
        opening: statement.opening,
        movements: statement.movements.iter().map(movement).collect(),
        closing: statement.closing,
        comments: Some(asked.comments).filter(|comments| !comments.trim().is_empty()),
    };
    Ok(ShownStatement {
        document: StatementDocument::new(facts.clone())?,
        statement,
        facts,
    })
}

fn movement(movement: &Movement) -> MovementFacts {
    let change = &movement.change;
    MovementFacts {
        date: change.date,
        kind: change.occasion.kind(),
        words: change.occasion.words(),
        detail: change.occasion.detail(),
        amount: change.amount,
    }
}

/// The statement in a transaction that reads one moment, and its last day. What the movements lead to is compared with
/// what the ledger says by itself: a statement that is not to the cent is never shown.
async fn read(
    conn: &mut PgConnection,
    practice: &Practice,
    client: ClientId,
    (period, now): (Period, Timestamp),
) -> Result<(Statement, Date)> {
    let (id, currency) = (practice.practice, practice.currency);
    let to = match period.to {
        Some(to) => to,
        None => practice.local_date(now)?,
    };
    if period.from.is_some_and(|from| from > to) {
        return Err(Invalid::new("from_date", format!("must not be after {to}")).into());
    }
    let before = period.from.map(Date::yesterday).transpose();
    let before = before.map_err(|_| Invalid::new("from_date", "must be a later day"))?;
    let opening = match before {
        Some(day) => store::statements::balance(conn, id, client, (day, currency)).await?,
        None => Money::zero(currency),
    };
    let span = Span {
        from: period.from,
        to,
        limit: CHANGES_MAX + 1,
    };
    let changes = store::statements::changes(conn, id, client, (span, currency)).await?;
    if changes.len() > usize::try_from(CHANGES_MAX).unwrap_or(usize::MAX) {
        let must = format!("must be later: the period has more than {CHANGES_MAX} movements");
        return Err(Invalid::new("from_date", must).into());
    }
    let statement = Statement::of(opening, changes)?;
    let closing = store::statements::balance(conn, id, client, (to, currency)).await?;
    if statement.closing != closing {
        return Err(Error::Stored("entries that do not lead to the balance"));
    }
    Ok((statement, to))
}
