use super::Method;
use serde_json::{Value, json};

/// For an rpc that answers once; a caller may ask for less, not for more.
const UNARY: &str = "30s";
/// For one that streams: a long export, a live balance.
const STREAM: &str = "900s";

/// One exact route per public rpc. gRPC, grpc-web and, after the transcoder, JSON all meet the same one.
pub fn table(methods: &[Method], origins: &[String]) -> Value {
    json!({
        "name": "public",
        "virtual_hosts": [{
            "name": "public",
            "domains": ["*"],
            // Services count and audit by it; a forged one is overwritten.
            "request_headers_to_add": [{
                "header": { "key": "x-client-address", "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" },
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }],
            "typed_per_filter_config": { "envoy.filters.http.cors": cors(origins) },
            "routes": methods.iter().map(route).collect::<Vec<_>>(),
        }],
    })
}

fn route(method: &Method) -> Value {
    let longest = if method.streams { STREAM } else { UNARY };
    let mut action = json!({
        "cluster": method.upstream,
        // A route timeout would say UNAVAILABLE, which invites a retry; the stream's longest duration says
        // DEADLINE_EXCEEDED.
        "timeout": "0s",
        "max_stream_duration": { "max_stream_duration": longest, "grpc_timeout_header_max": longest },
    });
    if let Some(policy) = retries(method) {
        action["retry_policy"] = policy;
    }
    let mut route = json!({
        "name": method.path,
        "match": { "path": method.path },
        "route": action,
    });
    if !method.streams {
        route["request_headers_to_add"] = json!([{
            "header": { "key": "grpc-timeout", "value": "10S" },
            "append_action": "ADD_IF_ABSENT",
        }]);
    }
    route
}

/// Reads again when the service was not there; writes only what certainly was not begun.
fn retries(method: &Method) -> Option<Value> {
    if method.is_webhook() {
        return None;
    }
    let retry_on = if method.read {
        "unavailable,reset,connect-failure,refused-stream"
    } else {
        "connect-failure,refused-stream,reset-before-request"
    };
    Some(json!({
        "retry_on": retry_on,
        "num_retries": 2,
        "retry_host_predicate": [{
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            },
        }],
        "host_selection_retry_max_attempts": 3,
        "retry_back_off": { "base_interval": "0.025s", "max_interval": "0.25s" },
    }))
}

/// The headers are a contract with the browser: it blocks every one that is not named.
fn cors(origins: &[String]) -> Value {
    let exact: Vec<Value> = origins
        .iter()
        .map(|origin| json!({ "exact": origin }))
        .collect();
    json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy",
        "allow_origin_string_match": exact,
        "allow_methods": "GET, POST, OPTIONS",
        "allow_headers": "authorization,content-type,x-grpc-web,x-user-agent,grpc-timeout,x-request-id",
        "expose_headers": "grpc-status,grpc-message,grpc-status-details-bin,x-request-id,retry-after",
        "max_age": "7200",
    })
}
