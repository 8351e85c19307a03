use super::get_statement::{Period, read};
use super::letter::{Pdf, addressed, letterhead, paper};
use crate::documents::{
    MovementFacts, MovementKind, StatementDocument, StatementFacts, render_statement,
};
use crate::domain::statement::{Change, Movement, Occasion};
use crate::{Billing, Result, store};
use ::rpc::Caller;
use ids::{ClientId, PracticeId};

/// Renders a client's statement. Errors: CLIENT_NOT_FOUND, INVALID_FIELD.
pub async fn download_statement(
    billing: &Billing,
    caller: &Caller,
    (practice_id, client): (PracticeId, ClientId),
    period: Period,
) -> Result<Pdf> {
    caller.within(practice_id)?;
    caller.sees_client(client)?;
    let now = billing.clock.now();
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    store::verify::freeze(&mut tx).await?;
    let practice = store::practices::get(&mut tx, practice_id).await?;
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
        paper: paper(practice.currency),
        letterhead: letterhead(&practice),
        number: None,
        issue_date: practice.local_date(now)?,
        from_date,
        to_date,
        client: addressed.client,
        prepared_for: addressed.to,
        opening: statement.opening,
        movements: statement.movements.into_iter().map(movement).collect(),
        closing: statement.closing,
        comments: None,
    };
    let document = StatementDocument::new(facts)?;
    Ok(Pdf {
        file_name: format!("Statement-{to_date}.pdf"),
        bytes: render_statement(&billing.typesetter, &document).await?,
    })
}

fn movement(movement: Movement) -> MovementFacts {
    let Change {
        date,
        occasion,
        amount,
        ..
    } = movement.change;
    MovementFacts {
        date,
        kind: kind(&occasion),
        words: occasion.words(),
        detail: occasion.detail(),
        amount,
    }
}

const fn kind(occasion: &Occasion) -> MovementKind {
    match occasion {
        Occasion::BillIssued { .. } => MovementKind::Charge,
        Occasion::BillCancelled { .. }
        | Occasion::BillEdited { .. }
        | Occasion::Adjusted { .. }
        | Occasion::AdjustmentReversed { .. } => MovementKind::Adjustment,
        Occasion::Payment { .. } => MovementKind::Payment,
        Occasion::InsurerPayment { .. } => MovementKind::Insurance,
        Occasion::Refund { .. } => MovementKind::Refund,
        Occasion::CreditApplied { .. } => MovementKind::Credit,
    }
}
