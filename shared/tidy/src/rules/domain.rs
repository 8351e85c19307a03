use super::{line_of, pattern};
use crate::repository::{Offence, Repository};
use crate::rust;

/// Rules of money are functions of values: nothing in `domain` waits, queries, calls or looks at a clock.
pub fn domain_is_pure(repository: &Repository) -> Vec<Offence> {
    // The one thing of sqlx that may be there: a state or an id that knows its column.
    let derive = pattern(r"sqlx::(Type|FromRow)\b|#\[sqlx\([^\]]*\)\]");
    let impure =
        pattern(r"\b(async|await|sqlx|tonic|tokio|PgConnection|PgPool|Pool|Clock)\b|\bproto::");
    let mut offences = Vec::new();
    for file in repository
        .with_extension("rs")
        .filter(|file| file.in_module("domain"))
    {
        let code = rust::code(&file.text);
        let code = derive.replace_all(&code, |found: &regex::Captures| " ".repeat(found[0].len()));
        for found in impure.find_iter(&code) {
            let message = format!(
                "`{}` in domain; pass the value in, and let the op fetch it",
                found.as_str()
            );
            offences.push(file.offence(line_of(&code, found.start()), message));
        }
    }
    offences
}

/// Clippy watches domain more closely than the rest, and money with it: no arm for "whatever else", no floats.
pub fn domain_is_total(repository: &Repository) -> Vec<Offence> {
    let mods = repository.with_extension("rs").filter(|file| {
        file.in_source_of_service() == Some("domain/mod.rs")
            || file.path == "shared/money/src/lib.rs"
    });
    let lints = [
        "clippy::wildcard_enum_match_arm",
        "clippy::float_arithmetic",
    ];
    let denies = |text: &str, lint: &str| {
        text.lines()
            .skip_while(|line| !line.starts_with("#![deny("))
            .take_while(|line| !line.is_empty())
            .any(|line| line.contains(lint))
    };
    mods.filter(|file| !lints.iter().all(|lint| denies(&file.text, lint)))
        .map(|file| {
            file.offence(
                1,
                format!(
                    "is not watched; begin the file with #![deny({})]",
                    lints.join(", ")
                ),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offences(text: &str) -> usize {
        domain_is_pure(&Repository::of(&[(
            "services/billing/src/domain/bill.rs",
            text,
        )]))
        .len()
    }

    #[test]
    fn whatever_reaches_out_is_caught() {
        let caught = [
            "pub async fn f() {}",
            "use sqlx::query;",
            "use tonic::Status;",
            "fn f(c: &mut PgConnection) {}",
            "use proto::billing::v1::Bill;",
            "fn f(clock: &Clock) {}",
        ];
        for text in caught {
            assert_eq!(offences(text), 1, "{text}");
        }
    }

    #[test]
    fn values_and_the_derive_of_a_state_pass() {
        assert_eq!(
            offences(
                "#[derive(sqlx::Type)]\n#[sqlx(type_name = \"text\")]\npub enum State { Open }"
            ),
            0
        );
        assert_eq!(
            offences("// async work belongs to the op\nfn f(now: Timestamp) {}"),
            0
        );
    }

    #[test]
    fn an_op_may_wait() {
        let op = Repository::of(&[(
            "services/billing/src/ops/issue_bill.rs",
            "pub async fn issue_bill() {}",
        )]);
        assert!(domain_is_pure(&op).is_empty());
    }

    #[test]
    fn a_domain_that_clippy_does_not_watch_is_caught() {
        let path = "services/billing/src/domain/mod.rs";
        assert_eq!(
            domain_is_total(&Repository::of(&[(path, "pub mod bill;")])).len(),
            1
        );
        let half = "#![deny(clippy::float_arithmetic)]\n\npub mod bill;";
        assert_eq!(domain_is_total(&Repository::of(&[(path, half)])).len(), 1);
        let whole =
            "#![deny(clippy::wildcard_enum_match_arm, clippy::float_arithmetic)]\n\npub mod bill;";
        assert!(domain_is_total(&Repository::of(&[(path, whole)])).is_empty());
    }
}
