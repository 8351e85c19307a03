use crate::caller::{Caller, Role};
use crate::context::RequestId;
use crate::fault::{Details, refuse};
use crate::layer::{Answer, Layer, Next};
use crate::token::TokenFault;
use http::Request;
use prost_reflect::prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, MethodDescriptor, ReflectMessage as _,
    Value,
};
use proto::policy::v1::{Access as Policy, Role as WireRole};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tonic::body::Body;
use tonic::{Code, Status};

/// `idempotency_level` as descriptor.proto numbers it.
const NO_SIDE_EFFECTS: i32 = 1;

/// Who may call a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Callers whose token carries one of these.
    pub roles: BTreeSet<Role>,
    /// Services of the suite, by name.
    pub services: BTreeSet<String>,
    /// No token is needed.
    pub anyone: bool,
    /// Touches no practice's rows.
    pub suite_wide: bool,
}

/// One rpc as its contract describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// `/evenkeel.billing.v1.BillService/IssueBill`.
    pub path: String,
    /// Who may call it.
    pub rule: Rule,
    /// It may change something: it is not marked NO_SIDE_EFFECTS.
    pub mutating: bool,
    /// The client sends a stream.
    pub streams_requests: bool,
    /// The server sends a stream.
    pub streams_responses: bool,
}

impl Method {
    /// One message in, one message out.
    #[must_use]
    pub const fn is_unary(&self) -> bool {
        !self.streams_requests && !self.streams_responses
    }
}

/// A contract that does not say who may. The server does not start.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The bytes are no descriptor set.
    #[error("the descriptor set cannot be read")]
    Unreadable(#[from] prost_reflect::DescriptorError),
    /// The set was made without the policy, or by something that drops options.
    #[error("the descriptor set does not define the option (evenkeel.policy.v1.access)")]
    OptionUnknown,
    /// All methods at fault.
    #[error("these methods do not say who may call them in (evenkeel.policy.v1.access): {}", .0.join(", "))]
    Unsaid(Vec<String>),
    /// A mounted service that has no contract here.
    #[error("{0} is served but is not in the descriptor set")]
    NoContract(String),
}

/// All methods of a descriptor set, by path.
#[derive(Debug, Clone)]
pub struct Table {
    methods: Arc<HashMap<String, Arc<Method>>>,
}

impl Table {
    /// Reads the encoded `FileDescriptorSet`, as `proto::DESCRIPTOR_SET` has it.
    ///
    /// # Errors
    /// A method without the option, with an empty one, or with a role that does not exist.
    pub fn read(descriptor_set: &[u8]) -> Result<Self, TableError> {
        let pool = DescriptorPool::decode(descriptor_set)?;
        let option = pool
            .get_extension_by_name("evenkeel.policy.v1.access")
            .ok_or(TableError::OptionUnknown)?;
        let mut methods = HashMap::new();
        let mut unsaid = Vec::new();
        for service in pool.services() {
            for method in service.methods() {
                let path = format!("/{}/{}", service.full_name(), method.name());
                match rule(&method, &option) {
                    Some(rule) => {
                        methods.insert(path.clone(), Arc::new(described(path, &method, rule)));
                    }
                    None => unsaid.push(path),
                }
            }
        }
        if unsaid.is_empty() {
            Ok(Self {
                methods: Arc::new(methods),
            })
        } else {
            Err(TableError::Unsaid(unsaid))
        }
    }

    /// The method of a request's path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Arc<Method>> {
        self.methods.get(path)
    }

    /// Every method, in no order.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.methods.values().map(AsRef::as_ref)
    }

    pub(crate) fn has_service(&self, name: &str) -> bool {
        self.methods().any(|method| {
            method
                .path
                .strip_prefix('/')
                .and_then(|path| path.strip_prefix(name))
                .is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

fn described(path: String, method: &MethodDescriptor, rule: Rule) -> Method {
    let level = method
        .options()
        .get_field_by_name("idempotency_level")
        .and_then(|level| level.as_enum_number());
    Method {
        path,
        rule,
        mutating: level != Some(NO_SIDE_EFFECTS),
        streams_requests: method.is_client_streaming(),
        streams_responses: method.is_server_streaming(),
    }
}

/// `None` when the option is absent, empty, or names a role that does not exist.
fn rule(method: &MethodDescriptor, option: &ExtensionDescriptor) -> Option<Rule> {
    let options: DynamicMessage = method.options();
    if !options.has_extension(option) {
        return None;
    }
    let Value::Message(said) = options.get_extension(option).into_owned() else {
        return None;
    };
    debug_assert_eq!(said.descriptor().full_name(), "evenkeel.policy.v1.Access");
    let policy = Policy::decode(said.encode_to_vec().as_slice()).ok()?;
    let roles = policy.roles().map(role).collect::<Option<BTreeSet<_>>>()?;
    // An unknown number reads as ROLE_UNSPECIFIED, which `role` refuses.
    let rule = Rule {
        roles,
        services: policy.services.into_iter().collect(),
        anyone: policy.anyone,
        suite_wide: policy.suite_wide,
    };
    let empty = rule.roles.is_empty() && rule.services.is_empty() && !rule.anyone;
    (!empty).then_some(rule)
}

const fn role(wire: WireRole) -> Option<Role> {
    match wire {
        WireRole::Unspecified => None,
        WireRole::Owner => Some(Role::Owner),
        WireRole::Biller => Some(Role::Biller),
        WireRole::Clinician => Some(Role::Clinician),
        WireRole::Client => Some(Role::Client),
        WireRole::Contact => Some(Role::Contact),
        WireRole::Guest => Some(Role::Guest),
        WireRole::Program => Some(Role::Program),
        WireRole::Service => Some(Role::Service),
    }
}

/// Who the request says it comes from, put there by the authentication layer.
#[derive(Debug, Clone)]
pub(crate) enum Identity {
    Known(Caller),
    NoToken(Caller),
    Refused(Caller, TokenFault),
}

/// Whether the path belongs to health or reflection, which everybody on the service port may ask.
pub(crate) fn is_infrastructure(path: &str) -> bool {
    path.starts_with("/grpc.health.v1.Health/") || path.starts_with("/grpc.reflection.")
}

/// Lets nothing through that the contract does not allow; what it lets through carries its [`Caller`].
pub(crate) struct Access {
    pub(crate) table: Table,
}

impl Layer for Access {
    fn call(&self, mut request: Request<Body>, next: Next) -> Answer {
        if is_infrastructure(request.uri().path()) {
            return next.run(request);
        }
        let identity = request.extensions_mut().remove::<Identity>();
        let decision = match (self.table.get(request.uri().path()), identity) {
            (None, _) => Err(refuse(
                Code::Unimplemented,
                "METHOD_UNKNOWN",
                "there is no such method",
                Details::default(),
            )),
            (Some(_), None) => Err(sign_in()),
            (Some(method), Some(identity)) => decide(&method.rule, identity),
        };
        match decision {
            Ok(mut caller) => {
                if let Some(RequestId(id)) = request.extensions().get::<RequestId>() {
                    caller.request_id = Arc::clone(id);
                }
                request.extensions_mut().insert(caller);
                next.run(request)
            }
            Err(refused) => Box::pin(std::future::ready(refused.into_http())),
        }
    }
}

fn decide(rule: &Rule, identity: Identity) -> Result<Caller, Status> {
    match identity {
        Identity::Known(caller) => may(rule, &caller).map(|()| caller),
        // A stale token in the browser must not stop anyone from signing in.
        Identity::NoToken(nobody) | Identity::Refused(nobody, _) if rule.anyone => Ok(nobody),
        Identity::NoToken(_) => Err(sign_in()),
        Identity::Refused(_, fault) => Err(crate::status(&fault)),
    }
}

fn may(rule: &Rule, caller: &Caller) -> Result<(), Status> {
    let by_name = caller
        .service
        .as_ref()
        .is_some_and(|name| rule.services.contains(name));
    if rule.anyone || by_name || rule.roles.contains(&caller.role) {
        return Ok(());
    }
    let (reason, text) = match &caller.service {
        Some(_) => (
            "SERVICE_NOT_ALLOWED",
            "this service may not call this method",
        ),
        None => ("ROLE_NOT_ALLOWED", "your role does not allow this"),
    };
    Err(refuse(
        Code::PermissionDenied,
        reason,
        text,
        Details::default(),
    ))
}

fn sign_in() -> Status {
    refuse(
        Code::Unauthenticated,
        "TOKEN_MISSING",
        "sign in first",
        Details::default(),
    )
}
