use super::{Gateway, Method};
use serde_json::{Value, json};

/// The largest request, JSON or gRPC; services refuse larger messages themselves.
const REQUEST_BYTES_MAX: u32 = 1_048_576;
/// The largest answer that JSON callers can get in one piece; a PDF fits.
const RESPONSE_BYTES_MAX: u32 = 8_388_608;

/// In the order a request meets them. header_mutation stands first because on the way out it comes last, after
/// grpc_web, which would overwrite the status it sets.
pub fn chain(gateway: &Gateway, methods: &[Method]) -> Vec<Value> {
    vec![
        named("envoy.filters.http.header_mutation", header_mutation()),
        named("envoy.filters.http.cors", typed("cors.v3.Cors", json!({}))),
        named(
            "envoy.filters.http.grpc_web",
            typed("grpc_web.v3.GrpcWeb", json!({})),
        ),
        named(
            "envoy.filters.http.grpc_json_transcoder",
            transcoder(gateway, methods),
        ),
        named(
            "envoy.filters.http.local_ratelimit",
            address_limit(gateway.requests_per_second),
        ),
        named("envoy.filters.http.jwt_authn", tokens(gateway, methods)),
        named("envoy.filters.http.rbac", no_services()),
        named("envoy.filters.http.grpc_stats", grpc_stats(methods)),
        named(
            "envoy.filters.http.router",
            typed("router.v3.Router", json!({})),
        ),
    ]
}

fn named(name: &str, config: Value) -> Value {
    json!({ "name": name, "typed_config": config })
}

fn typed(kind: &str, mut config: Value) -> Value {
    config["@type"] = json!(format!(
        "type.googleapis.com/envoy.extensions.filters.http.{kind}"
    ));
    config
}

/// Puts the status of the gateway's own errors where grpc-web looks for it (see replies.rs).
fn header_mutation() -> Value {
    typed(
        "header_mutation.v3.HeaderMutation",
        json!({ "mutations": { "response_mutations": [
            { "append": {
                "header": { "key": "grpc-status", "value": "%RESP(x-gateway-grpc-status)%" },
                "append_action": "OVERWRITE_IF_EXISTS",
            } },
            { "remove": "x-gateway-grpc-status" },
        ] } }),
    )
}

fn transcoder(gateway: &Gateway, methods: &[Method]) -> Value {
    let mut services: Vec<&str> = methods
        .iter()
        .filter(|method| method.json)
        .map(|method| method.service.as_str())
        .collect();
    services.dedup();
    typed(
        "grpc_json_transcoder.v3.GrpcJsonTranscoder",
        json!({
            "proto_descriptor": gateway.descriptor_set,
            "services": services,
            "convert_grpc_status": true,
            "max_request_body_size": REQUEST_BYTES_MAX,
            "max_response_body_size": RESPONSE_BYTES_MAX,
            "request_validation_options": {
                "reject_unknown_query_parameters": true,
                "reject_binding_body_field_collisions": true,
            },
            "print_options": { "stream_newline_delimited": true, "always_print_primitive_fields": true },
        }),
    )
}

/// Per network address, whoever signs in from it. Limits that money depends on are the services' own.
fn address_limit(per_second: u32) -> Value {
    typed(
        "local_ratelimit.v3.LocalRateLimit",
        json!({
            "stat_prefix": "per_address",
            // The bucket of all addresses together is only there because the filter wants one.
            "token_bucket": { "max_tokens": 1_000_000, "tokens_per_fill": 1_000_000, "fill_interval": "1s" },
            "rate_limits": [{ "actions": [{ "remote_address": {} }] }],
            "descriptors": [{
                "entries": [{ "key": "remote_address" }],
                "token_bucket": {
                    "max_tokens": per_second.saturating_mul(4),
                    "tokens_per_fill": per_second,
                    "fill_interval": "1s",
                },
            }],
            "max_dynamic_descriptors": 10_000,
            "rate_limited_as_resource_exhausted": true,
            "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
            "filter_enabled": { "default_value": { "numerator": 100 } },
            "filter_enforced": { "default_value": { "numerator": 100 } },
        }),
    )
}

/// The keys come from portal-auth and are fetched again every minute: a file of keys would never be read again.
fn tokens(gateway: &Gateway, methods: &[Method]) -> Value {
    let keys = format!(
        "http://{}:{}/jwks.json",
        gateway.jwks.host, gateway.jwks.port
    );
    let open = methods
        .iter()
        .filter(|method| method.anyone)
        .map(|method| json!({ "match": { "path": method.path } }));
    let rules: Vec<Value> = open
        .chain([json!({ "match": { "prefix": "/evenkeel." }, "requires": { "provider_name": "evenkeel" } })])
        .collect();
    typed(
        "jwt_authn.v3.JwtAuthentication",
        json!({
            "bypass_cors_preflight": true,
            "providers": { "evenkeel": {
                "issuer": "evenkeel",
                "audiences": ["evenkeel"],
                "remote_jwks": {
                    "http_uri": { "uri": keys, "cluster": gateway.jwks.name, "timeout": "1s" },
                    "cache_duration": "60s",
                    "async_fetch": { "fast_listener": false, "failed_refetch_duration": "1s" },
                    "retry_policy": { "num_retries": 3 },
                },
                "from_headers": [{ "name": "authorization", "value_prefix": "Bearer " }],
                // Services verify again; the gateway's word is no proof.
                "forward": true,
                "payload_in_metadata": "jwt",
                "require_expiration": true,
                "max_lifetime": "900s",
                "clock_skew_seconds": 30,
                "jwt_cache_config": { "jwt_cache_size": 1_000 },
            } },
            "rules": rules,
        }),
    )
}

/// A token of a service is for inside; outside it is stolen.
fn no_services() -> Value {
    typed(
        "rbac.v3.RBAC",
        json!({ "rules": {
            "action": "DENY",
            "policies": { "services_stay_inside": {
                "permissions": [{ "any": true }],
                "principals": [{ "sourced_metadata": { "metadata_matcher": {
                    "filter": "envoy.filters.http.jwt_authn",
                    "path": [{ "key": "jwt" }, { "key": "role" }],
                    "value": { "string_match": { "exact": "service" } },
                } } }],
            } },
        } }),
    )
}

/// Counted by name, but only names that exist: callers could invent others.
fn grpc_stats(methods: &[Method]) -> Value {
    let mut services: Vec<(&str, Vec<&str>)> = Vec::new();
    for method in methods {
        let name = method.path.rsplit('/').next().unwrap_or_default();
        match services.last_mut() {
            Some((service, names)) if *service == method.service => names.push(name),
            _ => services.push((&method.service, vec![name])),
        }
    }
    let services: Vec<Value> = services
        .into_iter()
        .map(|(name, method_names)| json!({ "name": name, "method_names": method_names }))
        .collect();
    typed(
        "grpc_stats.v3.FilterConfig",
        json!({ "individual_method_stats_allowlist": { "services": services }, "enable_upstream_stats": true }),
    )
}
