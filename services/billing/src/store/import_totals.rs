//! What of an import stands in the practice's own tables and books, to be compared with the files'. One query a kind,
//! each by keys only: the database has not counted the fresh rows yet and would plan larger ones badly.

use crate::Result;
use crate::domain::import::{FileKind, FileTotals};
use ids::{ImportId, PracticeId};
use money::{Currency, Money};
use sqlx::PgConnection;

/// Rows and sums by file, in the order of files, of those that have rows.
pub async fn written(
    conn: &mut PgConnection,
    practice: PracticeId,
    (import, currency): (ImportId, Currency),
) -> Result<Vec<FileTotals>> {
    let of = (practice, import);
    let mut totals = Vec::new();
    for file in FileKind::ALL {
        let (rows, minor) = match file {
            FileKind::Clients => (clients(conn, of).await?, 0),
            FileKind::Contacts => (contacts(conn, of).await?, 0),
            FileKind::OpeningBalances | FileKind::OpenBills => bills(conn, of, *file).await?,
            FileKind::Credits => credits(conn, of).await?,
            FileKind::Sessions => sessions(conn, of).await?,
        };
        if rows > 0 {
            totals.push(FileTotals {
                file: *file,
                rows,
                amount: Money::from_minor(minor, currency),
            });
        }
    }
    Ok(totals)
}

async fn clients(
    conn: &mut PgConnection,
    (practice, import): (PracticeId, ImportId),
) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*)::integer as "rows!"
        from billing.import_items item
        join billing.clients client on client.practice_id = item.practice_id and client.client_id = item.item_id
        where item.practice_id = $1 and item.import_id = $2 and item.kind = 'clients'
        "#,
        practice.uuid(),
        import.uuid(),
    )
    .fetch_one(conn)
    .await
}

async fn contacts(
    conn: &mut PgConnection,
    (practice, import): (PracticeId, ImportId),
) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*)::integer as "rows!"
        from billing.import_items item
        join billing.contacts contact
            on contact.practice_id = item.practice_id and contact.contact_id = item.item_id
        where item.practice_id = $1 and item.import_id = $2 and item.kind = 'contacts'
        "#,
        practice.uuid(),
        import.uuid(),
    )
    .fetch_one(conn)
    .await
}

/// What the books say is owed on bills, and nothing when the bills say something else.
async fn bills(
    conn: &mut PgConnection,
    (practice, import): (PracticeId, ImportId),
    file: FileKind,
) -> Result<(i32, i64), sqlx::Error> {
    let said = sqlx::query!(
        r#"
        select count(*)::integer as "rows!", coalesce(sum(bill.client_balance_minor), 0)::bigint as "amount!"
        from billing.import_items item
        join billing.bills bill on bill.practice_id = item.practice_id and bill.bill_id = item.item_id
        where item.practice_id = $1 and item.import_id = $2 and item.kind = $3
        "#,
        practice.uuid(),
        import.uuid(),
        file.name(),
    )
    .fetch_one(&mut *conn)
    .await?;
    let booked = sqlx::query!(
        r#"
        select
            count(*)::integer as "rows!",
            coalesce(sum(account.debits_minor - account.credits_minor), 0)::bigint as "amount!"
        from billing.import_items item
        join billing.accounts account
            on account.practice_id = item.practice_id and account.bill_id = item.item_id
        where item.practice_id = $1
            and item.import_id = $2
            and item.kind = $3
            and account.kind = 'client_receivable'
        "#,
        practice.uuid(),
        import.uuid(),
        file.name(),
    )
    .fetch_one(conn)
    .await?;
    let agree = (said.rows, said.amount) == (booked.rows, booked.amount);
    Ok(if agree {
        (booked.rows, booked.amount)
    } else {
        (0, 0)
    })
}

async fn credits(
    conn: &mut PgConnection,
    (practice, import): (PracticeId, ImportId),
) -> Result<(i32, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select count(*)::integer as "rows!", coalesce(sum(transfer.amount_minor), 0)::bigint as "amount!"
        from billing.import_items item
        join billing.transfers transfer
            on transfer.practice_id = item.practice_id and transfer.entry_id = item.item_id
        where item.practice_id = $1 and item.import_id = $2 and item.kind = 'credits'
        "#,
        practice.uuid(),
        import.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok((row.rows, row.amount))
}

async fn sessions(
    conn: &mut PgConnection,
    (practice, import): (PracticeId, ImportId),
) -> Result<(i32, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            count(*)::integer as "rows!",
            coalesce(sum(line.unit_price_minor * line.units), 0)::bigint as "amount!"
        from billing.import_items item
        join billing.session_lines line
            on line.practice_id = item.practice_id and line.session_id = item.item_id
        where item.practice_id = $1 and item.import_id = $2 and item.kind = 'sessions'
        "#,
        practice.uuid(),
        import.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok((row.rows, row.amount))
}
