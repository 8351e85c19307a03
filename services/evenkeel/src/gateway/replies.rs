//! Errors that the gateway makes itself. Left alone, a browser would read them all as UNAVAILABLE and try again, and a
//! JSON caller would get plain text.

use serde_json::{Value, json};

/// HTTP status → gRPC code.
const CODES: [(u16, u8); 9] = [
    (400, 3),
    (401, 16),
    (403, 7),
    (404, 5),
    (413, 8),
    (429, 8),
    (502, 14),
    (503, 14),
    (504, 4),
];

/// For every status: grpc-web gets HTTP 200 and its code in a marker header that header_mutation turns into
/// `grpc-status`; JSON gets a `google.rpc.Status`; native gRPC is right as it is.
pub fn mappers() -> Value {
    let mappers: Vec<Value> = CODES
        .iter()
        .flat_map(|(status, code)| [web(*status, *code), json_body(*status, *code)])
        .collect();
    json!({ "mappers": mappers })
}

fn web(status: u16, code: u8) -> Value {
    json!({
        "filter": { "and_filter": { "filters": [
            is(status, "web"),
            { "header_filter": { "header": { "name": "x-grpc-web", "present_match": true } } },
        ] } },
        "status_code": 200,
        "headers_to_add": [{
            "header": { "key": "x-gateway-grpc-status", "value": code.to_string() },
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }],
    })
}

fn json_body(status: u16, code: u8) -> Value {
    json!({
        "filter": { "and_filter": { "filters": [
            is(status, "json"),
            { "or_filter": { "filters": [
                // After the transcoder a JSON request says application/grpc; its old path tells it apart.
                { "header_filter": { "header": { "name": "x-envoy-original-path", "present_match": true } } },
                { "header_filter": { "header": {
                    "name": "content-type",
                    "string_match": { "prefix": "application/grpc" },
                    "invert_match": true,
                    "treat_missing_header_as_empty": true,
                } } },
            ] } },
        ] } },
        "body_format_override": { "json_format": {
            "code": code,
            "message": "%LOCAL_REPLY_BODY%",
            "details": [{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "GATEWAY",
                "domain": "evenkeel",
                "metadata": { "request_id": "%REQ(X-REQUEST-ID)%" },
            }],
        } },
    })
}

fn is(status: u16, kind: &str) -> Value {
    json!({ "status_code_filter": { "comparison": {
        "op": "EQ",
        "value": { "default_value": status, "runtime_key": format!("gateway.reply.{kind}.{status}") },
    } } })
}

/// One JSON line per request, without query strings or bodies. For grpc-web and JSON the gRPC status here is not the
/// service's; the services' own logs have it, by request id.
pub fn access_log(path: &str) -> Value {
    json!({
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": path,
            "log_format": { "json_format": {
                "time": "%START_TIME%",
                "request_id": "%REQ(X-REQUEST-ID)%",
                "method": "%REQ(:METHOD)%",
                "rpc": "%ROUTE_NAME%",
                "status": "%RESPONSE_CODE%",
                "details": "%RESPONSE_CODE_DETAILS%",
                "flags": "%RESPONSE_FLAGS%",
                "milliseconds": "%DURATION%",
                "bytes_received": "%BYTES_RECEIVED%",
                "bytes_sent": "%BYTES_SENT%",
                "subject": "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:jwt:sub)%",
                "address": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
            } },
        },
    })
}
