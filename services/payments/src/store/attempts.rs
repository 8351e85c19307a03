use crate::Result;
use crate::domain::words;
use ids::PracticeId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

words! {
    /// A call to the processor that needs an idempotency key.
    Call {
        /// Makes the object of a payment.
        CreateIntent "create_intent",
        /// Charges.
        ConfirmIntent "confirm_intent",
        /// Gives back.
        CreateRefund "create_refund",
        /// Makes a payer known.
        CreateCustomer "create_customer",
        /// Begins to store a method.
        CreateSetup "create_setup",
        /// Gives up storing one.
        CancelSetup "cancel_setup",
        /// Forgets a method.
        DetachMethod "detach_method",
        /// Makes an account of a practice's own.
        CreateAccount "create_account",
    }
}

impl Call {
    /// The key under which the call is made for a payment or refund: the same on every repeat.
    #[must_use]
    pub fn key(self, subject: impl std::fmt::Display) -> String {
        format!("{subject}-{}", self.name())
    }
}

/// A call that is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// When it was first made.
    pub time: Timestamp,
    /// Nobody made it before: what the processor answers now is all that it ever did about it.
    pub first: bool,
}

/// Writes a call down before it is made.
pub async fn start(
    conn: &mut PgConnection,
    practice: PracticeId,
    (subject, call): (Uuid, Call),
    key: &str,
    now: Timestamp,
) -> Result<Started> {
    // A row that this statement inserts was never updated or locked by another: its xmax is 0.
    let row = sqlx::query!(
        r#"
        insert into payments.attempts as attempt (practice_id, subject_id, call, idempotency_key, start_time)
        values ($1, $2, $3, $4, $5)
        on conflict on constraint attempts_pkey do update
        set idempotency_key = attempt.idempotency_key
        returning start_time as "start_time: jiff_sqlx::Timestamp", (xmax = 0) as "first!"
        "#,
        practice.uuid(),
        subject,
        call.name(),
        key,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .fetch_one(conn)
    .await?;
    Ok(Started {
        time: row.start_time.to_jiff(),
        first: row.first,
    })
}

/// The processor has answered it.
pub async fn finish(
    conn: &mut PgConnection,
    practice: PracticeId,
    (subject, call): (Uuid, Call),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.attempts
        set answer_time = $4
        where practice_id = $1 and subject_id = $2 and call = $3 and answer_time is null
        "#,
        practice.uuid(),
        subject,
        call.name(),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When a call was first made; none when it was not.
pub async fn find_start(
    conn: &mut PgConnection,
    practice: PracticeId,
    (subject, call): (Uuid, Call),
) -> Result<Option<Timestamp>> {
    let start_time = sqlx::query_scalar!(
        r#"
        select start_time as "start_time: jiff_sqlx::Timestamp"
        from payments.attempts
        where practice_id = $1 and subject_id = $2 and call = $3
        "#,
        practice.uuid(),
        subject,
        call.name(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(start_time.map(jiff_sqlx::Timestamp::to_jiff))
}
