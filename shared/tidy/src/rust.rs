//! As much of Rust's lexer as telling code, comments and texts apart needs.

/// A text of the program: where it starts (line from 1) and what it says, escapes as written.
#[derive(Debug, PartialEq, Eq)]
pub struct Text {
    pub line: usize,
    pub says: String,
}

/// A function with its braces: where it starts (line from 1), and its code from `fn` on.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub line: usize,
    pub code: String,
}

/// The program with comments and the insides of texts blanked; every line stays where it is.
pub fn code(program: &str) -> String {
    let mut blanked = String::with_capacity(program.len());
    for (kind, piece) in pieces(program) {
        match kind {
            Kind::Code => blanked.push_str(piece),
            Kind::Comment => blanked.extend(piece.chars().map(blank)),
            Kind::Text => {
                blanked.push('"');
                blanked.extend(piece.chars().filter(|&c| c == '\n'));
                blanked.push('"');
            }
        }
    }
    blanked
}

/// The texts of the program, without comments, in order.
pub fn texts(program: &str) -> Vec<Text> {
    let mut line = 1;
    let mut texts = Vec::new();
    for (kind, piece) in pieces(program) {
        if kind == Kind::Text {
            let inside = piece
                .trim_start_matches(['b', 'c', 'r', '#'])
                .trim_end_matches('#');
            texts.push(Text {
                line,
                says: inside.trim_matches('"').to_owned(),
            });
        }
        line += piece.matches('\n').count();
    }
    texts
}

/// The code up to its `#[cfg(test)] mod`, which stands last in a file.
pub fn without_tests(code: &str) -> String {
    let mut start = 0;
    while let Some(found) = code[start..].find("#[cfg(test)]") {
        let at = start + found;
        let after = code[at + "#[cfg(test)]".len()..].trim_start();
        if after.starts_with("mod ") || after.starts_with("pub mod ") {
            return code[..at].to_owned();
        }
        start = at + 1;
    }
    code.to_owned()
}

/// The functions of some code; one inside another is counted in both.
pub fn functions(code: &str) -> Vec<Function> {
    code.match_indices("fn ")
        .filter(|&(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        .filter_map(|(at, _)| {
            let end = end_of_braces(&code[at..])?;
            let line = code[..at].matches('\n').count() + 1;
            Some(Function {
                line,
                code: code[at..at + end].to_owned(),
            })
        })
        .collect()
}

/// Where the first `{…}` ends; none when a `;` outside every bracket comes first, as for a function of a trait.
fn end_of_braces(code: &str) -> Option<usize> {
    let (mut braces, mut others) = (0, 0);
    for (at, c) in code.char_indices() {
        match c {
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces == 0 {
                    return Some(at + 1);
                }
            }
            '(' | '[' => others += 1,
            ')' | ']' => others -= 1,
            ';' if braces == 0 && others == 0 => return None,
            _ => {}
        }
    }
    None
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Text,
}

fn pieces(program: &str) -> Vec<(Kind, &str)> {
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < program.len() {
        let rest = &program[at..];
        let follows_word = program[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let (kind, length) = if rest.starts_with("//") {
            (Kind::Comment, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (Kind::Comment, length_of_block(rest))
        } else if let Some(length) = length_of_text(rest, follows_word) {
            (Kind::Text, length)
        } else {
            at += length_of_code(rest);
            continue;
        };
        pieces.push((Kind::Code, &program[start..at]));
        pieces.push((kind, &program[at..at + length]));
        at += length;
        start = at;
    }
    pieces.push((Kind::Code, &program[start..]));
    pieces
}

fn length_of_block(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of the text that starts here, prefix and marks included.
fn length_of_text(rest: &str, follows_word: bool) -> Option<usize> {
    if follows_word && !rest.starts_with('"') {
        return None;
    }
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        rest.strip_prefix(prefix)
            .is_some_and(|rest| rest.trim_start_matches('#').starts_with('"'))
    })?;
    let hashes = rest[prefix.len()..].find('"')?;
    if hashes > 0 && !prefix.ends_with('r') {
        return None;
    }
    let open = prefix.len() + hashes + 1;
    if prefix.ends_with('r') {
        let close = format!("\"{}", "#".repeat(hashes));
        return Some(
            rest[open..]
                .find(&close)
                .map_or(rest.len(), |found| open + found + close.len()),
        );
    }
    let mut escaped = false;
    for (at, c) in rest[open..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(open + at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

/// One character of code, or a whole character literal, so that `'"'` opens no text.
fn length_of_code(rest: &str) -> usize {
    let mut chars = rest.char_indices();
    let first = chars.next().map_or(1, |(_, c)| c.len_utf8());
    if !rest.starts_with('\'') {
        return first;
    }
    let escaped = rest[1..].starts_with('\\');
    let Some((after, _)) = chars.nth(if escaped { 2 } else { 1 }) else {
        return first;
    };
    let close = if escaped {
        rest[after..].find('\'')
    } else {
        rest[after..].starts_with('\'').then_some(0)
    };
    close
        .filter(|&found| found < 10)
        .map_or(first, |found| after + found + 1)
}

fn blank(c: char) -> char {
    if c == '\n' { '\n' } else { ' ' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_blanked_and_lines_stay() {
        let program = "let a = \"todo // no\"; // now\n/* x /* y */ z */ let b = r#\"\n\"q\"\"#;\nlet c = '\"'; let d = 'x';";
        let blanked = code(program);
        assert_eq!(blanked.lines().count(), program.lines().count());
        assert!(!blanked.contains("todo") && !blanked.contains("now") && !blanked.contains('z'));
        assert!(blanked.contains("let b") && blanked.contains("let d = 'x';"));
    }

    #[test]
    fn a_lifetime_is_no_character() {
        assert_eq!(
            code("fn f<'a>(x: &'a str) { g(\"t\") }"),
            "fn f<'a>(x: &'a str) { g(\"\") }"
        );
        assert_eq!(
            code(r"let c = '\''; let d = '\u{1f600}'; // x").trim_end(),
            r"let c = '\''; let d = '\u{1f600}';"
        );
    }

    #[test]
    fn texts_know_their_lines() {
        let found = texts("// \"no\"\nf(\"one\");\ng(r#\"two\nlines\"#, \"three\");");
        let lines: Vec<_> = found
            .iter()
            .map(|text| (text.line, text.says.as_str()))
            .collect();
        assert_eq!(lines, [(2, "one"), (3, "two\nlines"), (4, "three")]);
    }

    #[test]
    fn tests_at_the_end_are_cut_off() {
        assert_eq!(
            without_tests("fn a() {}\n#[cfg(test)]\nmod tests { fn b() {} }"),
            "fn a() {}\n"
        );
        assert_eq!(
            without_tests("#[cfg(test)]\nfn a() {}\nfn b() {}")
                .lines()
                .count(),
            3
        );
    }

    #[test]
    fn functions_are_taken_whole() {
        let found = functions(
            "trait T { fn no(&self) -> [u8; 2]; }\nfn yes(a: A) -> B {\n if a { b() } \n}\nfn two() {}",
        );
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, found[1].line), (2, 5));
        assert!(found[0].code.ends_with("} \n}"));
    }
}
