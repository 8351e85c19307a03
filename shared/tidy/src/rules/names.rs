use crate::repository::{Offence, Repository};

const NO_NOUNS: [&str; 19] = [
    "util", "utils", "helper", "helpers", "common", "misc", "types", "traits", "manager",
    "managers", "handler", "handlers", "data", "info", "dto", "dtos", "model", "models", "shared",
];

/// A file or module is named after the one thing in it.
pub fn files_name_one_thing(repository: &Repository) -> Vec<Offence> {
    let mut offences = Vec::new();
    for file in repository.with_extension("rs") {
        let Some((_, below)) = file
            .path
            .split_once("src/")
            .or_else(|| file.path.split_once("tests/"))
        else {
            continue;
        };
        for name in below
            .trim_end_matches(".rs")
            .split('/')
            .filter(|name| NO_NOUNS.contains(name))
        {
            offences.push(file.offence(
                1,
                format!("`{name}` names nothing; name the file after the thing that is in it"),
            ));
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawer_for_everything_is_caught() {
        let caught = [
            "shared/pg/src/utils.rs",
            "services/billing/src/handlers/bill.rs",
            "services/billing/tests/it/helpers.rs",
        ];
        for path in caught {
            assert_eq!(
                files_name_one_thing(&Repository::of(&[(path, "")])).len(),
                1,
                "{path}"
            );
        }
    }

    #[test]
    fn a_noun_of_the_field_passes() {
        let good = Repository::of(&[
            ("services/billing/src/domain/bill.rs", ""),
            ("shared/pg/src/outbox.rs", ""),
        ]);
        assert!(files_name_one_thing(&good).is_empty());
    }
}
