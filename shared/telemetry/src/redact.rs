use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;

/// What stands in place of a card number.
pub const CARD_NUMBER_MASK: &str = "[card number]";

/// `text` with every card number replaced: 13 to 19 digits, also in groups by spaces or dashes, with the prefix and
/// length of an issuer and a right check digit.
#[must_use]
pub fn redacted(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    for run in runs(text.as_bytes()) {
        if is_card_number(&text.as_bytes()[run.clone()]) {
            out.push_str(&text[copied..run.start]);
            out.push_str(CARD_NUMBER_MASK);
            copied = run.end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// Longest stretches of digits and single separators that begin and end with a digit and stand apart from letters.
fn runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            if !text[at].is_ascii_digit() {
                at += 1;
                continue;
            }
            let start = at;
            let mut end = at;
            while at < text.len() {
                let separator = matches!(text[at], b' ' | b'-')
                    && text.get(at + 1).is_some_and(u8::is_ascii_digit);
                if text[at].is_ascii_digit() {
                    end = at + 1;
                } else if !separator {
                    break;
                }
                at += 1;
            }
            let joined = |beside: Option<&u8>| {
                beside.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            };
            if !joined(start.checked_sub(1).and_then(|before| text.get(before)))
                && !joined(text.get(end))
            {
                return Some(start..end);
            }
        }
        None
    })
}

fn is_card_number(run: &[u8]) -> bool {
    let digits: Vec<u8> = run
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .map(|byte| byte - b'0')
        .collect();
    is_issued(&digits) && check_digit_is_right(&digits)
}

/// The prefixes of ISO/IEC 7812 that card schemes use, each with its lengths: a date followed by a number is none.
fn is_issued(digits: &[u8]) -> bool {
    let prefix = |length: usize| {
        let first = digits.iter().take(length);
        first.fold(0_u32, |number, digit| number * 10 + u32::from(*digit))
    };
    let length = digits.len();
    match (prefix(2), prefix(4)) {
        (40..=49, _) => matches!(length, 13 | 16 | 19),
        (51..=55, _) | (_, 2221..=2720) => length == 16,
        (34 | 37, _) => length == 15,
        (30 | 36 | 38 | 39, _) => (14..=19).contains(&length),
        (_, 3528..=3589) => (16..=19).contains(&length),
        (50 | 56..=58 | 60..=69, _) => (13..=19).contains(&length),
        _ => false,
    }
}

/// Luhn: from the right, every second digit counts double, with its own digits summed.
fn check_digit_is_right(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Writes log lines without card numbers. tracing hands over a whole line at a time.
pub(crate) struct Redacting<W>(pub(crate) W);

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.0.write_all(redacted(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn a_card_number_never_reaches_the_log() {
        for card in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "3782-822463-10005",
        ] {
            let line = format!(r#"{{"message":"note says {card} please"}}"#);
            let shown = redacted(&line);
            assert_eq!(shown, r#"{"message":"note says [card number] please"}"#);
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "4242424242424243",
            "2026-11-21T19:20:00.123456Z",
            "01939a3c-1234-7000-8000-123456789012",
            "bill_4242424242424242",
            "amount=1234500",
        ] {
            assert_eq!(redacted(text), text);
        }
    }
}
