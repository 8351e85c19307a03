/// Who a mail is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Practice {
    /// As printed.
    pub name: String,
    /// IANA name.
    pub time_zone: String,
    /// Printed lines, at most four.
    pub address_lines: Vec<String>,
    /// As printed; empty when there is none.
    pub phone: String,
    /// Where replies go; empty when there is none.
    pub email: String,
}

/// A text on one line: what could begin a new header or line becomes a space, and spaces are not repeated.
#[must_use]
pub fn one_line(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|letter| {
            if letter.is_control() || is_line_end(letter) {
                ' '
            } else {
                letter
            }
        })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_line_end(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn what_ends_a_line_becomes_a_space() {
        let name = "Harbor\r\nBcc: x@evil.example\u{2028}\u{0}  Light";
        assert_eq!(one_line(name), "Harbor Bcc: x@evil.example Light");
    }
}
