use super::ports::{SERVICES, loopback};
use super::{Home, Options, Ports, Suite};
use crate::demo;

/// A row of the table.
pub struct Part {
    name: String,
    place: String,
    what: &'static str,
}

/// What runs where.
pub fn parts(options: &Options, ports: &Ports, home: &Home) -> Vec<Part> {
    let owns = |service: &str| match service {
        "billing" => "sessions, bills, ledger, documents",
        "payments" => "payments, refunds, the processor",
        "portal-auth" => "sign-in, tokens, access codes",
        "notifications" => "e-mail",
        _ => "reports",
    };
    let part = |name: &str, place: String, what| Part {
        name: name.to_owned(),
        place,
        what,
    };
    let mut parts = vec![part(
        "gateway",
        format!("http://{}", loopback(ports.gateway)),
        "gRPC, grpc-web and JSON: the way in",
    )];
    parts.extend(
        SERVICES
            .iter()
            .map(|service| part(service, ports.grpc(service).to_string(), owns(service))),
    );
    parts.push(match options.stripe_secret_key {
        Some(_) => part(
            "processor",
            "api.stripe.com".to_owned(),
            "Stripe, with your key",
        ),
        None => part(
            "processor",
            format!("http://{}/_sandbox/", loopback(ports.processor)),
            "sandbox: no money moves",
        ),
    });
    parts.push(match options.smtp_url {
        Some(_) => part("mail", "your SMTP server".to_owned(), "delivers"),
        None => part(
            "mail sink",
            home.mails().display().to_string(),
            "keeps every mail as a file",
        ),
    });
    parts.push(match options.database_url {
        Some(_) => part(
            "database",
            "your DATABASE_URL".to_owned(),
            "five schemas, five roles",
        ),
        None => part(
            "postgres",
            loopback(ports.postgres).to_string(),
            "private; five schemas, five roles",
        ),
    });
    parts
}

/// The table, demo sign-ins and what to try next.
pub fn render(suite: &Suite, parts: &[Part]) -> String {
    let names = parts
        .iter()
        .map(|part| part.name.chars().count())
        .max()
        .unwrap_or_default();
    let places = parts
        .iter()
        .map(|part| part.place.chars().count())
        .max()
        .unwrap_or_default();
    let mut text = String::from("\nEvenkeel is up.\n\n");
    for part in parts {
        text += &format!(
            "  {:names$}  {:places$}  {}\n",
            part.name, part.place, part.what
        );
    }
    let owner = demo::owner();
    text += &format!(
        "\n  Demo sign-in (after ./dev demo)  {}  {}\n",
        owner.email, owner.password
    );
    text += &format!(
        "  Keys and passwords               {}\n",
        suite.home.secrets().display()
    );
    text += "\n  Try  ./dev demo        in another terminal: the main job on real input, checked to the cent\n";
    text += &format!(
        "       curl -s {}/v1/signIn/staff -d '{{\"email\":\"{}\",\"password\":\"{}\"}}'\n",
        suite.gateway_url, owner.email, owner.password
    );
    text += "\n  Ctrl-C stops everything; the data stay.\n";
    text
}
