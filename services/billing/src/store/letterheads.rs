use crate::documents::{Logo, Paper, Stationery};
use crate::{Error, Result};
use ids::PracticeId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use typeset::{Picture, PictureKind};

/// What the practice set; the empty one when it set nothing.
pub async fn get(conn: &mut PgConnection, practice: PracticeId) -> Result<Stationery> {
    let row = sqlx::query!(
        r#"
        select
            website,
            footer,
            paper,
            logo_media_type,
            logo_content,
            logo_alternative_text
        from billing.letterheads
        where practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else {
        return Ok(Stationery::default());
    };
    let logo = match (row.logo_media_type, row.logo_content) {
        (Some(media_type), Some(content)) => {
            let kind = PictureKind::of_media_type(&media_type);
            let kind = kind.ok_or(Error::Stored("a logo's media type"))?;
            Some(Logo {
                picture: Picture::known(kind, content),
                alternative_text: row.logo_alternative_text.unwrap_or_default(),
            })
        }
        _none => None,
    };
    Ok(Stationery {
        logo,
        website: row.website,
        paper: row.paper.as_deref().map(paper).transpose()?,
        footer: row.footer,
    })
}

/// Writes it in place of what was set before.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: PracticeId,
    stationery: &Stationery,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let logo = stationery.logo.as_ref();
    sqlx::query!(
        r#"
        insert into billing.letterheads (
            practice_id,
            website,
            footer,
            paper,
            logo_media_type,
            logo_content,
            logo_alternative_text,
            update_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict on constraint letterheads_pkey do update
        set
            website = excluded.website,
            footer = excluded.footer,
            paper = excluded.paper,
            logo_media_type = excluded.logo_media_type,
            logo_content = excluded.logo_content,
            logo_alternative_text = excluded.logo_alternative_text,
            update_time = excluded.update_time
        "#,
        practice.uuid(),
        stationery.website,
        stationery.footer,
        stationery.paper.map(paper_name),
        logo.map(|logo| logo.picture.kind().media_type()),
        logo.map(|logo| logo.picture.bytes()),
        logo.map(|logo| logo.alternative_text.as_str()),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

const fn paper_name(paper: Paper) -> &'static str {
    match paper {
        Paper::Letter => "letter",
        Paper::A4 => "a4",
    }
}

fn paper(name: &str) -> Result<Paper> {
    [Paper::Letter, Paper::A4]
        .into_iter()
        .find(|paper| paper_name(*paper) == name)
        .ok_or(Error::Stored("a letterhead's paper"))
}
