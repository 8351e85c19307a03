//! Diagnosis codes: their form is checked, not whether the code set of the year has them.

use std::fmt;
use std::str::FromStr;

/// An ICD-10-CM code as it is printed, `F41.1`, or a SNOMED CT id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DiagnosisCode(String);

/// Why a text is no diagnosis code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiagnosisError {
    /// Neither shape.
    #[error("an ICD-10-CM code such as F41.1, or a SNOMED CT id, is expected")]
    Shape,
    /// All digits, and the last one does not fit the others.
    #[error(
        "the check digit of the SNOMED CT id does not fit: a digit is wrong or two are swapped"
    )]
    CheckDigit,
}

impl DiagnosisCode {
    /// As it is printed and kept.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Display for DiagnosisCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for DiagnosisCode {
    type Err = DiagnosisError;

    fn from_str(text: &str) -> Result<Self, DiagnosisError> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return snomed(text);
        }
        icd(text).ok_or(DiagnosisError::Shape)
    }
}

/// A letter, a digit, a letter or digit, and after an optional dot up to four more: in capitals and with its dot.
fn icd(text: &str) -> Option<DiagnosisCode> {
    let code = text.to_ascii_uppercase();
    let (category, rest) = code.split_at_checked(3)?;
    let dotted = rest.starts_with('.');
    let detail = rest.strip_prefix('.').unwrap_or(rest);
    let alphanumeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let well_formed = matches!(category.as_bytes(), [letter, digit, _]
            if letter.is_ascii_alphabetic() && digit.is_ascii_digit())
        && alphanumeric(category)
        && alphanumeric(detail)
        && detail.len() <= 4
        && !(dotted && detail.is_empty());
    if !well_formed {
        return None;
    }
    Some(DiagnosisCode(if detail.is_empty() {
        category.to_owned()
    } else {
        format!("{category}.{detail}")
    }))
}

/// 6 to 18 digits without a leading zero, the last of them a check digit.
fn snomed(text: &str) -> Result<DiagnosisCode, DiagnosisError> {
    if !(6..=18).contains(&text.len()) || text.starts_with('0') {
        return Err(DiagnosisError::Shape);
    }
    if verhoeff(text) {
        Ok(DiagnosisCode(text.to_owned()))
    } else {
        Err(DiagnosisError::CheckDigit)
    }
}

/// Verhoeff's check over all digits, the check digit included: it finds each wrong digit and each swap of neighbours.
/// The digits are walked from the right through the symmetries of a pentagon.
fn verhoeff(digits: &str) -> bool {
    let mut check = 0;
    for (place, byte) in digits.bytes().rev().enumerate() {
        let mut digit = byte.wrapping_sub(b'0') % 10;
        for _ in 0..place % 8 {
            digit = permuted(digit);
        }
        check = turned(check, digit);
    }
    check == 0
}

/// Verhoeff's permutation, (0 1 5 8 9 4 2 7)(3 6).
const fn permuted(digit: u8) -> u8 {
    match digit {
        0 => 1,
        1 => 5,
        2 => 7,
        3 => 6,
        4 => 2,
        5 => 8,
        6 => 3,
        7 => 0,
        8 => 9,
        _nine => 4,
    }
}

/// The product of two symmetries of a pentagon: 0 to 4 turn it, 5 to 9 turn it and flip it over.
const fn turned(left: u8, right: u8) -> u8 {
    match (left < 5, right < 5) {
        (true, true) => (left + right) % 5,
        (true, false) => 5 + (left + right) % 5,
        (false, true) => 5 + (left - right) % 5,
        (false, false) => (5 + left - right) % 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kept(text: &str) -> Result<String, DiagnosisError> {
        text.parse().map(DiagnosisCode::into_text)
    }

    #[test]
    fn an_icd_code_is_kept_in_capitals_with_its_dot() {
        for (text, code) in [
            ("F41.1", "F41.1"),
            ("f411", "F41.1"),
            ("F32", "F32"),
            ("z63.0", "Z63.0"),
            ("S72.001A", "S72.001A"),
            ("C7A.00", "C7A.00"),
            ("M1A0110", "M1A.0110"),
        ] {
            assert_eq!(kept(text).as_deref(), Ok(code), "{text}");
        }
    }

    #[test]
    fn what_has_neither_shape_is_refused() {
        for text in [
            "",
            "F",
            "F4",
            "41.1",
            "FF1",
            "F41.",
            "F41.12345",
            "F4.11",
            "F41 1",
            "F41.1.1",
            "F41-1",
            "É41.1",
            "F4é",
            "12345",
            "012345",
        ] {
            assert_eq!(kept(text), Err(DiagnosisError::Shape), "{text}");
        }
    }

    #[test]
    fn a_snomed_id_has_its_check_digit() {
        for text in ["195662009", "10509002", "10939881000119105", "22298006"] {
            assert_eq!(kept(text).as_deref(), Ok(text));
        }
        assert_eq!(kept("195662008"), Err(DiagnosisError::CheckDigit));
        assert_eq!(kept("1956620090000000000"), Err(DiagnosisError::Shape));
    }

    proptest! {
        #[test]
        fn one_wrong_digit_and_two_swapped_ones_are_found(
            at in 0_usize..17, digit in 0_u8..10,
        ) {
            let good = "10939881000119105".as_bytes();
            let mut wrong = good.to_vec();
            wrong[at] = b'0' + digit;
            let mut swapped = good.to_vec();
            swapped.swap(at, (at + 1).min(16));
            for changed in [wrong, swapped] {
                let text = String::from_utf8(changed.clone()).expect("digits");
                prop_assert_eq!(kept(&text).is_ok(), changed == good, "{}", text);
            }
        }
    }
}
