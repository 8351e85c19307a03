use super::pattern;
use crate::contract;
use crate::repository::{Offence, Repository};

const FEATURES: &str = "docs/features.md";

/// docs/features.md says for each row of the requirements which rpcs keep it and which tests show it; both exist.
///
/// In its tables, what stands in backticks is a name: `r16_a_wrong_code…` of a test, `IssueBill` of an rpc.
pub fn features_name_tests_that_exist(repository: &Repository) -> Vec<Offence> {
    let Some(file) = repository.find(FEATURES) else {
        return Vec::new();
    };
    let names = pattern(r"`([\w:]+)`");
    let is_test = pattern(r"^[a-z0-9]+(_[a-z0-9]+){2,}$");
    let is_rpc = pattern(r"^([A-Z][a-z0-9]+){2,}$");
    let tests: String = repository
        .with_extension("rs")
        .map(|file| file.text.as_str())
        .collect();
    let rpcs: Vec<_> = contract::rpcs(repository)
        .into_iter()
        .map(|rpc| rpc.name)
        .collect();
    let mut offences = Vec::new();
    for (index, line) in file
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.trim_start().starts_with('|'))
    {
        for name in names
            .captures_iter(line)
            .map(|found| found[1].rsplit("::").next().unwrap_or_default().to_owned())
        {
            if is_test.is_match(&name) && !tests.contains(&format!("fn {name}(")) {
                offences.push(file.offence(
                    index + 1,
                    format!(
                        "no test is called `{name}`; write it, or name the one that shows this"
                    ),
                ));
            }
            if is_rpc.is_match(&name) && !rpcs.contains(&name) {
                offences.push(file.offence(
                    index + 1,
                    format!("no rpc is called `{name}`; name the one that keeps this promise"),
                ));
            }
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offences(line: &str) -> usize {
        let test = (
            "services/billing/tests/it/bills.rs",
            "async fn r03_a_bill_is_issued() {}",
        );
        let contract = (
            "proto/evenkeel/billing/v1/b.proto",
            "  rpc IssueBill(A) returns (B);",
        );
        features_name_tests_that_exist(&Repository::of(&[(FEATURES, line), test, contract])).len()
    }

    #[test]
    fn a_test_and_an_rpc_that_do_not_exist_are_caught() {
        assert_eq!(
            offences("| R03 | `CancelBill` | `r03_a_bill_is_cancelled` |"),
            2
        );
    }

    #[test]
    fn names_that_exist_and_plain_words_pass() {
        assert_eq!(
            offences("| R03 | `IssueBill` | `bills::r03_a_bill_is_issued`, by `./dev test` |"),
            0
        );
        assert_eq!(offences("The test `r03_of_old` is gone."), 0);
    }
}
