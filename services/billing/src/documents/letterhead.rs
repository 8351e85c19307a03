use serde::Serialize;
use typeset::Picture;

use super::Logo;

/// Who the document is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letterhead {
    /// The practice's name.
    pub practice: String,
    /// Where it is.
    pub address: Address,
    /// As it should be dialled and printed.
    pub phone: Option<String>,
    /// For questions about bills.
    pub email: Option<String>,
    /// Without `https://`.
    pub website: Option<String>,
    /// EIN, as `12-3456789`.
    pub tax_id: Option<String>,
    /// National Provider Identifier of the practice, ten digits.
    pub npi: Option<String>,
    /// Stands beside the name.
    pub logo: Option<Logo>,
    /// One line at the foot of every page.
    pub footer: Option<String>,
}

impl Letterhead {
    /// The logo's picture, which goes to the typesetter beside the facts.
    pub(super) fn picture(&self) -> Option<&Picture> {
        self.logo.as_ref().map(|logo| &logo.picture)
    }
}

/// A postal address as lines, the name not among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Address {
    /// Top to bottom; never blank.
    pub lines: Vec<String>,
}

impl Address {
    /// The address of these lines, blank ones left out.
    pub fn of<L: Into<String>>(lines: impl IntoIterator<Item = L>) -> Self {
        let lines = lines.into_iter().map(Into::into);
        Self {
            lines: lines
                .filter(|line: &String| !line.trim().is_empty())
                .collect(),
        }
    }
}

/// A person or organisation a document is addressed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Party {
    /// Full name.
    pub name: String,
    /// May have no lines.
    pub address: Address,
}

/// The sheet a document is laid out for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Paper {
    /// 8.5 × 11 inches.
    #[default]
    #[serde(rename = "us-letter")]
    Letter,
    /// 210 × 297 mm.
    #[serde(rename = "a4")]
    A4,
}
