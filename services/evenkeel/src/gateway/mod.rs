//! The gateway's configuration, written from the contracts: every public rpc gets its route, its deadline, its retries
//! and its token rule; what is not public gets none. The result is JSON for `envoy -c`.

mod clusters;
mod filters;
mod methods;
mod replies;
mod routes;

pub use methods::{Method, public_methods};

use prost_reflect::DescriptorPool;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where things are, seen from the gateway.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Where browsers and programs come in.
    pub listen: SocketAddr,
    /// Envoy's own pages: stats and readiness; never public.
    pub admin: SocketAddr,
    /// The descriptor set's file, for JSON.
    pub descriptor_set: PathBuf,
    /// Upstreams by service: `billing` → `127.0.0.1:7101`.
    pub upstreams: Vec<Upstream>,
    /// host:port of portal-auth's admin port, where the token keys are.
    pub jwks: Upstream,
    /// Web pages that may call: exact origins, `https://pay.example`.
    pub origins: Vec<String>,
    /// Requests a second that one network address may make, in the long run; four times as many at once.
    pub requests_per_second: u32,
    /// How many proxies of ours stand before this one.
    pub trusted_hops: u32,
    /// Where the access log goes; `/dev/stdout` in a container.
    pub access_log: String,
}

/// Where one service is reached.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its name, and its cluster's.
    pub name: String,
    /// Host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Gateway {
    /// The whole configuration.
    pub fn render(&self, contracts: &DescriptorPool) -> Value {
        let methods = public_methods(contracts);
        json!({
            "admin": {
                "address": address(&self.admin.ip().to_string(), self.admin.port()),
            },
            "overload_manager": overload(),
            "static_resources": {
                "listeners": [self.listener(&methods)],
                "clusters": clusters::all(self),
            },
        })
    }

    fn listener(&self, methods: &[Method]) -> Value {
        json!({
            "name": "public",
            "address": address(&self.listen.ip().to_string(), self.listen.port()),
            "per_connection_buffer_limit_bytes": 65_536,
            "filter_chains": [{ "filters": [{
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": self.connection_manager(methods),
            }] }],
        })
    }

    fn connection_manager(&self, methods: &[Method]) -> Value {
        json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "public",
            "codec_type": "AUTO",
            "use_remote_address": true,
            "xff_num_trusted_hops": self.trusted_hops,
            // No address is "internal": everybody's own address is what limits and the audit go by.
            "internal_address_config": {},
            "normalize_path": true,
            "merge_slashes": true,
            "path_with_escaped_slashes_action": "REJECT_REQUEST",
            "max_request_headers_kb": 32,
            "common_http_protocol_options": {
                "idle_timeout": "300s",
                "max_headers_count": 60,
                "headers_with_underscores_action": "REJECT_REQUEST",
            },
            "http2_protocol_options": {
                "max_concurrent_streams": 100,
                "initial_stream_window_size": 65_536,
                "initial_connection_window_size": 1_048_576,
            },
            "stream_idle_timeout": "60s",
            "request_headers_timeout": "10s",
            "generate_request_id": true,
            "server_header_transformation": "PASS_THROUGH",
            "access_log": [replies::access_log(&self.access_log)],
            "local_reply_config": replies::mappers(),
            "route_config": routes::table(methods, &self.origins),
            "http_filters": filters::chain(self, methods),
        })
    }
}

fn address(host: &str, port: u16) -> Value {
    json!({ "socket_address": { "address": host, "port_value": port } })
}

/// Requests are refused clearly before connections are.
fn overload() -> Value {
    json!({
        "refresh_interval": "0.25s",
        "resource_monitors": [{
            "name": "envoy.resource_monitors.global_downstream_max_connections",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                "max_active_downstream_connections": 10_000,
            },
        }],
    })
}

#[cfg(test)]
mod tests;
