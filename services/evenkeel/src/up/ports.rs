use anyhow::{Context as _, Result, bail};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Where everything listens, all on loopback but the gateway's number is the only one that people need.
#[derive(Debug, Clone)]
pub struct Ports {
    /// Envoy: the way in.
    pub gateway: u16,
    /// Envoy's own pages.
    pub gateway_admin: u16,
    /// gRPC and admin port of each service, in this order: billing, payments, portal-auth, notifications, reporting.
    pub services: [(u16, u16); 5],
    /// The sandbox processor.
    pub processor: u16,
    /// The mail sink's SMTP.
    pub smtp: u16,
    /// The private Postgres.
    pub postgres: u16,
}

/// The services, in the order of [`Ports::services`].
pub const SERVICES: [&str; 5] = [
    "billing",
    "payments",
    "portal-auth",
    "notifications",
    "reporting",
];

impl Ports {
    /// `first` and the nineteen after it are behind the gateway.
    ///
    /// # Errors
    /// `first` is 0 or too high.
    pub fn new(gateway: u16, first: u16) -> Result<Self> {
        if first == 0 || first > u16::MAX - 20 {
            bail!("--inner-ports must be from 1 to {}", u16::MAX - 20);
        }
        let service = |index: u16| (first + 1 + index, first + 11 + index);
        Ok(Self {
            gateway,
            gateway_admin: first + 10,
            services: [service(0), service(1), service(2), service(3), service(4)],
            processor: first + 6,
            smtp: first + 7,
            postgres: first + 8,
        })
    }

    /// The services' names.
    pub fn services() -> impl Iterator<Item = &'static str> {
        SERVICES.into_iter()
    }

    /// The gRPC address of a service.
    pub fn grpc(&self, service: &str) -> SocketAddr {
        loopback(self.of(service).0)
    }

    /// The admin address of a service.
    pub fn admin(&self, service: &str) -> SocketAddr {
        loopback(self.of(service).1)
    }

    /// The gRPC URL of a service.
    pub fn url(&self, service: &str) -> String {
        format!("http://{}", self.grpc(service))
    }

    fn of(&self, service: &str) -> (u16, u16) {
        SERVICES
            .iter()
            .zip(self.services)
            .find(|(name, _)| **name == service)
            .map_or((0, 0), |(_, ports)| ports)
    }

    /// Tries every port before anything is started, but those of parts that stand elsewhere.
    ///
    /// # Errors
    /// One is taken: it is named, with the option that chooses another.
    pub fn check(&self, elsewhere: &[u16]) -> Result<()> {
        let named = [
            (self.gateway, "the gateway", "--port"),
            (
                self.gateway_admin,
                "the gateway's admin pages",
                "--inner-ports",
            ),
            (self.processor, "the sandbox processor", "--inner-ports"),
            (self.smtp, "the mail sink", "--inner-ports"),
            (self.postgres, "Postgres", "--inner-ports"),
        ];
        let services = SERVICES
            .iter()
            .zip(self.services)
            .flat_map(|(name, (grpc, admin))| {
                [
                    (grpc, *name, "--inner-ports"),
                    (admin, *name, "--inner-ports"),
                ]
            });
        let here = |port: &u16| !elsewhere.contains(port);
        for (port, what, option) in named
            .into_iter()
            .chain(services)
            .filter(|(port, ..)| here(port))
        {
            TcpListener::bind(loopback(port)).with_context(|| {
                format!("port {port}, which {what} needs, is taken; choose another with {option}")
            })?;
        }
        Ok(())
    }
}

/// This machine only.
pub fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_parts_share_a_port() {
        let ports = Ports::new(8080, 7100).expect("in range");
        let mut all = vec![
            ports.gateway,
            ports.gateway_admin,
            ports.processor,
            ports.smtp,
            ports.postgres,
        ];
        all.extend(
            ports
                .services
                .iter()
                .flat_map(|(grpc, admin)| [*grpc, *admin]),
        );
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn a_taken_port_is_named_with_the_option_that_helps() {
        let taken = TcpListener::bind(loopback(0)).expect("a free port");
        let port = taken.local_addr().expect("bound").port();
        let ports = Ports::new(port, 17_100).expect("in range");
        let error = ports.check(&[]).expect_err("taken").to_string();
        assert!(
            error.contains(&port.to_string()) && error.contains("--port"),
            "{error}"
        );
    }
}
