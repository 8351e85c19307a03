//! What AutoPay has to know of bills. The joins are the view `payments.autopay_candidates`.

use super::bills::BillStatus;
use super::currency;
use crate::domain::autopay::{Announced, Facts};
use crate::domain::on_file::Funding;
use crate::domain::payer::Payer;
use crate::domain::retry::Attempts;
use crate::{Error, Result};
use ids::{BillId, ClientId, MethodId, PracticeId};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Money;
use sqlx::PgConnection;
use uuid::Uuid;

/// What is charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargedMethod {
    /// Ours.
    pub method: MethodId,
    /// The practice's own account at the processor that it is on file with, `acct_…`; none: the installation's.
    pub account: Option<String>,
    /// `pm_…`.
    pub processor_method: String,
    /// `cus_…`.
    pub processor_customer: String,
    /// Of cards.
    pub funding: Funding,
    /// The payer says that it is a health savings or flexible spending card.
    pub hsa_fsa: bool,
    /// Changes when the method is another one, or was renewed.
    pub mark: String,
}

/// A bill as AutoPay sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The bill.
    pub bill: BillId,
    /// Whose.
    pub client: ClientId,
    /// Invoice #.
    pub reference: String,
    /// Who pays; none when nobody ever turned AutoPay on.
    pub payer: Option<Payer>,
    /// With what; none when there is nothing on file.
    pub method: Option<ChargedMethod>,
    /// All the rule needs.
    pub facts: Facts,
}

/// A row of the view.
struct Row {
    bill_id: BillId,
    client_id: ClientId,
    reference: String,
    status: String,
    currency: String,
    client_balance_minor: i64,
    due_date: jiff_sqlx::Date,
    last_service_date: Option<jiff_sqlx::Date>,
    insurer_decided: bool,
    under_review: bool,
    payer_kind: Option<String>,
    payer_id: Option<Uuid>,
    turned_on: bool,
    old: bool,
    held: bool,
    charge_date: Option<jiff_sqlx::Date>,
    told_minor: Option<i64>,
    method_id: Option<MethodId>,
    processor_method: Option<String>,
    processor_customer: Option<String>,
    funding: Option<String>,
    hsa_fsa: Option<bool>,
    method_mark: Option<String>,
    authorization_revoked: bool,
    refunded: bool,
    in_progress: bool,
    first_decline_date: Option<jiff_sqlx::Date>,
    last_decline_date: Option<jiff_sqlx::Date>,
    hard_decline: bool,
    processor_account: Option<String>,
    former_account: bool,
}

impl Row {
    fn read(self, announce_all: bool) -> Result<Candidate> {
        let currency = currency(&self.currency)?;
        let payer = self.payer_kind.as_deref().zip(self.payer_id);
        let method = (self.method_id.zip(self.processor_method))
            .zip(self.processor_customer.zip(self.method_mark));
        let funding = self.funding.as_deref().and_then(Funding::of);
        let method =
            method.map(
                |((method, processor_method), (processor_customer, mark))| ChargedMethod {
                    method,
                    account: self.processor_account,
                    processor_method,
                    processor_customer,
                    funding: funding.unwrap_or(Funding::Unknown),
                    hsa_fsa: self.hsa_fsa.unwrap_or(false),
                    mark,
                },
            );
        let told = self.charge_date.zip(self.told_minor);
        let declined = self.first_decline_date.zip(self.last_decline_date);
        let status = BillStatus::of(&self.status).ok_or(Error::Stored("a bill's status"))?;
        let facts = Facts {
            open: status == BillStatus::Open,
            client_balance: Money::from_minor(self.client_balance_minor, currency),
            due_date: self.due_date.to_jiff(),
            last_service_date: self.last_service_date.map(jiff_sqlx::Date::to_jiff),
            on: self.turned_on,
            old: self.old,
            held: self.held,
            disputed: false,
            on_plan: false,
            under_review: self.under_review,
            refunded: self.refunded,
            in_progress: self.in_progress,
            has_method: method.is_some(),
            authorization_revoked: self.authorization_revoked,
            former_account: method.is_some() && self.former_account,
            no_account: false,
            needs_notice: announce_all || self.insurer_decided,
            announced: told.map(|(date, minor)| Announced {
                charge_date: date.to_jiff(),
                amount: Money::from_minor(minor, currency),
            }),
            declines: declined.map(|(first, last)| Attempts {
                first: first.to_jiff(),
                last: last.to_jiff(),
                hard: self.hard_decline,
            }),
        };
        Ok(Candidate {
            bill: self.bill_id,
            client: self.client_id,
            reference: self.reference,
            payer: payer.and_then(|(kind, id)| Payer::of(kind, id)),
            method,
            facts,
        })
    }
}

/// At most `limit` open bills, by id, after one: those with AutoPay that are due by a day, or that the payer may have to
/// be told of before.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    (due_by, announce_all): (Date, bool),
    (after, limit): (Option<BillId>, i64),
) -> Result<Vec<Candidate>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            bill_id as "bill_id!: BillId",
            client_id as "client_id!: ClientId",
            reference as "reference!",
            status as "status!",
            currency as "currency!",
            client_balance_minor as "client_balance_minor!",
            due_date as "due_date!: jiff_sqlx::Date",
            last_service_date as "last_service_date: jiff_sqlx::Date",
            insurer_decided as "insurer_decided!",
            under_review as "under_review!",
            payer_kind,
            payer_id,
            turned_on as "turned_on!",
            old as "old!",
            held as "held!",
            charge_date as "charge_date: jiff_sqlx::Date",
            told_minor,
            method_id as "method_id: MethodId",
            processor_method,
            processor_customer,
            funding,
            hsa_fsa,
            method_mark,
            authorization_revoked as "authorization_revoked!",
            refunded as "refunded!",
            in_progress as "in_progress!",
            first_decline_date as "first_decline_date: jiff_sqlx::Date",
            last_decline_date as "last_decline_date: jiff_sqlx::Date",
            hard_decline as "hard_decline!",
            processor_account,
            former_account as "former_account!"
        from payments.autopay_candidates
        where practice_id = $1
            and status = 'open'
            and client_balance_minor > 0
            and turned_on
            and (due_date <= $2 or $3 or insurer_decided)
            and ($4::uuid is null or bill_id > $4)
        order by bill_id
        limit $5
        "#,
        practice.uuid(),
        due_by.to_sqlx() as jiff_sqlx::Date,
        announce_all,
        after.map(BillId::uuid),
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        found.push(row.read(announce_all)?);
    }
    mark_disputed(conn, practice, &mut found).await?;
    Ok(found)
}

/// One bill, whatever became of it; none when it is not known here.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
    announce_all: bool,
) -> Result<Option<Candidate>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select
            bill_id as "bill_id!: BillId",
            client_id as "client_id!: ClientId",
            reference as "reference!",
            status as "status!",
            currency as "currency!",
            client_balance_minor as "client_balance_minor!",
            due_date as "due_date!: jiff_sqlx::Date",
            last_service_date as "last_service_date: jiff_sqlx::Date",
            insurer_decided as "insurer_decided!",
            under_review as "under_review!",
            payer_kind,
            payer_id,
            turned_on as "turned_on!",
            old as "old!",
            held as "held!",
            charge_date as "charge_date: jiff_sqlx::Date",
            told_minor,
            method_id as "method_id: MethodId",
            processor_method,
            processor_customer,
            funding,
            hsa_fsa,
            method_mark,
            authorization_revoked as "authorization_revoked!",
            refunded as "refunded!",
            in_progress as "in_progress!",
            first_decline_date as "first_decline_date: jiff_sqlx::Date",
            last_decline_date as "last_decline_date: jiff_sqlx::Date",
            hard_decline as "hard_decline!",
            processor_account,
            former_account as "former_account!"
        from payments.autopay_candidates
        where practice_id = $1 and bill_id = $2
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let mut found = [row.read(announce_all)?];
    mark_disputed(conn, practice, &mut found).await?;
    let [candidate] = found;
    Ok(Some(candidate))
}

/// A payment of them is disputed.
async fn mark_disputed(
    conn: &mut PgConnection,
    practice: PracticeId,
    candidates: &mut [Candidate],
) -> Result<()> {
    let bills: Vec<BillId> = candidates.iter().map(|it| it.bill).collect();
    let disputed = super::disputes::disputed_bills(conn, practice, &bills).await?;
    for candidate in candidates {
        candidate.facts.disputed = disputed.contains(&candidate.bill);
    }
    Ok(())
}
