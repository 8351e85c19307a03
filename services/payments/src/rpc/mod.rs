//! tonic in and out: a handler unpacks, calls its op, and packs; `billing` is the other direction.

mod autopay_service;
/// billing, as payments asks it.
pub mod billing;
mod payment_service;
mod upcoming_charge_service;
mod webhook_service;

use crate::{Error, Result};
use ::rpc::parse;
use ids::PracticeId;
use pg::RequestKey;

/// What makes a mutation the same request. Errors: INVALID_FIELD.
fn request_key(
    (practice, request_id): (&str, &str),
    method: &'static str,
    request: &impl prost::Message,
) -> Result<(PracticeId, RequestKey)> {
    let practice = parse(practice, "practice_id")?;
    let key = RequestKey::of(practice, method, request_id, request).map_err(Error::from)?;
    Ok((practice, key))
}
