//! Accounts at the processor, as payments' contract has them.

use crate::domain::connection::ConnectionState;
use crate::ops::{ConnectAccount, Connected, ShownAccount};
use crate::store::new_cards::NewCardCounts;
use ::rpc::wire;
use ids::PracticeId;
use proto::payments::v1 as contract;
use secrecy::ExposeSecret as _;

/// What is to be connected.
pub fn connect(
    practice: PracticeId,
    asked: contract::ConnectProcessorAccountRequest,
) -> ConnectAccount {
    let refresh_url = if asked.refresh_url.is_empty() {
        asked.return_url.clone()
    } else {
        asked.refresh_url
    };
    ConnectAccount {
        practice,
        return_url: asked.return_url,
        refresh_url,
    }
}

/// As the API shows it.
pub fn connected(connected: Connected) -> contract::ConnectProcessorAccountResponse {
    contract::ConnectProcessorAccountResponse {
        account: Some(account(connected.account)),
        onboarding_url: connected.link.url.expose_secret().to_owned(),
        expire_time: Some(wire::time(connected.link.expires)),
    }
}

/// As the API shows it.
pub fn account(shown: ShownAccount) -> contract::ProcessorAccount {
    let standing = shown.standing;
    contract::ProcessorAccount {
        processor_account: shown.account,
        charges_enabled: standing.charges_enabled,
        payouts_enabled: standing.payouts_enabled,
        requirements_due: standing.requirements_due,
        disabled_reason: standing.disabled_reason,
        online_payments: shown.online_payments,
        own: shown.own,
        details_submitted: standing.details_submitted,
        state: state(shown.state).into(),
        charged_account: shown.charged.unwrap_or_default(),
        left_open_count: count(shown.left_open),
        new_card_requests: new_cards(shown.new_cards),
    }
}

fn new_cards(counts: NewCardCounts) -> Option<contract::NewCardRequests> {
    (counts != NewCardCounts::default()).then(|| contract::NewCardRequests {
        waiting_count: count(counts.waiting),
        asked_count: count(counts.asked),
        exempt_count: count(counts.exempt),
        given_count: count(counts.given),
    })
}

fn count(of: i64) -> i32 {
    i32::try_from(of).unwrap_or(i32::MAX)
}

/// As the API names it.
pub const fn state(state: ConnectionState) -> contract::ProcessorAccountState {
    match state {
        ConnectionState::Onboarding => contract::ProcessorAccountState::Onboarding,
        ConnectionState::Active => contract::ProcessorAccountState::Active,
        ConnectionState::Restricted => contract::ProcessorAccountState::Restricted,
        ConnectionState::Disconnected => contract::ProcessorAccountState::Disconnected,
    }
}
