//! Where the SQL of the services stands, and what it is without its comments.

use std::sync::LazyLock;

use regex::Regex;

use crate::repository::{File, Repository};
use crate::rust;

/// Some SQL, with the line it starts at (from 1).
#[derive(Debug)]
pub struct Sql {
    pub line: usize,
    /// Without comments and the insides of quoted values; lines stay where they are.
    pub says: String,
}

impl Sql {
    /// The line in the file of a place in the text.
    pub fn line_of(&self, at: usize) -> usize {
        self.line + self.says[..at].matches('\n').count()
    }
}

/// The SQL of a file: a migration, or the statements among a program's texts, tests left out.
pub fn of(file: &File) -> Vec<Sql> {
    if file.is("sql") {
        return vec![Sql {
            line: 1,
            says: without_comments(&file.text),
        }];
    }
    if !file.is("rs") || file.is_test() {
        return Vec::new();
    }
    let tests_start = file.code().lines().count();
    let texts = rust::texts(&file.text).into_iter();
    texts
        .filter(|text| text.line <= tests_start && is_statement(&text.says))
        .map(|text| Sql {
            line: text.line,
            says: without_comments(&text.says),
        })
        .collect()
}

/// The SQL of the five services.
pub fn of_services(repository: &Repository) -> impl Iterator<Item = (&File, &Sql)> {
    let files = repository
        .files
        .iter()
        .filter(|file| file.service().is_some());
    files.flat_map(|file| file.sql().iter().map(move |sql| (file, sql)))
}

/// Whether a text is a statement of SQL and not a sentence.
pub fn is_statement(text: &str) -> bool {
    static STATEMENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?is)^(select\s+.*\b(from|for|where)\b|select\s+\w+\(|insert\s+into\s|update\s+\S+(\s+as\s+\w+)?\s+set\s|delete\s+from\s|with\s+(recursive\s+)?\w+\s*(\([^)]*\))?\s*as\s|(create|alter|drop)\s+(table|index|role|schema|database)\s|truncate\s|lock\s+table\s|set\s+local\s)",
        )
        .expect("the pattern is right")
    });
    const VERBS: [&str; 11] = [
        "select", "insert", "update", "delete", "with", "create", "alter", "drop", "truncate",
        "lock", "set",
    ];
    let mut start = text.trim_start();
    while let Some((_, rest)) = start
        .split_once('\n')
        .filter(|(line, _)| line.starts_with("--"))
    {
        start = rest.trim_start();
    }
    let verb = start
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_lowercase();
    VERBS.contains(&verb.as_str()) && STATEMENT.is_match(start)
}

/// Blanks comments and the insides of quoted values, so that words in them are not taken for SQL.
pub fn without_comments(sql: &str) -> String {
    static NOISE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"--[^\n]*|/\*(?s:.*?)\*/|'(?:[^']|'')*'").expect("the pattern is right")
    });
    let blank = |found: &regex::Captures| -> String {
        let quoted = found[0].starts_with('\'');
        let inside = found[0].chars().map(|c| if c == '\n' { '\n' } else { ' ' });
        if quoted {
            format!("'{}'", inside.skip(2).collect::<String>())
        } else {
            inside.collect()
        }
    };
    NOISE.replace_all(sql, blank).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_no_statement() {
        for sentence in [
            "select a card first",
            "Update your password",
            "with love",
            "delete it",
            "insert the code",
        ] {
            assert!(!is_statement(sentence), "{sentence}");
        }
        for statement in [
            "\n  select id\n  from billing.bills",
            "SELECT 1 FROM x",
            "-- why\nwith due as (select 1) select 2",
            "update billing.bills set x = 1",
            "insert into x",
        ] {
            assert!(is_statement(statement), "{statement}");
        }
    }

    #[test]
    fn comments_and_values_are_blanked_in_place() {
        assert_eq!(
            without_comments("a -- now()\nb 'it''s now()' c").replace(' ', ""),
            "a\nb''c"
        );
    }
}
