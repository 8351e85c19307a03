use crate::repository::{Offence, Repository};

const LINES_MAX: usize = 400;

/// A file fits in one head.
pub fn files_are_short(repository: &Repository) -> Vec<Offence> {
    let programs = repository
        .with_extension("rs")
        .filter(|file| !file.is_test());
    programs
        .map(|file| (file, file.text.lines().count()))
        .filter(|&(_, lines)| lines > LINES_MAX)
        .map(|(file, lines)| {
            let message = format!("{lines} lines, at most {LINES_MAX}: split it by reader, or move its tests to tests.rs");
            file.offence(LINES_MAX + 1, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_hundred_and_first_line_is_caught() {
        let long = Repository::of(&[("shared/pg/src/outbox.rs", &"\n".repeat(401))]);
        assert_eq!(files_are_short(&long).len(), 1);
    }

    #[test]
    fn four_hundred_lines_and_long_tests_pass() {
        let lines = "\n".repeat(400);
        let long = "\n".repeat(900);
        let good = Repository::of(&[
            ("shared/pg/src/outbox.rs", &lines),
            ("shared/pg/src/outbox/tests.rs", &long),
        ]);
        assert!(files_are_short(&good).is_empty());
    }
}
