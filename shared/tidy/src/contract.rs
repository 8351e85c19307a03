//! As much of a .proto file as the rules ask about.

use regex::Regex;

use crate::repository::{File, Repository};

/// One rpc of the contracts.
pub struct Rpc<'a> {
    pub file: &'a File,
    /// From 1.
    pub line: usize,
    pub name: String,
    /// Its options; empty when it has none.
    pub body: String,
    /// Whether a comment stands directly above.
    pub is_commented: bool,
}

impl Rpc<'_> {
    /// `issue_bill` for `IssueBill`.
    pub fn snake_name(&self) -> String {
        let mut snake = String::new();
        for c in self.name.chars() {
            if c.is_ascii_uppercase() && !snake.is_empty() {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        }
        snake
    }

    /// Whether it may be called without a token.
    pub fn is_for_anyone(&self) -> bool {
        self.body.contains("anyone: true")
    }

    /// Whether the caller sends a stream, which browsers cannot.
    pub fn takes_a_stream(&self) -> bool {
        self.body.trim_start().starts_with("(stream ")
    }

    /// Whether somebody outside the suite may call it.
    pub fn is_public(&self) -> bool {
        self.is_for_anyone() || self.body.contains("roles:")
    }
}

/// Every rpc of the suite's contracts; those that only tests serve are below `shared`.
pub fn rpcs(repository: &Repository) -> Vec<Rpc<'_>> {
    repository
        .with_extension("proto")
        .filter(|file| file.path.starts_with("proto/"))
        .flat_map(rpcs_of)
        .collect()
}

fn rpcs_of(file: &File) -> Vec<Rpc<'_>> {
    let start = Regex::new(r"(?m)^[ \t]*rpc\s+(\w+)").expect("the pattern is right");
    start
        .captures_iter(&file.text)
        .filter_map(|found| {
            let whole = found.get(0)?;
            let above = file.text[..whole.start()]
                .lines()
                .next_back()
                .unwrap_or_default();
            Some(Rpc {
                file,
                line: file.text[..whole.start()].matches('\n').count() + 1,
                name: found[1].to_owned(),
                body: body_after(&file.text[whole.end()..]),
                is_commented: above.trim_start().starts_with("//"),
            })
        })
        .collect()
}

fn body_after(text: &str) -> String {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            ';' if depth == 0 => return String::new(),
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return text[..at].to_owned();
                }
            }
            _ => {}
        }
    }
    text.to_owned()
}
