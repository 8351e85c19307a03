use super::pattern;
use crate::repository::{Offence, Repository};
use crate::rust;

/// The network is never inside a transaction: the intent is committed, then the vendor is called, then the outcome is
/// recorded. Only `work/` knows all three, each in a function of its own.
pub fn no_vendor_call_in_a_transaction(repository: &Repository) -> Vec<Offence> {
    let begins = pattern(r"\bpg::(begin|transaction)\w*\s*\(|\.\s*begin\s*\(\s*\)");
    let calls = pattern(r"\b(processor|smtp|mailer|stripe)\s*\.\s*\w+\s*\(");
    let mut offences = Vec::new();
    for file in repository
        .with_extension("rs")
        .filter(|file| file.in_source_of_service().is_some())
    {
        let code = file.code();
        if !(begins.is_match(code) && calls.is_match(code)) {
            continue;
        }
        let mixed = rust::functions(code)
            .into_iter()
            .find(|it| begins.is_match(&it.code) && calls.is_match(&it.code));
        let message = "a vendor is called where a transaction begins; three phases: commit the intent, call, record the outcome";
        match mixed {
            Some(function) => offences.push(file.offence(function.line, message)),
            None if !file.in_module("work") => {
                let line = calls
                    .find(code)
                    .map_or(1, |found| super::line_of(code, found.start()));
                offences.push(file.offence(line, message));
            }
            None => {}
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: &str =
        "fn f() { let tx = pg::begin(&db, p).await?; self.processor.create(x).await?; }";
    const APART: &str =
        "fn f() { pg::begin(&db, p).await?; }\nfn g() { self.processor.create(x).await?; }";

    #[test]
    fn a_call_inside_a_transaction_is_caught_everywhere() {
        for path in [
            "services/payments/src/ops/charge.rs",
            "services/payments/src/work/charges.rs",
        ] {
            assert_eq!(
                no_vendor_call_in_a_transaction(&Repository::of(&[(path, MIXED)])).len(),
                1,
                "{path}"
            );
        }
    }

    #[test]
    fn phases_apart_pass_in_work_only() {
        let work = Repository::of(&[("services/payments/src/work/charges.rs", APART)]);
        assert!(no_vendor_call_in_a_transaction(&work).is_empty());
        let op = Repository::of(&[("services/payments/src/ops/charge.rs", APART)]);
        assert_eq!(no_vendor_call_in_a_transaction(&op)[0].line, 2);
    }
}
