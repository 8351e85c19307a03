use crate::fault::{Details, Fault, refuse, status};
use ids::{BillId, ClientId, ContactId, PracticeId};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;
use tonic::{Code, Request, Status};

/// What a token was issued for. As text it is the token's `role` claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Owns the practice.
    Owner,
    /// Bills and collects.
    Biller,
    /// Treats.
    Clinician,
    /// The person treated.
    Client,
    /// Another person attached to a client.
    Contact,
    /// Holds the access code of one bill.
    Guest,
    /// A practice's own program, such as its EHR.
    Program,
    /// A service of the suite.
    Service,
    /// Nobody signed in; only methods that are open to anyone meet it.
    #[serde(skip)]
    Anonymous,
}

impl Role {
    /// The `role` claim, which is also how it is written in logs and the audit.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Biller => "biller",
            Self::Clinician => "clinician",
            Self::Client => "client",
            Self::Contact => "contact",
            Self::Guest => "guest",
            Self::Program => "program",
            Self::Service => "service",
            Self::Anonymous => "anonymous",
        }
    }
}

/// Who calls, as the token says, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// `user_01j…`, `guest:bill_01j…`, `service:payments`, `worker:autopay`; empty when anonymous.
    pub subject: String,
    /// What the token was issued for.
    pub role: Role,
    /// The one practice the caller belongs to; services belong to none.
    pub practice: Option<PracticeId>,
    /// The one bill of a guest.
    pub bill: Option<BillId>,
    /// The clients that a client or contact may see.
    pub clients: Vec<ClientId>,
    /// Which contact a contact is; none for others.
    pub contact: Option<ContactId>,
    /// The name of the calling service.
    pub service: Option<String>,
    /// Where the request came from: the gateway's word for it behind a gateway, the peer otherwise.
    pub address: Option<IpAddr>,
    /// The `x-request-id` of the request, for the audit.
    pub request_id: Arc<str>,
}

impl Caller {
    /// A service of the suite, by its name.
    #[must_use]
    pub fn service(name: &str) -> Self {
        Self {
            subject: format!("service:{name}"),
            role: Role::Service,
            service: Some(name.to_owned()),
            ..Self::anonymous()
        }
    }

    /// A work loop of this process, which calls ops without a request.
    #[must_use]
    pub fn worker(name: &str) -> Self {
        Self {
            subject: format!("worker:{name}"),
            ..Self::service(name)
        }
    }

    /// Nobody in particular.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            subject: String::new(),
            role: Role::Anonymous,
            practice: None,
            bill: None,
            clients: Vec::new(),
            contact: None,
            service: None,
            address: None,
            request_id: Arc::from(""),
        }
    }

    /// Whether the caller may act in this practice: its own, or any for a service.
    ///
    /// # Errors
    /// [`Denied::NotFound`]: to others it does not exist.
    pub fn within(&self, practice: PracticeId) -> Result<(), Denied> {
        let may = self.role == Role::Service || self.practice == Some(practice);
        may.then_some(())
            .ok_or_else(|| Denied::not_found("practice", practice))
    }

    /// Whether the caller may see this bill, as far as the token tells: a guest sees one. A client's or contact's
    /// bill is known by its client: [`Caller::sees_client`].
    ///
    /// # Errors
    /// [`Denied::NotFound`].
    pub fn sees_bill(&self, bill: BillId) -> Result<(), Denied> {
        let may = match self.role {
            Role::Guest => self.bill == Some(bill),
            Role::Anonymous => false,
            Role::Owner
            | Role::Biller
            | Role::Clinician
            | Role::Client
            | Role::Contact
            | Role::Program
            | Role::Service => true,
        };
        may.then_some(())
            .ok_or_else(|| Denied::not_found("bill", bill))
    }

    /// Whether the caller may see this client: staff, programs and services may, a client or contact only those of the
    /// token, a guest none.
    ///
    /// # Errors
    /// [`Denied::NotFound`].
    pub fn sees_client(&self, client: ClientId) -> Result<(), Denied> {
        let may = match self.role {
            Role::Owner | Role::Biller | Role::Clinician | Role::Program | Role::Service => true,
            Role::Client | Role::Contact => self.clients.contains(&client),
            Role::Guest | Role::Anonymous => false,
        };
        may.then_some(())
            .ok_or_else(|| Denied::not_found("client", client))
    }
}

/// A caller asked for what is not theirs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Somebody else's, which looks like nobody's.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// `practice`, `bill`, `client`.
        kind: &'static str,
        /// The id that was asked for.
        id: String,
    },
    /// The caller sees it and may not do this to it.
    #[error("your role does not allow this")]
    NotAllowed,
}

impl Denied {
    /// The same error as for an id that nobody has.
    pub fn not_found(kind: &'static str, id: impl ToString) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
        }
    }
}

impl Fault for Denied {
    fn code(&self) -> Code {
        match self {
            Self::NotFound { .. } => Code::NotFound,
            Self::NotAllowed => Code::PermissionDenied,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound {
                kind: "practice", ..
            } => "PRACTICE_UNKNOWN",
            Self::NotFound { kind: "bill", .. } => "BILL_UNKNOWN",
            Self::NotFound { kind: "client", .. } => "CLIENT_UNKNOWN",
            Self::NotFound { .. } => "NOT_FOUND",
            Self::NotAllowed => "ROLE_NOT_ALLOWED",
        }
    }

    fn details(&self) -> Details {
        match self {
            Self::NotFound { kind, id } => Details::default().resource(*kind, id),
            Self::NotAllowed => Details::default(),
        }
    }
}

impl From<Denied> for Status {
    fn from(denied: Denied) -> Self {
        status(&denied)
    }
}

/// Who calls and what they ask, for the first line of a handler.
///
/// # Errors
/// UNAUTHENTICATED when the stack did not put a caller there, as when a handler is called without it.
pub fn enter<M>(request: Request<M>) -> Result<(Caller, M), Status> {
    let (_, mut extensions, message) = request.into_parts();
    let caller = extensions.remove::<Caller>().ok_or_else(|| {
        refuse(
            Code::Unauthenticated,
            "TOKEN_MISSING",
            "sign in first",
            Details::default(),
        )
    })?;
    Ok((caller, message))
}

#[cfg(test)]
mod tests {
    use super::{Caller, Role};
    use clock::Clock;
    use ids::{BillId, ClientId, PracticeId};

    #[test]
    fn a_caller_sees_its_own_and_nothing_of_others() {
        let clock = Clock::system();
        let (own, other) = (PracticeId::new(&clock), PracticeId::new(&clock));
        let (bill, other_bill) = (BillId::new(&clock), BillId::new(&clock));
        let (client, other_client) = (ClientId::new(&clock), ClientId::new(&clock));
        let of = |role| Caller {
            role,
            practice: Some(own),
            bill: Some(bill),
            clients: vec![client],
            ..Caller::anonymous()
        };
        for (caller, elsewhere, any_bill, any_client) in [
            (of(Role::Owner), false, true, true),
            (of(Role::Biller), false, true, true),
            (of(Role::Clinician), false, true, true),
            (of(Role::Program), false, true, true),
            (of(Role::Client), false, true, false),
            (of(Role::Contact), false, true, false),
            (of(Role::Guest), false, false, false),
            (Caller::service("payments"), true, true, true),
            (Caller::worker("autopay"), true, true, true),
            (Caller::anonymous(), false, false, false),
        ] {
            let who = format!("{:?} {}", caller.role, caller.subject);
            let signed_in = caller.role != Role::Anonymous;
            assert_eq!(caller.within(own).is_ok(), signed_in, "{who}");
            assert_eq!(caller.within(other).is_ok(), elsewhere, "{who}");
            assert_eq!(caller.sees_bill(bill).is_ok(), signed_in, "{who}");
            assert_eq!(caller.sees_bill(other_bill).is_ok(), any_bill, "{who}");
            let sees_own = signed_in && caller.role != Role::Guest;
            assert_eq!(caller.sees_client(client).is_ok(), sees_own, "{who}");
            assert_eq!(
                caller.sees_client(other_client).is_ok(),
                any_client,
                "{who}"
            );
        }
    }
}
