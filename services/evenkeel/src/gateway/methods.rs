use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, ReflectMessage as _, Value};

/// An rpc that somebody outside of the suite may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// `evenkeel.billing.v1.BillService`.
    pub service: String,
    /// `/evenkeel.billing.v1.BillService/GetBill`.
    pub path: String,
    /// The upstream that serves it: `billing`, `portal-auth`.
    pub upstream: String,
    /// No token is needed.
    pub anyone: bool,
    /// Changes nothing, so it may be tried again.
    pub read: bool,
    /// Answers a stream.
    pub streams: bool,
    /// Takes a stream, which only gRPC can send: programs may, browsers and JSON not.
    pub takes_stream: bool,
    /// Has a JSON mapping.
    pub json: bool,
}

impl Method {
    /// Stripe repeats what it was not answered, so the gateway does not.
    pub fn is_webhook(&self) -> bool {
        self.service.ends_with(".WebhookService")
    }
}

/// Every rpc whose access option names a role or anyone, in the order of the contracts. The event feed is the
/// services' own: one name served by five, so no path tells whose it is.
pub fn public_methods(contracts: &DescriptorPool) -> Vec<Method> {
    let mut methods: Vec<Method> = contracts
        .services()
        .filter(|service| {
            let package = service.package_name();
            package.starts_with("evenkeel.") && package != "evenkeel.feed.v1"
        })
        .flat_map(|service| {
            service
                .methods()
                .filter_map(|method| public(&method))
                .collect::<Vec<_>>()
        })
        .collect();
    methods.sort_by(|left, right| left.path.cmp(&right.path));
    methods
}

fn public(method: &MethodDescriptor) -> Option<Method> {
    let service = method.parent_service();
    let options = method.options();
    let access = option(&options, "evenkeel.policy.v1.access")?;
    let anyone = field(&access, "anyone") == Some(Value::Bool(true));
    let roles = matches!(field(&access, "roles"), Some(Value::List(roles)) if !roles.is_empty());
    if !anyone && !roles {
        return None;
    }
    let package = service.package_name().split('.').nth(1).unwrap_or_default();
    Some(Method {
        service: service.full_name().to_owned(),
        path: format!("/{}/{}", service.full_name(), method.name()),
        upstream: package.replace('_', "-"),
        anyone,
        // NO_SIDE_EFFECTS = 1
        read: options.get_field_by_name("idempotency_level").as_deref()
            == Some(&Value::EnumNumber(1)),
        streams: method.is_server_streaming(),
        takes_stream: method.is_client_streaming(),
        json: option(&options, "google.api.http").is_some(),
    })
}

fn option(options: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    let extension = options
        .descriptor()
        .parent_pool()
        .get_extension_by_name(name)?;
    if !options.has_extension(&extension) {
        return None;
    }
    match options.get_extension(&extension).into_owned() {
        Value::Message(message) => Some(message),
        _ => None,
    }
}

fn field(message: &DynamicMessage, name: &str) -> Option<Value> {
    message
        .get_field_by_name(name)
        .map(std::borrow::Cow::into_owned)
}
