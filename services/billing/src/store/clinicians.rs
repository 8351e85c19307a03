use crate::domain::people::Clinician;
use crate::{Error, Missing, Result};
use ids::{ClinicianId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// Writes a clinician.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    clinician: &Clinician,
    create_time: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.clinicians (
            practice_id, clinician_id, name, npi, licence, external_reference, create_time
        ) values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        practice.uuid(),
        clinician.clinician.uuid(),
        clinician.name,
        clinician.npi,
        clinician.licence,
        clinician.external_reference,
        create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Errors: CLINICIAN_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    clinician: ClinicianId,
) -> Result<Clinician> {
    sqlx::query_as!(
        Clinician,
        r#"
        select
            clinician_id as "clinician: ClinicianId",
            name,
            npi,
            licence,
            external_reference
        from billing.clinicians
        where practice_id = $1 and clinician_id = $2
        "#,
        practice.uuid(),
        clinician.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::Missing(Missing::Clinician(clinician)))
}
