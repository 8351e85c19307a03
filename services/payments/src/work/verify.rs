//! Checks the invariants of practice after practice, and shows what is found at `/metrics`.

use crate::domain::invariant;
use crate::{Payments, SCHEMA, ops};
use ::rpc::Caller;
use pg::verify::{Rounds, RoundsConfig, verify_rounds};
use tokio_util::sync::CancellationToken;

/// Checks until `stop`; a replica at a time.
pub async fn verify_all(payments: Payments, config: RoundsConfig, stop: CancellationToken) {
    let rounds = Rounds {
        schema: SCHEMA,
        pool: payments.db.clone(),
        clock: payments.clock.clone(),
        invariants: &invariant::ALL,
        config,
    };
    let caller = Caller::worker("payments");
    let check = |practice| ops::verify_payments(&payments, &caller, practice);
    verify_rounds(rounds, check, stop).await;
}
