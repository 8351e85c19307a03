//! proto ↔ what this service works with.

use crate::ops::{LiveCode, Registration};
use crate::secrets::{SecretError, Secrets};
use crate::signing::AccessToken;
use crate::store::practices::Practice;
use ::rpc::Role;
use ids::{BillId, PracticeId};
use jiff::Timestamp;
use proto::policy::v1 as policy;
use proto::portal_auth::v1 as portal_auth;

/// What the request asks to register; the ids are set by the op.
pub fn registration(request: portal_auth::RegisterPracticeRequest) -> Registration {
    let practice = request.practice.unwrap_or_default();
    Registration {
        practice: Practice {
            practice_id: PracticeId::from(uuid::Uuid::nil()),
            name: practice.name,
            time_zone: practice.time_zone,
            currency: practice.currency_code,
            address_lines: practice.address_lines,
            phone: practice.phone,
            email: practice.email,
            tax_id: practice.tax_id,
            npi: practice.npi,
            create_time: Timestamp::UNIX_EPOCH,
        },
        setup_token: request.setup_token,
        owner_email: request.owner_email,
        owner_password: request.owner_password,
    }
}

/// The request as its fingerprint is kept: a digest of the password itself could be guessed back from the database, far
/// faster than its hash, so a keyed one stands in its place. Errors: the key cannot be used.
pub fn registration_without_secrets(
    request: &portal_auth::RegisterPracticeRequest,
    secrets: &Secrets,
) -> Result<portal_auth::RegisterPracticeRequest, SecretError> {
    Ok(portal_auth::RegisterPracticeRequest {
        setup_token: String::new(),
        owner_password: hex::encode(secrets.keyed_digest(&request.owner_password)?),
        ..request.clone()
    })
}

/// As the API shows it.
pub fn practice(practice: &Practice) -> portal_auth::Practice {
    portal_auth::Practice {
        practice_id: practice.practice_id.to_string(),
        name: practice.name.clone(),
        time_zone: practice.time_zone.clone(),
        currency_code: practice.currency.clone(),
        address_lines: practice.address_lines.clone(),
        phone: practice.phone.clone(),
        email: practice.email.clone(),
        tax_id: practice.tax_id.clone(),
        npi: practice.npi.clone(),
        create_time: Some(::rpc::wire::time(practice.create_time)),
    }
}

/// The event of a registration.
pub fn practice_registered(registered: &Practice) -> portal_auth::PracticeRegistered {
    portal_auth::PracticeRegistered {
        practice: Some(practice(registered)),
    }
}

/// As the API names it.
pub fn role(role: Role) -> policy::Role {
    match role {
        Role::Owner => policy::Role::Owner,
        Role::Biller => policy::Role::Biller,
        Role::Clinician => policy::Role::Clinician,
        Role::Client => policy::Role::Client,
        Role::Contact => policy::Role::Contact,
        Role::Guest => policy::Role::Guest,
        Role::Program => policy::Role::Program,
        Role::Service => policy::Role::Service,
        Role::Anonymous => policy::Role::Unspecified,
    }
}

/// When a token ends.
pub fn expire_time(token: &AccessToken) -> Option<prost_types::Timestamp> {
    Some(::rpc::wire::time(token.expire_time))
}

/// A live code, issued.
pub fn issued(code: LiveCode) -> portal_auth::IssueAccessCodeResponse {
    portal_auth::IssueAccessCodeResponse {
        access_code: code.access_code,
        link_token: code.link_token,
        reference: code.reference,
        issue_time: Some(::rpc::wire::time(code.issue_time)),
    }
}

/// The event of a code that was guessed wrong too often.
pub fn access_code_burned(bill: BillId, issue_time: Timestamp) -> portal_auth::AccessCodeBurned {
    portal_auth::AccessCodeBurned {
        bill_id: bill.to_string(),
        issue_time: Some(::rpc::wire::time(issue_time)),
    }
}

/// The event of a code that was replaced on purpose.
pub fn access_code_reissued(
    bill: BillId,
    issue_time: Timestamp,
) -> portal_auth::AccessCodeReissued {
    portal_auth::AccessCodeReissued {
        bill_id: bill.to_string(),
        issue_time: Some(::rpc::wire::time(issue_time)),
    }
}

/// A live code, revealed.
pub fn revealed(code: LiveCode) -> portal_auth::RevealAccessCodeResponse {
    portal_auth::RevealAccessCodeResponse {
        access_code: code.access_code,
        link_token: code.link_token,
        reference: code.reference,
    }
}
