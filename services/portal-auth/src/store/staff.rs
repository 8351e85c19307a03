use crate::{Error, Result};
use ::rpc::Role;
use ids::{PracticeId, UserId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use pg::OnConstraint;
use sqlx::PgConnection;

/// A member of staff who may sign in.
#[derive(Clone, Debug)]
pub struct Staff {
    /// Lower case.
    pub email: String,
    /// Who.
    pub user_id: UserId,
    /// Where.
    pub practice_id: PracticeId,
    /// Owner, biller or clinician.
    pub role: Role,
    /// Argon2id, PHC string.
    pub password_hash: String,
}

/// By sign-in address, lower case.
pub async fn find(conn: &mut PgConnection, email: &str) -> Result<Option<Staff>> {
    let row = sqlx::query!(
        r#"
        select
            email,
            user_id as "user_id: UserId",
            practice_id as "practice_id: PracticeId",
            role,
            password_hash
        from portal_auth.staff
        where email = $1
        "#,
        email,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.and_then(|row| {
        Some(Staff {
            email: row.email,
            user_id: row.user_id,
            practice_id: row.practice_id,
            role: role(&row.role)?,
            password_hash: row.password_hash,
        })
    }))
}

/// Errors: EMAIL_TAKEN.
pub async fn insert(conn: &mut PgConnection, staff: &Staff, now: Timestamp) -> Result<()> {
    sqlx::query!(
        r#"
        insert into portal_auth.staff (email, user_id, practice_id, role, password_hash, create_time)
        values ($1, $2, $3, $4, $5, $6)
        "#,
        staff.email,
        staff.user_id.uuid(),
        staff.practice_id.uuid(),
        staff.role.name(),
        staff.password_hash,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await
    .map(|_| ())
    .on_constraint("staff_pkey", || Error::EmailTaken)
}

/// The database's check lets nothing else in.
fn role(name: &str) -> Option<Role> {
    [Role::Owner, Role::Biller, Role::Clinician]
        .into_iter()
        .find(|role| role.name() == name)
}
