use ids::SessionId;
use proto::billing::v1 as contract;
use proto::billing::v1::session_result::Outcome;
use tonic::Status;
use tonic_types::StatusExt as _;

/// What became of the session at a place of a stream.
#[must_use]
pub fn session_result(index: i32, recorded: Result<SessionId, &Status>) -> contract::SessionResult {
    contract::SessionResult {
        index,
        outcome: Some(match recorded {
            Ok(session) => Outcome::SessionId(session.to_string()),
            Err(status) => Outcome::Refusal(refusal(status)),
        }),
    }
}

/// The status that RecordSession would answer, as one of many.
fn refusal(status: &Status) -> contract::SessionRefusal {
    let fields = status.get_details_bad_request();
    contract::SessionRefusal {
        code: status.code().into(),
        reason: status
            .get_details_error_info()
            .map(|info| info.reason)
            .unwrap_or_default(),
        message: status.message().to_owned(),
        fields: fields
            .map(|bad| bad.field_violations)
            .unwrap_or_default()
            .into_iter()
            .map(|violation| violation.field)
            .collect(),
    }
}
