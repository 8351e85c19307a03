use std::str::FromStr;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use crate::plumbing::{app_role, is_plain_name};

/// Held by the connection until it closes, so that five services may start at once: grants of one stand in the way of
/// another's ("tuple concurrently updated").
const PREPARE_LOCK: i64 = 0x6576_656e_6b65_656c;

/// Why a schema is not at its version.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The schema's name would not be safe in SQL.
    #[error("a schema's name is 1 to 32 of a-z and _")]
    SchemaName,
    /// The database failed outside a migration.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A migration failed, or an applied one was changed.
    #[error(transparent)]
    Migration(#[from] sqlx::migrate::MigrateError),
}

/// Brings a schema to the version of `migrator`: makes the schema and the role `evenkeel_{schema}` when missing, then
/// applies what is not yet applied, as the owner that `admin_url` logs in. May run in any number of processes at once.
///
/// With `password` the role may log in with it; without, it can only be taken by the owner's login. Migrations that
/// the database has and this binary does not know are left alone: the version before still has to start.
pub async fn migrate(
    admin_url: &str,
    schema: &str,
    migrator: &Migrator,
    password: Option<&str>,
) -> Result<(), MigrateError> {
    if !is_plain_name(schema) {
        return Err(MigrateError::SchemaName);
    }
    let options = PgConnectOptions::from_str(admin_url)?
        .application_name(&format!("evenkeel-migrate-{schema}"))
        .options([
            ("search_path", ""),
            ("timezone", "UTC"),
            ("client_min_messages", "warning"),
        ]);
    let mut connection = options.connect().await?;
    prepare(&mut connection, schema, password).await?;

    let mut migrator = Migrator::with_migrations(migrator.iter().cloned().collect());
    migrator.dangerous_set_table_name(format!("{schema}._sqlx_migrations"));
    migrator.set_ignore_missing(true);
    // `run` cannot be spawned: sqlx's `Acquire` is not general enough over a borrowed connection.
    migrator.run_direct(None, &mut connection, false).await?;
    connection.close().await?;
    Ok(())
}

/// Roles belong to the whole cluster, and the lock only to one database of it, so a twin may still win the race.
async fn prepare(
    connection: &mut PgConnection,
    schema: &str,
    password: Option<&str>,
) -> Result<(), sqlx::Error> {
    let role = app_role(schema);
    let log_in = match password {
        Some(password) => format!(
            "alter role {role} login password '{}';",
            password.replace('\'', "''")
        ),
        None => String::new(),
    };
    let statements = format!(
        "select pg_advisory_lock({PREPARE_LOCK});
        begin;
        do $make$ begin
            if not exists (select 1 from pg_catalog.pg_roles where rolname = '{role}') then
                create role {role} nologin;
            end if;
        exception when duplicate_object or unique_violation then null;
        end $make$;
        {log_in}
        do $take$ begin
            if not pg_catalog.pg_has_role(current_user, '{role}', 'member') then
                execute format('grant {role} to %I', current_user);
            end if;
        end $take$;
        create schema if not exists {schema};
        grant usage on schema {schema} to {role};
        commit;"
    );
    sqlx::raw_sql(AssertSqlSafe(statements))
        .execute(connection)
        .await?;
    Ok(())
}
