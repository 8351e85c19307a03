use super::{line_of, pattern};
use crate::repository::{File, Offence, Repository, SERVICES};
use crate::sql;

/// SQL stands in `store` (and in shared/pg, which has the plumbing of all services, and in tests).
pub fn sql_stays_in_store(repository: &Repository) -> Vec<Offence> {
    let calls =
        pattern(r"\b(query|query_as|query_scalar|query_file|raw_sql)\s*(!|::<[^>]*>)?\s*\(");
    let mut offences = Vec::new();
    for file in repository
        .with_extension("rs")
        .filter(|file| !may_say_sql(file))
    {
        let code = file.code();
        for found in calls
            .find_iter(code)
            .filter(|found| is_sqlx(code, found.start(), found.as_str()))
        {
            let message = "a query outside store; move it to store/ and call it by what it does";
            offences.push(file.offence(line_of(code, found.start()), message));
        }
        for text in file.sql() {
            offences.push(file.offence(
                text.line,
                "SQL outside store; move it to store/ and call it by what it does",
            ));
        }
    }
    offences
}

/// `uri.query()` and axum's `query(…)` are not sqlx's.
fn is_sqlx(code: &str, at: usize, call: &str) -> bool {
    call.contains('!')
        || call.starts_with("raw_sql")
        || code[..at].ends_with("sqlx::")
        || call.starts_with("query_")
}

fn may_say_sql(file: &File) -> bool {
    let elsewhere = [
        "shared/pg/",
        "shared/testkit/",
        "shared/tidy/",
        "loadtests/",
    ];
    file.is_test()
        || file.in_module("store")
        || file.path.contains("/src/store")
        || elsewhere.iter().any(|folder| file.path.starts_with(folder))
}

/// Generated types of the contracts stay where messages come in and go out.
pub fn contracts_stay_at_the_edges(repository: &Repository) -> Vec<Offence> {
    let mention = pattern(r"\bproto::");
    // Where a service is put together, servers and clients are named, but no messages.
    let wiring = pattern(r"\bproto::\w+::v1::\w+_(client|server)::");
    let inside = repository.with_extension("rs").filter(|file| {
        file.in_source_of_service().is_some_and(|path| {
            !["rpc", "wire", "work"]
                .iter()
                .any(|edge| path.starts_with(edge))
        }) && !file.is_test()
    });
    let mut offences = Vec::new();
    for file in inside {
        let code = file.code();
        let puts_together = matches!(
            file.in_source_of_service(),
            Some("lib.rs" | "main.rs" | "run.rs")
        );
        for found in mention.find_iter(code) {
            if puts_together
                && wiring
                    .find_at(code, found.start())
                    .is_some_and(|it| it.start() == found.start())
            {
                continue;
            }
            let message = "`proto::` away from the edge; turn it into a type of domain in wire.rs";
            offences.push(file.offence(line_of(code, found.start()), message));
        }
    }
    offences
}

/// A service knows another only by its contract: no crate of it, no table of it.
pub fn services_do_not_name_each_other(repository: &Repository) -> Vec<Offence> {
    let mut offences = Vec::new();
    for other in SERVICES {
        let schema = other.replace('-', "_");
        let crate_line = pattern(&format!(
            r#"(?m)^(\[[\w.-]*dependencies\.)?"?{other}"?(\.workspace)?\s*[=\]]"#
        ));
        let tables = pattern(&format!(
            r"(?i)\b(?:from|join|into|update|table|references|using|on|only)\s+({schema}\.\w+)"
        ));
        for file in repository
            .files
            .iter()
            .filter(|file| file.service().is_some_and(|service| service != other))
        {
            let found = if file.path.ends_with("Cargo.toml") {
                crate_line.find(&file.text)
            } else {
                None
            };
            if let Some(found) = found {
                let message =
                    format!("depends on the crate of {other}; call its rpcs, or follow its events");
                offences.push(file.offence(line_of(&file.text, found.start()), message));
            }
        }
        for (file, part) in
            sql::of_services(repository).filter(|(file, _)| file.service() != Some(other))
        {
            for found in tables
                .captures_iter(&part.says)
                .filter_map(|captures| captures.get(1))
            {
                let message = format!(
                    "`{}` is a table of {other}; call its rpcs, or follow its events",
                    found.as_str()
                );
                offences.push(file.offence(part.line_of(found.start()), message));
            }
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_in_an_op_is_caught() {
        let caught = [
            "fn f() { query!(\"x\") }",
            "fn f() { sqlx::query(Q) }",
            "const Q: &str = \"select id from billing.bills\";",
            "fn f() { sqlx::query_scalar::<_, i64>(Q) }",
        ];
        for text in caught {
            let bad = Repository::of(&[("services/billing/src/ops/issue_bill.rs", text)]);
            assert_eq!(sql_stays_in_store(&bad).len(), 1, "{text}");
        }
    }

    #[test]
    fn sql_in_store_and_in_tests_passes_and_so_does_a_uri() {
        let good = Repository::of(&[
            (
                "services/billing/src/store/bills.rs",
                "fn f() { query!(\"select id from billing.bills\") }",
            ),
            (
                "services/billing/tests/it/audit.rs",
                "fn f() { sqlx::query(Q) }",
            ),
            (
                "services/billing/src/rpc.rs",
                "fn f() { uri.query(); \"select a card first\" }",
            ),
        ]);
        assert!(sql_stays_in_store(&good).is_empty());
    }

    #[test]
    fn a_message_in_an_op_is_caught_and_at_the_edge_passes() {
        let text = "use proto::billing::v1::Bill;";
        let bad = Repository::of(&[("services/billing/src/ops/issue_bill.rs", text)]);
        assert_eq!(contracts_stay_at_the_edges(&bad).len(), 1);
        let edges = ["rpc.rs", "rpc/bills.rs", "wire.rs", "work/follow.rs"]
            .map(|name| format!("services/billing/src/{name}"));
        let good: Vec<_> = edges.iter().map(|path| (path.as_str(), text)).collect();
        assert!(contracts_stay_at_the_edges(&Repository::of(&good)).is_empty());
    }

    #[test]
    fn a_client_passes_where_a_service_is_put_together_and_a_message_is_caught() {
        let client = "use proto::portal_auth::v1::sign_in_service_client::SignInServiceClient;";
        let offences = |path: &str, text: &str| {
            contracts_stay_at_the_edges(&Repository::of(&[(path, text)])).len()
        };
        assert_eq!(offences("services/billing/src/lib.rs", client), 0);
        assert_eq!(
            offences("services/billing/src/ops/issue_bill.rs", client),
            1
        );
        assert_eq!(
            offences(
                "services/billing/src/lib.rs",
                "use proto::billing::v1::Bill;"
            ),
            1
        );
    }

    #[test]
    fn another_services_crate_is_caught() {
        let bad = Repository::of(&[(
            "services/payments/Cargo.toml",
            "[dependencies]\nbilling.workspace = true\n",
        )]);
        assert_eq!(services_do_not_name_each_other(&bad)[0].line, 2);
        let good = Repository::of(&[
            (
                "services/billing/Cargo.toml",
                "[package]\nname = \"billing\"\n",
            ),
            (
                "services/evenkeel/Cargo.toml",
                "[dependencies]\nbilling.workspace = true\n",
            ),
        ]);
        assert!(services_do_not_name_each_other(&good).is_empty());
    }

    #[test]
    fn another_services_table_is_caught() {
        let query = "fn f() { query!(\"select id\nfrom billing.bills\") }";
        let bad = Repository::of(&[("services/payments/src/store/payments.rs", query)]);
        assert_eq!(services_do_not_name_each_other(&bad)[0].line, 2);
        let good = Repository::of(&[("services/billing/src/store/bills.rs", query)]);
        assert!(services_do_not_name_each_other(&good).is_empty());
    }
}
