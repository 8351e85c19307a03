use std::fmt;

/// Something that must hold of the rows, whatever happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invariant {
    /// A letter for the group and a number in it: `G4`. L is the ledger, G the processor, O events, J jobs,
    /// D what was acknowledged.
    pub code: &'static str,
    /// What must hold, in a few words.
    pub rule: &'static str,
}

impl Invariant {
    /// One with this code and rule.
    #[must_use]
    pub const fn new(code: &'static str, rule: &'static str) -> Self {
        Self { code, rule }
    }
}

/// A row that breaks an invariant. It says ids, amounts and states, and nothing about people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is broken.
    pub invariant: Invariant,
    /// Which row: `payment pay_…`.
    pub subject: String,
    /// What is, and what should be.
    pub explanation: String,
}

impl Finding {
    /// A row that breaks `invariant`.
    #[must_use]
    pub fn new(invariant: Invariant, subject: impl Into<String>, explanation: String) -> Self {
        Self {
            invariant,
            subject: subject.into(),
            explanation,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            invariant,
            subject,
            explanation,
        } = self;
        write!(
            out,
            "{} ({}) {subject}: {explanation}",
            invariant.code, invariant.rule
        )
    }
}
