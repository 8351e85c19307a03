use crate::domain::bill::Bill;
use crate::domain::sharing::Share;
use crate::wire::event;
use crate::{Billing, Result, store};
use ids::{PracticeId, ShareId};
use jiff::Timestamp;
use pg::Announcement;
use sqlx::PgConnection;

/// A bill that is to be shared now.
pub(super) struct ToShare {
    /// Locked, not cancelled, and there is an address to send it to.
    pub(super) bill: Bill,
    /// The PDF goes along.
    pub(super) with_pdf: bool,
    /// Whose will it is; none when it is the policy's.
    pub(super) shared_by: Option<String>,
    /// It was scheduled before.
    pub(super) scheduled: bool,
}

/// Writes that bills are shared, takes back what was scheduled for them, and answers what to announce.
pub(super) async fn share(
    billing: &Billing,
    conn: &mut PgConnection,
    practice: PracticeId,
    asked: &[ToShare],
    now: Timestamp,
) -> Result<Vec<Announcement>> {
    let shares: Vec<Share> = asked
        .iter()
        .map(|one| Share {
            share: ShareId::new(&billing.clock),
            bill: one.bill.id(),
            client: one.bill.standing.client,
            with_pdf: one.with_pdf,
            shared_by: one.shared_by.clone(),
            share_time: now,
        })
        .collect();
    let bills: Vec<_> = shares.iter().map(|share| share.bill).collect();
    store::share_schedules::delete(conn, practice, &bills).await?;
    store::shares::insert(conn, practice, &shares, now).await?;
    let announced = asked.iter().zip(&shares).map(|(one, share)| {
        let told = event::bill_shared(&one.bill, share, one.scheduled);
        event::of(&billing.clock, &told)
    });
    Ok(announced.collect())
}
