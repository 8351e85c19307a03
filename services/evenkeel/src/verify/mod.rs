//! What an operator asks of a suite, while it runs or not: does everything hold that must? Each service that has
//! invariants of its own checks them, practice by practice (`billing::verify_practice`, `payments::verify_practice`);
//! what none of them can see alone is checked here: that feeds are applied, and that the sums of payments are booked.

mod report;
mod schemas;

pub use report::{Checked, Report};
pub use schemas::Schemas;

use crate::place::Place;
use anyhow::{Result, bail};
use clap::Args;
use clock::Clock;
use ids::PracticeId;
use pg::verify::Invariant;

/// A follower applies each event, and soon.
pub const APPLIED: Invariant = Invariant::new("O3", "followers apply what is announced");
/// One that is given up has every later one of its practice wait.
pub const NOT_PARKED: Invariant = Invariant::new("O4", "no event is given up");
/// The two books of what came from clients.
pub const BOOKED: Invariant =
    Invariant::new("O5", "what succeeded in payments is booked in billing");

/// Which database, and what to check there.
#[derive(Debug, Clone, Args)]
pub struct VerifyOptions {
    #[command(flatten)]
    place: Place,
    /// Only this practice, `prac_…`.
    #[arg(long)]
    practice: Option<PracticeId>,
    /// Seconds that an event, and the booking of a payment, may take while the suite runs.
    #[arg(long, default_value_t = 30)]
    patience: u32,
    /// Print what was found as JSON.
    #[arg(long)]
    json: bool,
}

/// Checks, and prints what is wrong.
///
/// # Errors
/// Something is wrong, or could not be checked.
pub async fn verify(options: &VerifyOptions, clock: &Clock) -> Result<()> {
    let schemas = Schemas::at(&options.place).await?;
    let practices = match options.practice {
        Some(practice) => vec![practice],
        None => schemas.practices().await?,
    };
    let mut report = Report::default();
    for practice in practices {
        let checked = schemas.check(practice, clock, options.patience).await?;
        if !options.json {
            println!("{}", checked.text());
        }
        report.practices.push(checked);
    }
    if options.json {
        println!("{}", report.json());
    } else {
        println!("{}", report.summary());
    }
    let broken = report.count();
    if broken > 0 {
        bail!("{broken} rows break an invariant");
    }
    Ok(())
}
