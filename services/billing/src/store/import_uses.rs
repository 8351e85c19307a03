//! What was built on an import by something that did not come with it, and still counts: what was taken back since
//! (a payment that was refunded in full, an adjustment that was reversed, a bill that was cancelled) sums to nothing, is
//! history, and stays with the bills and clients that are cancelled and hidden. Of each kind a few are named.

use crate::Use;
use crate::domain::import::Item;
use ids::{BillId, ClientId, ImportId, PaymentId, PracticeId, SessionId};
use money::{Currency, Money};
use sqlx::PgConnection;
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// So many of each kind.
const USES_MAX: i64 = 20;
const USES_SHOWN: usize = 20;

/// All of it. `items` are what came with the import; its sessions, clients and bills are locked.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    (import, currency): (ImportId, Currency),
    items: &[Item],
) -> Result<Vec<Use>, sqlx::Error> {
    let mut uses = of_sessions(conn, practice, import).await?;
    uses.extend(of_bills(conn, practice, import).await?);
    uses.extend(of_payments(conn, practice, (import, currency)).await?);
    uses.extend(of_clients(conn, practice, import, items).await?);
    Ok(uses)
}

/// A session that is or was on a bill has its place in the bill's history.
async fn of_sessions(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
) -> Result<Vec<Use>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select distinct line.session_id as "session_id!: SessionId", bill.number
        from billing.import_items item
        join billing.bill_lines line on line.practice_id = item.practice_id and line.session_id = item.item_id
        join billing.bills bill on bill.practice_id = line.practice_id and bill.bill_id = line.bill_id
        where item.practice_id = $1 and item.import_id = $2 and item.kind = 'sessions'
        limit $3
        "#,
        practice.uuid(),
        import.uuid(),
        USES_MAX,
    )
    .fetch_all(conn)
    .await?;
    let used = rows.into_iter().map(|row| Use {
        subject: row.session_id.to_string(),
        what: format!("is on bill {}", row.number),
    });
    Ok(used.collect())
}

/// Any act on a bill beside its coming and its end. Payments and credit on it show in what is owed, which the caller
/// looks at.
async fn of_bills(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
) -> Result<Vec<Use>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select distinct bill.bill_id as "bill_id: BillId", bill.number, entry.kind
        from billing.import_items item
        join billing.bills bill on bill.practice_id = item.practice_id and bill.bill_id = item.item_id
        join billing.entries entry on entry.practice_id = bill.practice_id and entry.bill_id = bill.bill_id
        where item.practice_id = $1
            and item.import_id = $2
            and item.kind in ('opening_balances', 'open_bills')
            and bill.cancel_time is null
            and entry.kind not in ('opening_balance', 'adjustment_reversed', 'credit_applied', 'credit_reversed')
            and not exists (
                select
                from billing.adjustments taken_back
                where taken_back.practice_id = entry.practice_id
                    and taken_back.entry_id = entry.entry_id
                    and taken_back.reverse_time is not null
            )
        limit $3
        "#,
        practice.uuid(),
        import.uuid(),
        USES_MAX,
    )
    .fetch_all(conn)
    .await?;
    let used = rows.into_iter().map(|row| Use {
        subject: row.bill_id.to_string(),
        what: format!("({}) was changed: {}", row.number, row.kind),
    });
    Ok(used.collect())
}

/// Money of the import's clients that was not given back: it is told of to its payer, who would be hidden.
async fn of_payments(
    conn: &mut PgConnection,
    practice: PracticeId,
    (import, currency): (ImportId, Currency),
) -> Result<Vec<Use>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            payment.payment_id as "payment_id: PaymentId",
            payment.client_id as "client_id: ClientId",
            payment.amount_minor,
            payment.refunded_minor
        from billing.import_items item
        join billing.posted_payments payment
            on payment.practice_id = item.practice_id and payment.client_id = item.client_id
        where item.practice_id = $1
            and item.import_id = $2
            and item.kind = 'clients'
            and payment.refunded_minor < payment.amount_minor
        order by payment.payment_id
        limit $3
        "#,
        practice.uuid(),
        import.uuid(),
        USES_MAX,
    )
    .fetch_all(conn)
    .await?;
    let used = rows.into_iter().map(|row| {
        let kept = Money::from_minor(row.amount_minor - row.refunded_minor, currency);
        Use {
            subject: row.payment_id.to_string(),
            what: format!("of {} is not refunded: {kept} is left of it", row.client_id),
        }
    });
    Ok(used.collect())
}

/// What the import's clients have beside what came with them. The comparison is made here: a database that has not
/// counted the fresh rows yet plans it badly.
async fn of_clients(
    conn: &mut PgConnection,
    practice: PracticeId,
    import: ImportId,
    items: &[Item],
) -> Result<Vec<Use>, sqlx::Error> {
    let own: HashSet<Uuid> = items.iter().map(|item| item.thing.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select item.client_id as "client_id: ClientId", thing.thing_id as "thing_id!", thing.what as "what!"
        from billing.import_items item
        cross join lateral (
            select session.session_id as thing_id, 'session' as what
            from billing.sessions session
            where session.practice_id = $1 and session.client_id = item.client_id
            union all
            select bill.bill_id, 'bill'
            from billing.bills bill
            where bill.practice_id = $1 and bill.client_id = item.client_id and bill.cancel_time is null
            union all
            select contact.contact_id, 'contact'
            from billing.contacts contact
            where contact.practice_id = $1 and contact.client_id = item.client_id
            union all
            select policy.policy_id, 'policy'
            from billing.policies policy
            where policy.practice_id = $1 and policy.client_id = item.client_id
        ) thing
        where item.practice_id = $1 and item.import_id = $2 and item.kind = 'clients'
        "#,
        practice.uuid(),
        import.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let foreign = rows.into_iter().filter(|row| !own.contains(&row.thing_id));
    let uses: BTreeSet<(ClientId, String)> = foreign.map(|row| (row.client_id, row.what)).collect();
    let used = uses.into_iter().take(USES_SHOWN).map(|(client, what)| Use {
        subject: client.to_string(),
        what: format!("has a {what} that did not come with it"),
    });
    Ok(used.collect())
}
