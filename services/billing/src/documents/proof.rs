use jiff::civil::date;
use serde::Serialize;
use typeset::{Identity, TypesetError, Typesetter};

use super::{Letterhead, Paper};

/// A sheet with nothing but the letterhead, printed to see whether it can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    paper: Paper,
    caption: &'static str,
    description: &'static str,
    footer: &'static str,
    letterhead: Letterhead,
}

impl Proof {
    /// The proof of a letterhead.
    #[must_use]
    pub fn new(letterhead: Letterhead, paper: Option<Paper>) -> Self {
        Self {
            paper: paper.unwrap_or_default(),
            caption: "Letterhead",
            description: "A proof of the letterhead",
            footer: "Letterhead",
            letterhead,
        }
    }
}

/// Sets the proof.
///
/// # Errors
/// [`TypesetError`]; `Broken` when the letterhead cannot be printed.
pub async fn render_proof(typesetter: &Typesetter, proof: &Proof) -> Result<Vec<u8>, TypesetError> {
    let identity = Identity::new("letterhead", date(2000, 1, 1));
    let logo = proof.letterhead.picture();
    typesetter
        .queue_with("letterhead.typ", proof, &identity, logo)
        .await
}
