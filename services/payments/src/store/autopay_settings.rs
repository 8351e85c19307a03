use crate::Result;
use crate::domain::autopay_settings::Settings;
use crate::domain::upcoming::Limits;
use ids::PracticeId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// How the practice wants it; the defaults when it has set nothing.
pub async fn get(conn: &mut PgConnection, practice: PracticeId) -> Result<Settings> {
    let row = sqlx::query!(
        r#"
        select
            enabled,
            run_hour,
            clients_may_turn_on,
            notice_days,
            move_window_days,
            move_reach_days,
            announce_all
        from payments.autopay_settings
        where practice_id = $1
        "#,
        practice.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map_or(Settings::DEFAULT, |row| Settings {
        enabled: row.enabled,
        run_hour: i8::try_from(row.run_hour).unwrap_or(Settings::DEFAULT.run_hour),
        clients_may_turn_on: row.clients_may_turn_on,
        notice_days: row.notice_days,
        limits: Limits {
            window_days: row.move_window_days,
            reach_days: row.move_reach_days,
        },
        announce_all: row.announce_all,
    }))
}

/// Writes how the practice wants it.
pub async fn upsert(
    conn: &mut PgConnection,
    practice: PracticeId,
    settings: &Settings,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.autopay_settings (
            practice_id, enabled, run_hour, clients_may_turn_on, notice_days, move_window_days, move_reach_days,
            announce_all, update_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict on constraint autopay_settings_pkey do update
        set
            enabled = excluded.enabled,
            run_hour = excluded.run_hour,
            clients_may_turn_on = excluded.clients_may_turn_on,
            notice_days = excluded.notice_days,
            move_window_days = excluded.move_window_days,
            move_reach_days = excluded.move_reach_days,
            announce_all = excluded.announce_all,
            update_time = excluded.update_time
        "#,
        practice.uuid(),
        settings.enabled,
        i16::from(settings.run_hour),
        settings.clients_may_turn_on,
        settings.notice_days,
        settings.limits.window_days,
        settings.limits.reach_days,
        settings.announce_all,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
