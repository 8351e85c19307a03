//! `evenkeel import`: brings a practice from its former system, as docs/import.md has it, from a folder of CSV files.

mod expect;
mod files;
mod session;
mod table;

use self::expect::Expected;
use self::files::Files;
use self::session::Session;
use crate::demo::SignIn;
use anyhow::{Context as _, Result, bail};
use clap::Args;
use clock::Clock;
use ids::{ImportId, PracticeId};
use std::path::PathBuf;

/// What to bring, for whom, and how far to go.
#[derive(Debug, Clone, Args)]
pub struct ImportOptions {
    #[command(flatten)]
    place: Place,
    /// Folder with clients.csv, contacts.csv, opening_balances.csv, credits.csv, open_bills.csv, sessions.csv: those
    /// there are.
    #[arg(required_unless_present = "undo")]
    folder: Option<PathBuf>,
    /// Take everything, when the totals are the expected ones. Without it nothing is taken: it is read, checked and shown.
    #[arg(long, requires = "expect")]
    commit: bool,
    /// What the former system's own reports say of a file: its rows, and their sum when they have amounts, such as
    /// clients=212 or opening_balances=37:4812.50. Once for each file.
    #[arg(long, value_name = "FILE=ROWS[:SUM]")]
    expect: Vec<Expected>,
    /// Take an import back instead, or drop one that was not taken.
    #[arg(long, value_name = "IMPORT", conflicts_with_all = ["folder", "commit", "expect"])]
    undo: Option<ImportId>,
}

/// Where the practice is, and who asks.
#[derive(Debug, Clone, Args)]
struct Place {
    /// The gateway.
    #[arg(
        long,
        env = "EVENKEEL_GATEWAY",
        default_value = "http://127.0.0.1:8080"
    )]
    gateway: String,
    /// The practice, `prac_…`.
    #[arg(long, env = "EVENKEEL_PRACTICE")]
    practice: PracticeId,
    /// Address that an owner or biller of the practice signs in with.
    #[arg(long, env = "EVENKEEL_EMAIL")]
    email: String,
    /// Their password. Better in the environment: others see what a command is started with.
    #[arg(
        long,
        env = "EVENKEEL_PASSWORD",
        hide_env_values = true,
        hide_default_value = true
    )]
    password: String,
}

/// Does what was asked and prints what came of it.
///
/// # Errors
/// Files that are not read, errors in them (each is printed before), totals that are not the expected ones, a refusal.
pub async fn import(options: &ImportOptions, clock: Clock) -> Result<()> {
    let place = &options.place;
    let files = options.folder.as_deref().map(Files::read).transpose()?;
    let staff = SignIn {
        email: place.email.clone(),
        password: place.password.clone(),
    };
    let session = Session::open(&place.gateway, place.practice, staff, clock).await?;
    match (&options.undo, files) {
        (Some(import), _) => {
            session.undo(&import.to_string()).await?;
            println!("{import} is taken back");
            Ok(())
        }
        (None, Some(files)) => bring(session, options, &files).await,
        (None, None) => bail!("name a folder, or an import to take back"),
    }
}

async fn bring(mut session: Session, options: &ImportOptions, files: &Files) -> Result<()> {
    let import = session.start().await?;
    match take(&mut session, &import, options, files).await {
        Ok(true) => {
            println!(
                "\nEverything is taken, as {import}. While nothing is built on it, --undo {import} takes it back."
            );
            Ok(())
        }
        Ok(false) => {
            session.drop_open(&import).await.context("drop the files")?;
            println!(
                "\nNothing is taken. When this is what the former system's own reports say, add --commit and what they\n\
                say of each file: --expect FILE=ROWS:SUM."
            );
            Ok(())
        }
        Err(error) => {
            // What cannot be dropped now is in the practice's list of imports.
            match session.drop_open(&import).await {
                Ok(false) => {}
                Ok(true) => {
                    eprintln!("{import} is taken all the same; --undo {import} takes it back")
                }
                Err(left) => eprintln!("{import} is left open: {left:#}"),
            }
            Err(error)
        }
    }
}

/// Shows what the files have, and has it taken if that was asked; answers whether it was.
async fn take(
    session: &mut Session,
    import: &str,
    options: &ImportOptions,
    files: &Files,
) -> Result<bool> {
    for file in files.all() {
        session.upload(import, file).await?;
    }
    let prepared = session.prepare(import).await?;
    println!("{}", table::totals(&prepared.files, &options.expect));
    if prepared.error_count > 0 {
        let errors = session.errors(import).await?;
        println!("\n{}", table::errors(&errors, prepared.error_count));
        bail!("the files have errors; nothing is taken");
    }
    if options.commit {
        let expected = expect::in_currency(&options.expect, &prepared.files)?;
        session.commit(import, expected).await?;
    }
    Ok(options.commit)
}
