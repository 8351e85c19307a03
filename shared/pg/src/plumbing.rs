const TEMPLATE: &str = include_str!("../plumbing.sql");

/// The text of a service's `0001_plumbing.sql`: the tables this crate works on, in the schema and for the role
/// `evenkeel_{schema}`.
pub fn plumbing(schema: &str) -> String {
    TEMPLATE.replace("{schema}", schema)
}

/// The role a service connects as. It owns nothing and cannot rewrite what is append-only.
pub(crate) fn app_role(schema: &str) -> String {
    format!("evenkeel_{schema}")
}

/// The channel on which a committed append wakes the readers of the schema's feed.
pub(crate) fn wake_channel(schema: &str) -> String {
    format!("evenkeel_{schema}_feed")
}

/// A schema's name stands in SQL text, so it is a plain lower-case word.
pub(crate) const fn is_plain_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !(bytes[at].is_ascii_lowercase() || bytes[at] == b'_') {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty() && bytes.len() <= 32
}

/// Panics, at compile time when used in a `const`, on a schema that is not a plain word.
pub(crate) const fn checked(schema: &'static str) -> &'static str {
    assert!(
        is_plain_name(schema),
        "a schema's name is 1 to 32 of a-z and _"
    );
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_and_its_role_are_filled_in_everywhere() {
        let sql = plumbing("billing");
        assert!(sql.contains("create table billing.requests ("));
        assert!(sql.contains("to evenkeel_billing;"));
        assert!(!sql.contains('{') && !sql.contains('}'));
    }

    #[test]
    fn every_constraint_is_named_and_history_cannot_be_rewritten() {
        for line in TEMPLATE.lines().map(str::trim) {
            assert!(
                !line.starts_with("primary key") && !line.starts_with("unique"),
                "unnamed: {line}"
            );
            if line.contains("on {schema}.outbox to") || line.contains("on {schema}.requests to") {
                assert!(
                    !line.contains("update") && !line.contains("delete"),
                    "may rewrite history: {line}"
                );
            }
        }
    }

    #[test]
    fn a_schema_is_a_plain_word() {
        assert!(is_plain_name("portal_auth"));
        for name in [
            "",
            "Billing",
            "billing;",
            "bill ing",
            "\"x\"",
            "a23456789012345678901234567890123",
        ] {
            assert!(!is_plain_name(name), "{name}");
        }
    }
}
