//! Applies a folder of migrations at run time: `query!` needs a database that already has them.
//!
//! `DATABASE_URL=… cargo run -p pg --bin migrate -- billing services/billing/migrations`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use sqlx::migrate::Migrator;

#[derive(Parser)]
struct Arguments {
    /// The schema, which is also the end of its role's name.
    schema: String,
    /// Where its migrations are.
    folder: PathBuf,
    /// The database, with the login of its owner.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// Let the service's role log in with this password.
    #[arg(long, env = "ROLE_PASSWORD", hide_env_values = true)]
    role_password: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), pg::MigrateError> {
    let migrator = Migrator::new(arguments.folder.as_path()).await?;
    let password = arguments.role_password.as_deref();
    pg::migrate(
        &arguments.database_url,
        &arguments.schema,
        &migrator,
        password,
    )
    .await
}
