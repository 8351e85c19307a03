//! What payments says of a practice's own account at the processor.

use crate::domain::account::AccountNews;
use crate::domain::message::Particulars;
use ids::EventId;
use proto::payments::v1 as payments;
use proto::payments::v1::ProcessorAccountState as State;

/// The practice's mail about its account, `event` saying what changed; none unless online payments stop with it.
pub fn account_updated(
    event: EventId,
    updated: &payments::ProcessorAccountUpdated,
) -> Option<Particulars> {
    let news = match (updated.previous_state(), updated.state()) {
        (State::Active, State::Restricted) => AccountNews::Restricted,
        (State::Active | State::Restricted, State::Disconnected) => AccountNews::TakenAway,
        (
            State::Unspecified
            | State::Onboarding
            | State::Active
            | State::Restricted
            | State::Disconnected,
            State::Unspecified
            | State::Onboarding
            | State::Active
            | State::Restricted
            | State::Disconnected,
        ) => return None,
    };
    Some(Particulars::ProcessorAccount {
        event,
        news,
        methods: updated.method_count,
    })
}
