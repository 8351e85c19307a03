use super::{Gateway, Upstream, address};
use serde_json::{Value, json};

/// Every service over HTTP/2, and portal-auth's page of keys over HTTP/1.
pub fn all(gateway: &Gateway) -> Vec<Value> {
    let services = gateway.upstreams.iter().map(service);
    services.chain([keys(&gateway.jwks)]).collect()
}

fn service(upstream: &Upstream) -> Value {
    let mut cluster = cluster(upstream);
    cluster["typed_extension_protocol_options"] = json!({
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": { "http2_protocol_options": {
                "connection_keepalive": { "interval": "30s", "timeout": "5s" },
            } },
        },
    });
    cluster["health_checks"] = json!([{
        "timeout": "1s",
        "interval": "2s",
        "no_traffic_interval": "5s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "grpc_health_check": {},
    }]);
    cluster["circuit_breakers"] = json!({ "thresholds": [{
        "max_connections": 64,
        "max_pending_requests": 1024,
        "max_requests": 1024,
        "track_remaining": true,
        // A budget of a few retries was what failed requests in rolling restarts, not the retries.
        "retry_budget": { "budget_percent": { "value": 20 }, "min_retry_concurrency": 20 },
    }] });
    cluster["outlier_detection"] = json!({
        "consecutive_gateway_failure": 5,
        "base_ejection_time": "5s",
        "max_ejection_percent": 50,
        "split_external_local_origin_errors": true,
    });
    cluster
}

fn keys(upstream: &Upstream) -> Value {
    cluster(upstream)
}

fn cluster(upstream: &Upstream) -> Value {
    json!({
        "name": upstream.name,
        "type": "STRICT_DNS",
        "dns_refresh_rate": "5s",
        "respect_dns_ttl": false,
        "connect_timeout": "0.5s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {
            "cluster_name": upstream.name,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": {
                "address": address(&upstream.host, upstream.port),
            } }] }],
        },
    })
}
