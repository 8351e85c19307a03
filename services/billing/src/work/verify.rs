//! Checks the books of practice after practice, and shows what is found at `/metrics`.

use crate::domain::invariant;
use crate::ops::verify_books::verify_books;
use crate::{Billing, Result, SCHEMA};
use ::rpc::Caller;
use ids::PracticeId;
use pg::verify::{Finding, Rounds, RoundsConfig, verify_rounds};
use tokio_util::sync::CancellationToken;

/// Checks until `stop`; a replica at a time.
pub async fn verify_all(billing: Billing, config: RoundsConfig, stop: CancellationToken) {
    let rounds = Rounds {
        schema: SCHEMA,
        pool: billing.db.clone(),
        clock: billing.clock.clone(),
        invariants: &invariant::ALL,
        config,
    };
    verify_rounds(rounds, |practice| check(&billing, practice), stop).await;
}

async fn check(billing: &Billing, practice: PracticeId) -> Result<Vec<Finding>> {
    let caller = Caller::worker("billing");
    Ok(verify_books(billing, &caller, practice).await?.violations)
}
