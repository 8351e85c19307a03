use super::pattern;
use crate::contract;
use crate::repository::{Offence, Repository};

/// An op begins with "may they": it asks its caller. One whose rpc is for anyone has nobody to ask.
pub fn every_op_asks_who_may(repository: &Repository) -> Vec<Offence> {
    let act = pattern(r"\bpub(\(crate\))?\s+async\s+fn\b");
    let asks = pattern(r"\bcaller\s*\.\s*\w+\s*\(|\bCaller::worker\b");
    let for_anyone: Vec<String> = contract::rpcs(repository)
        .iter()
        .filter(|rpc| rpc.is_for_anyone())
        .map(contract::Rpc::snake_name)
        .collect();
    let mut offences = Vec::new();
    for file in repository
        .with_extension("rs")
        .filter(|file| file.in_module("ops"))
    {
        let name = file
            .path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".rs");
        let code = file.code();
        let Some(found) = act.find(code) else {
            continue;
        };
        if !asks.is_match(code) && !for_anyone.iter().any(|rpc| rpc == name) {
            let message = "an op that asks nobody; begin with `caller.within(practice_id)?` (a worker passes Caller::worker)";
            offences.push(file.offence(super::line_of(code, found.start()), message));
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;

    const OP: &str = "services/billing/src/ops/issue_bill.rs";

    #[test]
    fn an_op_that_asks_nobody_is_caught() {
        let bad = Repository::of(&[(
            OP,
            "// caller.within(practice)\npub async fn issue_bill(caller: &Caller) {}",
        )]);
        assert_eq!(every_op_asks_who_may(&bad)[0].line, 2);
    }

    #[test]
    fn an_op_that_asks_passes() {
        let good = Repository::of(&[
            (
                OP,
                "pub async fn issue_bill(caller: &Caller) { caller.within(practice)?; }",
            ),
            ("services/billing/src/ops/mod.rs", "mod issue_bill;"),
        ]);
        assert!(every_op_asks_who_may(&good).is_empty());
    }

    #[test]
    fn what_anyone_may_do_has_nobody_to_ask() {
        let contract = "service S {\n  // x\n  rpc SignIn(A) returns (B) {\n option (access) = {anyone: true};\n }\n}";
        let good = Repository::of(&[
            ("proto/evenkeel/portal_auth/v1/s.proto", contract),
            (
                "services/portal-auth/src/ops/sign_in.rs",
                "pub async fn sign_in() {}",
            ),
        ]);
        assert!(every_op_asks_who_may(&good).is_empty());
    }
}
