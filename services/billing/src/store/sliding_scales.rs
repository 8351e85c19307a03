use super::fees::rate;
use crate::{Error, Result};
use ids::{ClientId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use money::Rate;
use sqlx::PgConnection;

/// A tier of a practice's sliding scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Tier {
    /// As the practice calls it.
    pub name: String,
    /// Of the catalogue's price.
    pub percent: Rate,
}

/// A client's place on the scale from a day on.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// Whose.
    pub client: ClientId,
    /// None ends it.
    pub tier: Option<Tier>,
    /// From this service date on.
    pub effective_date: Date,
}

/// Before every session: the first percentage of a tier also holds for earlier days.
const FROM_THE_BEGINNING: Date = Date::constant(1900, 1, 1);

/// Replaces the scale: its tiers can be given from now on, others only stay with who has them. What a tier has of the
/// price changes for services from `today` on.
pub async fn replace(
    conn: &mut PgConnection,
    practice: PracticeId,
    (tiers, today): (&[Tier], Date),
) -> Result<(), sqlx::Error> {
    // The row's lock lets two replace one after the other.
    let revision = sqlx::query_scalar!(
        r#"
        insert into billing.sliding_scales as scale (practice_id, revision)
        values ($1, 1)
        on conflict on constraint sliding_scales_pkey do update
        set revision = scale.revision + 1
        returning revision
        "#,
        practice.uuid(),
    )
    .fetch_one(&mut *conn)
    .await?;
    let names: Vec<_> = tiers.iter().map(|tier| tier.name.clone()).collect();
    let percents: Vec<_> = tiers.iter().map(|tier| tier.percent.to_string()).collect();
    sqlx::query!(
        r#"
        insert into billing.sliding_scale_tiers (practice_id, name, percent, place, revision)
        select $1, tier.name, tier.percent, tier.place::integer, $2
        from unnest($3::text[], $4::text[]) with ordinality as tier (name, percent, place)
        on conflict on constraint sliding_scale_tiers_pkey do update
        set
            percent = excluded.percent,
            place = excluded.place,
            revision = excluded.revision
        "#,
        practice.uuid(),
        revision,
        &names,
        &percents,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        r#"
        insert into billing.sliding_scale_percents (practice_id, name, effective_date, percent)
        select
            $1,
            tier.name,
            case
                when exists (
                    select 1
                    from billing.sliding_scale_percents known
                    where known.practice_id = $1 and known.name = tier.name
                ) then $4::date
                else $5::date
            end,
            tier.percent
        from unnest($2::text[], $3::text[]) as tier (name, percent)
        where tier.percent is distinct from (
            select known.percent
            from billing.sliding_scale_percents known
            where known.practice_id = $1 and known.name = tier.name and known.effective_date <= $4
            order by known.effective_date desc
            limit 1
        )
        on conflict on constraint sliding_scale_percents_pkey do update
        set percent = excluded.percent
        "#,
        practice.uuid(),
        &names,
        &percents,
        today.to_sqlx() as jiff_sqlx::Date,
        FROM_THE_BEGINNING.to_sqlx() as jiff_sqlx::Date,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The tiers that can be given, in order.
pub async fn list(conn: &mut PgConnection, practice: PracticeId) -> Result<Vec<Tier>> {
    let rows = sqlx::query!(
        r#"
        select tier.name, tier.percent
        from billing.sliding_scale_tiers tier
        join billing.sliding_scales scale
            on scale.practice_id = tier.practice_id and scale.revision = tier.revision
        where tier.practice_id = $1
        order by tier.place
        "#,
        practice.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Tier {
                percent: rate(&row.percent)?,
                name: row.name,
            })
        })
        .collect()
}

/// Gives a client a place on the scale, or ends it, from a day on.
pub async fn upsert_assignment(
    conn: &mut PgConnection,
    practice: PracticeId,
    assignment: &Assignment,
    create_time: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into billing.sliding_scale_assignments (
            practice_id, client_id, effective_date, tier, create_time
        ) values ($1, $2, $3, $4, $5)
        on conflict on constraint sliding_scale_assignments_pkey do update
        set
            tier = excluded.tier,
            create_time = excluded.create_time
        "#,
        practice.uuid(),
        assignment.client.uuid(),
        assignment.effective_date.to_sqlx() as jiff_sqlx::Date,
        assignment.tier.as_ref().map(|tier| tier.name.as_str()),
        create_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A client's places on the scale, by day.
pub async fn assignments(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<Vec<Assignment>> {
    let rows = sqlx::query!(
        r#"
        select
            given.effective_date as "effective_date: jiff_sqlx::Date",
            tier.name as "name?",
            tier.percent as "percent?"
        from billing.sliding_scale_assignments given
        left join billing.sliding_scale_tiers tier
            on tier.practice_id = given.practice_id and tier.name = given.tier
        where given.practice_id = $1 and given.client_id = $2
        order by given.effective_date
        "#,
        practice.uuid(),
        client.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let tier = match (row.name, row.percent) {
                (Some(name), Some(percent)) => Some(Tier {
                    name,
                    percent: rate(&percent)?,
                }),
                (None, None) => None,
                _half => return Err(Error::Stored("half a tier of a sliding scale")),
            };
            Ok(Assignment {
                client,
                tier,
                effective_date: row.effective_date.to_jiff(),
            })
        })
        .collect()
}
