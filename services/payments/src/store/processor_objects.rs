use crate::{Error, Result};
use ids::{DetachmentId, MethodId, PaymentId, PracticeId, RefundId, SetupId};
use sqlx::PgConnection;

/// What an object of the processor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A payment.
    Payment(PaymentId),
    /// A refund.
    Refund(RefundId),
    /// A method that is being added.
    Setup(SetupId),
    /// A method on file.
    Method(MethodId),
    /// A token that is to be forgotten.
    Detachment(DetachmentId),
}

impl Subject {
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Payment(_) => "payment",
            Self::Refund(_) => "refund",
            Self::Setup(_) => "setup",
            Self::Method(_) => "method",
            Self::Detachment(_) => "detachment",
        }
    }

    pub(crate) const fn uuid(self) -> uuid::Uuid {
        match self {
            Self::Payment(payment) => payment.uuid(),
            Self::Refund(refund) => refund.uuid(),
            Self::Setup(setup) => setup.uuid(),
            Self::Method(method) => method.uuid(),
            Self::Detachment(detachment) => detachment.uuid(),
        }
    }

    pub(crate) fn of(kind: &str, id: uuid::Uuid) -> Result<Self> {
        match kind {
            "payment" => Ok(Self::Payment(PaymentId::from(id))),
            "refund" => Ok(Self::Refund(RefundId::from(id))),
            "setup" => Ok(Self::Setup(SetupId::from(id))),
            "method" => Ok(Self::Method(MethodId::from(id))),
            "detachment" => Ok(Self::Detachment(DetachmentId::from(id))),
            _unknown => Err(Error::Stored("a kind of subject")),
        }
    }
}

/// Whose an object of the processor is, and on which account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The practice.
    pub practice: PracticeId,
    /// What it stands for.
    pub subject: Subject,
    /// The practice's own account at the processor, `acct_…`; none: the installation's.
    pub account: Option<String>,
}

/// Notes whose object it is, and on which account. Again is fine; an object is never another's.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    (object, account): (&str, Option<&str>),
    subject: Subject,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.processor_objects (object_id, practice_id, kind, subject_id, processor_account)
        values ($1, $2, $3, $4, $5)
        on conflict on constraint processor_objects_pkey do nothing
        "#,
        object,
        practice.uuid(),
        subject.kind(),
        subject.uuid(),
        account,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose object it is; none when nobody's is known.
pub async fn find(conn: &mut PgConnection, object: &str) -> Result<Option<Known>> {
    let row = sqlx::query!(
        r#"
        select
            practice_id as "practice_id: PracticeId",
            kind,
            subject_id,
            processor_account
        from payments.processor_objects
        where object_id = $1
        "#,
        object,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Known {
            practice: row.practice_id,
            subject: Subject::of(&row.kind, row.subject_id)?,
            account: row.processor_account,
        })
    })
    .transpose()
}
