use super::{line_of, pattern};
use crate::repository::{File, Offence, Repository, SERVICES};
use crate::sql;

/// A service's README names each of its tables, and each event that it announces or follows, in backticks or plainly;
/// `automation_*` names a family. The tables of the plumbing are the same everywhere and named in none.
pub fn readmes_name_tables_and_events(repository: &Repository) -> Vec<Offence> {
    SERVICES
        .iter()
        .flat_map(|service| {
            let known = tables(repository, service)
                .chain(events(repository, service))
                .collect();
            missing(repository, service, known)
        })
        .collect()
}

/// Where something is written, and what it is called.
type Named<'a> = (&'a File, usize, String);

fn missing(repository: &Repository, service: &str, known: Vec<Named<'_>>) -> Vec<Offence> {
    let Some(readme) = repository.find(&format!("services/{service}/README.md")) else {
        return Vec::new();
    };
    let word = pattern(r"[A-Za-z_]+\*?");
    let words: Vec<&str> = word
        .find_iter(&readme.text)
        .map(|found| found.as_str())
        .collect();
    let says = |name: &str| {
        words.iter().any(|word| {
            word.strip_suffix('*')
                .map_or(*word == name, |family| name.starts_with(family))
        })
    };
    known
        .into_iter()
        .filter(|(_, _, name)| !says(name))
        .map(|(file, line, name)| {
            file.offence(
                line,
                format!(
                    "`{name}` is not in {}; say there what it is for",
                    readme.path
                ),
            )
        })
        .collect()
}

fn tables<'a>(repository: &'a Repository, service: &str) -> impl Iterator<Item = Named<'a>> {
    let table = pattern(r"(?i)create\s+table\s+\w+\.(\w+)");
    let folder = format!("services/{service}/migrations/");
    repository
        .with_extension("sql")
        .filter(move |file| {
            file.path.starts_with(&folder) && !file.path.ends_with("/0001_plumbing.sql")
        })
        .flat_map(move |file| {
            let says = sql::without_comments(&file.text);
            let found: Vec<_> = table
                .captures_iter(&says)
                .map(|found| {
                    let name = found.get(1).map_or("", |name| name.as_str());
                    (
                        file,
                        line_of(&says, found.get(0).map_or(0, |all| all.start())),
                        name.to_owned(),
                    )
                })
                .collect();
            found
        })
}

/// What it announces, by its contract (facts are parts of events), and what it follows, by the types that it compares; a prefix of several
/// (`….v1.Dispute`) is none.
fn events<'a>(repository: &'a Repository, service: &str) -> impl Iterator<Item = Named<'a>> {
    let announced = pattern(r"(?m)^message (\w+) \{");
    let followed = pattern(r#""evenkeel\.\w+\.v1\.([A-Z][a-z]+[A-Z]\w+)""#);
    let contract = format!(
        "proto/evenkeel/{}/v1/event.proto",
        service.replace('-', "_")
    );
    let source = format!("services/{service}/src/");
    repository
        .files
        .iter()
        .filter_map(move |file| {
            let names = if file.path == contract {
                &announced
            } else if file.path.starts_with(&source) && file.is("rs") && !file.is_test() {
                &followed
            } else {
                return None;
            };
            let found: Vec<_> = names
                .captures_iter(&file.text)
                .map(|found| {
                    (
                        found[1].to_owned(),
                        found.get(0).map_or(0, |all| all.start()),
                    )
                })
                .filter(|(name, _)| !name.ends_with("Facts"))
                .map(|(name, at)| (file, line_of(&file.text, at), name))
                .collect();
            Some(found)
        })
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIGRATION: &str = "services/billing/migrations/0002_bills.sql";
    const CONTRACT: &str = "proto/evenkeel/billing/v1/event.proto";
    const HANDLER: &str = "services/billing/src/work/payments.rs";

    fn offences(readme: &str) -> Vec<Offence> {
        readmes_name_tables_and_events(&Repository::of(&[
            ("services/billing/README.md", readme),
            (
                MIGRATION,
                "-- create table billing.no\ncreate table billing.bill_lines (a int)",
            ),
            (CONTRACT, "message BillFacts {\n}\nmessage BillIssued {\n}"),
            (
                HANDLER,
                r#"const IT: &str = "evenkeel.payments.v1.PaymentFailed";"#,
            ),
        ]))
    }

    #[test]
    fn a_table_and_events_that_a_readme_does_not_name_are_caught_where_they_are() {
        let found = offences("Bills.");
        let places: Vec<_> = found.iter().map(|it| (it.path.as_str(), it.line)).collect();
        assert_eq!(places, [(MIGRATION, 2), (CONTRACT, 3), (HANDLER, 1)]);
    }

    #[test]
    fn names_and_families_pass() {
        let named = "**Announces** BillIssued. **Follows** PaymentFailed.\n| `bill_lines` | x |";
        assert_eq!(offences(named), []);
        assert_eq!(offences("BillIssued PaymentFailed `bill_*`"), []);
    }
}
