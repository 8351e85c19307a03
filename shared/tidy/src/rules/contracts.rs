use std::collections::HashSet;

use crate::contract::{self, Rpc};
use crate::repository::{Offence, Repository};
use crate::rust;

/// An rpc says what it does, who may, and where JSON finds it; and a story calls it.
pub fn every_rpc_is_told_and_guarded_and_tested(repository: &Repository) -> Vec<Offence> {
    let stories: Vec<String> = repository
        .with_extension("rs")
        .filter(|file| file.path.contains("/tests/") && !file.path.starts_with("shared/tidy/"))
        .map(|file| rust::code(&file.text))
        .collect();
    let words: HashSet<&str> = stories
        .iter()
        .flat_map(|story| story.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .collect();
    let has_story = |rpc: &Rpc| {
        [
            rpc.snake_name(),
            rpc.name.clone(),
            format!("{}Request", rpc.name),
        ]
        .iter()
        .any(|name| words.contains(name.as_str()))
    };
    let mut offences = Vec::new();
    for rpc in contract::rpcs(repository) {
        let mut lacks = |message: &str| {
            offences.push(
                rpc.file
                    .offence(rpc.line, format!("rpc {} {message}", rpc.name)),
            )
        };
        if !rpc.is_commented {
            lacks(
                "has no comment; say what it does, who may, what a repeat does, which error reasons",
            );
        }
        if !rpc.body.contains("(evenkeel.policy.v1.access)") {
            lacks(
                "has no access option, so its server does not start; say who may with (evenkeel.policy.v1.access)",
            );
        }
        if rpc.is_public() && !rpc.takes_a_stream() && !rpc.body.contains("(google.api.http)") {
            lacks("is public and has no google.api.http; give it its place in JSON/REST");
        }
        if !has_story(&rpc) {
            let snake = rpc.snake_name();
            lacks(&format!(
                "has no story; write a test in tests/it that calls {snake}"
            ));
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORY: (&str, &str) = (
        "services/billing/tests/it/bills.rs",
        "async fn r03_x() { api.issue_bill(x).await; }",
    );
    const ACCESS: &str = "option (evenkeel.policy.v1.access) = { roles: [ROLE_OWNER] };";
    const HTTP: &str = "option (google.api.http) = { post: \"/v1/x\" };";

    fn offences(rpc: &str, story: (&str, &str)) -> Vec<Offence> {
        let text = format!("service BillService {{\n{rpc}\n}}\n");
        every_rpc_is_told_and_guarded_and_tested(&Repository::of(&[
            ("proto/evenkeel/billing/v1/bill_service.proto", &text),
            story,
        ]))
    }

    #[test]
    fn each_lack_is_caught() {
        let whole = format!("// Issues.\nrpc IssueBill(A) returns (B) {{\n{ACCESS}\n{HTTP}\n}}");
        assert_eq!(offences(&whole, STORY), []);
        assert_eq!(
            offences(&whole, ("services/billing/tests/it/a.rs", "// issue_bill")).len(),
            1
        );
        assert_eq!(offences(&whole.replace("// Issues.", ""), STORY).len(), 1);
        assert_eq!(offences(&whole.replace(HTTP, ""), STORY).len(), 1);
        assert_eq!(
            offences("// Issues.\nrpc IssueBill(A) returns (B);", STORY)[0].line,
            3
        );
    }

    #[test]
    fn what_takes_a_stream_needs_no_json() {
        let stream =
            format!("// Issues.\nrpc IssueBill(stream A) returns (stream B) {{\n{ACCESS}\n}}");
        assert_eq!(offences(&stream, STORY), []);
    }

    #[test]
    fn what_only_services_may_needs_no_json() {
        let internal = "// Posts.\nrpc IssueBill(A) returns (B) {\noption (evenkeel.policy.v1.access) = { services: [\"payments\"] };\n}";
        assert_eq!(offences(internal, STORY), []);
    }
}
