use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use typeset::Picture;

use super::Paper;

/// What heads a practice's documents beside its name and address, as the owner set it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stationery {
    /// Stands beside the name.
    pub logo: Option<Logo>,
    /// Without `https://`; empty: none.
    pub website: String,
    /// None: by the practice's currency.
    pub paper: Option<Paper>,
    /// One line for clients; empty: none.
    pub footer: String,
}

/// A picture that was decoded, with what a screen reader says for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// The picture.
    pub picture: Picture,
    /// Empty as it was set, never as it is printed.
    pub alternative_text: String,
}

/// As a template finds it: the picture's place and its words.
impl Serialize for Logo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut logo = serializer.serialize_struct("Logo", 2)?;
        let file = format!("/{}", self.picture.kind().file_name());
        logo.serialize_field("file", &file)?;
        logo.serialize_field("alternative_text", &self.alternative_text)?;
        logo.end()
    }
}
