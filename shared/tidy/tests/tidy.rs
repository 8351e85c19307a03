//! Walks the repository and fails with every offence against the house rules.

use std::path::Path;

use tidy::Repository;

fn repository() -> Repository {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Repository::read(&root).expect("the repository can be read")
}

#[test]
fn the_house_rules_are_kept() {
    let offences = tidy::check(&repository());
    let lines: Vec<_> = offences.iter().map(ToString::to_string).collect();
    assert!(
        lines.is_empty(),
        "{} offences:\n{}",
        lines.len(),
        lines.join("\n")
    );
}

#[test]
fn the_walk_sees_the_repository() {
    let repository = repository();
    for path in [
        "dev",
        "Cargo.toml",
        "shared/tidy/tests/tidy.rs",
        "proto/evenkeel/policy/v1/access.proto",
    ] {
        assert!(repository.find(path).is_some(), "{path} was not read");
    }
    let built = ["target/", ".evenkeel/", "proto/vendor/"];
    assert!(
        !repository
            .files
            .iter()
            .any(|file| built.iter().any(|folder| file.path.starts_with(folder)))
    );
}
