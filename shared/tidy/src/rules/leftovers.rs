use super::{line_of, pattern};
use crate::repository::{File, Offence, Repository};

/// What people say on their terminal is said by these programs only.
const TALKERS: [&str; 2] = ["services/evenkeel/", "loadtests/"];

/// Nothing is committed that says of itself that it is not done.
pub fn nothing_is_left_unfinished(repository: &Repository) -> Vec<Offence> {
    // XXX by itself is also the currency of no currency.
    let words = pattern(r"\bFIXME\b|(//|#|--)\s*XXX\b");
    let calls = pattern(r"\b(todo|unimplemented|dbg)!");
    let prints = pattern(r"\b(println|print)!");
    let mut offences = Vec::new();
    for file in ours(repository) {
        for found in words.find_iter(&file.text) {
            let message = format!(
                "`{}`; finish it, or open an issue and say there what is missing",
                found.as_str()
            );
            offences.push(file.offence(line_of(&file.text, found.start()), message));
        }
        if !file.is("rs") {
            continue;
        }
        let code = crate::rust::code(&file.text);
        for found in calls.find_iter(&code) {
            let message = format!(
                "`{}` is not for a commit; write what belongs there",
                found.as_str()
            );
            offences.push(file.offence(line_of(&code, found.start()), message));
        }
        if TALKERS.iter().any(|talker| file.path.starts_with(talker))
            || file.is_test()
            || file.path.contains("/bin/")
            || file.path.ends_with("/build.rs")
        {
            continue;
        }
        for found in prints.find_iter(&code) {
            let message = format!(
                "`{}` in a service; say it to tracing, which redacts",
                found.as_str()
            );
            offences.push(file.offence(line_of(&code, found.start()), message));
        }
    }
    offences
}

/// The repository works in any folder of any machine.
pub fn no_path_of_one_machine(repository: &Repository) -> Vec<Offence> {
    let paths = pattern(r#"(?:^|[\s"'`=(:])(/(?:home|root|tmp|Users)/[\w.-]*)"#);
    let mut offences = Vec::new();
    for file in ours(repository) {
        for found in paths
            .captures_iter(&file.text)
            .filter_map(|captures| captures.get(1))
        {
            let message = format!(
                "`{}` is a path of one machine; ask the system for a folder (tempfile), or make it a setting",
                found.as_str()
            );
            offences.push(file.offence(line_of(&file.text, found.start()), message));
        }
    }
    offences
}

/// Tidy itself has to spell what it forbids.
fn ours(repository: &Repository) -> impl Iterator<Item = &File> {
    repository
        .files
        .iter()
        .filter(|file| !file.path.starts_with("shared/tidy/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unfinished_is_caught() {
        let caught = [
            "// FIXME later",
            "fn f() { todo!() }",
            "fn f() { dbg!(1); }",
            "fn f() { println!(\"x\") }",
        ];
        for text in caught {
            let bad = Repository::of(&[("services/billing/src/lib.rs", text)]);
            assert_eq!(nothing_is_left_unfinished(&bad).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_program_for_people_may_print_and_a_text_may_say_anything() {
        let good = Repository::of(&[
            (
                "services/evenkeel/src/main.rs",
                "fn f() { println!(\"up\") }",
            ),
            (
                "services/billing/src/lib.rs",
                "const A: &str = \"todo!\"; // dbg! is forbidden",
            ),
        ]);
        assert!(nothing_is_left_unfinished(&good).is_empty());
    }

    #[test]
    fn a_path_of_one_machine_is_caught_with_its_line() {
        let bad = Repository::of(&[(
            "services/evenkeel/src/pg.rs",
            "\nconst A: &str = \"/tmp/pg\";",
        )]);
        assert_eq!(no_path_of_one_machine(&bad)[0].line, 2);
        let good = Repository::of(&[
            ("k8s/base/billing.yaml", "mountPath: /tmp"),
            ("README.md", "https://x.org/home/a"),
        ]);
        assert!(no_path_of_one_machine(&good).is_empty());
    }
}
