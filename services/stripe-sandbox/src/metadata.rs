//! Metadata: a caller's own names and texts on an object, within Stripe's limits.

use std::collections::BTreeMap;

use crate::form::Node;
use crate::params::{ParamError, Params};

/// Metadata as Stripe keeps it: names to texts.
pub type Metadata = BTreeMap<String, String>;

/// Names in one metadata hash, at most.
pub const MAX_METADATA_KEYS: usize = 50;
/// Characters in a metadata name, at most.
pub const MAX_METADATA_NAME: usize = 40;
/// Characters in a metadata value, at most.
pub const MAX_METADATA_VALUE: usize = 500;
/// A change to metadata: `metadata=` clears all, an empty value removes that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataChange {
    /// Remove everything.
    Clear,
    /// Set or, with an empty text, remove these names.
    Merge(Metadata),
}

impl MetadataChange {
    /// Applies the change; the result keeps within [`MAX_METADATA_KEYS`] or nothing is changed.
    pub fn apply(&self, metadata: &mut Metadata) -> Result<(), ParamError> {
        let mut changed = metadata.clone();
        match self {
            MetadataChange::Clear => changed.clear(),
            MetadataChange::Merge(entries) => {
                for (name, value) in entries {
                    if value.is_empty() {
                        changed.remove(name);
                    } else {
                        changed.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        if changed.len() > MAX_METADATA_KEYS {
            return Err(ParamError::TooManyMetadataKeys);
        }
        *metadata = changed;
        Ok(())
    }
}

impl Params {
    /// `metadata`, within Stripe's limits.
    pub fn metadata(&mut self) -> Result<Option<MetadataChange>, ParamError> {
        let children = match self.take("metadata") {
            None => return Ok(None),
            Some(Node::Text(text)) if text.is_empty() => return Ok(Some(MetadataChange::Clear)),
            Some(Node::Text(_)) => return Err(ParamError::NotHash(self.full("metadata"))),
            Some(Node::Branch(children)) => children,
        };
        if children.len() > MAX_METADATA_KEYS {
            return Err(ParamError::TooManyMetadataKeys);
        }
        let mut entries = Metadata::new();
        for (name, node) in children {
            let full = format!("metadata[{name}]");
            let Node::Text(value) = node else {
                return Err(ParamError::NotText(full));
            };
            if name.is_empty() || name.chars().count() > MAX_METADATA_NAME {
                return Err(ParamError::MetadataName(name));
            }
            if value.chars().count() > MAX_METADATA_VALUE {
                return Err(ParamError::TooLong {
                    name: full,
                    most: MAX_METADATA_VALUE,
                });
            }
            entries.insert(name, value);
        }
        Ok(Some(MetadataChange::Merge(entries)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form;

    fn params(text: &str) -> Params {
        Params::new(form::parse(text).expect("a valid form"))
    }

    #[test]
    fn metadata_keeps_its_limits() {
        let long_name = format!("metadata[{}]=x", "n".repeat(MAX_METADATA_NAME + 1));
        assert!(matches!(
            params(&long_name).metadata(),
            Err(ParamError::MetadataName(_))
        ));
        let long_value = format!("metadata[a]={}", "v".repeat(MAX_METADATA_VALUE + 1));
        assert!(matches!(
            params(&long_value).metadata(),
            Err(ParamError::TooLong { .. })
        ));
        let many: Vec<_> = (0..=MAX_METADATA_KEYS)
            .map(|n| format!("metadata[k{n}]=x"))
            .collect();
        assert_eq!(
            params(&many.join("&")).metadata(),
            Err(ParamError::TooManyMetadataKeys)
        );
    }

    #[test]
    fn metadata_merges_removes_and_clears() {
        let mut kept = Metadata::from([("a".into(), "1".into()), ("b".into(), "2".into())]);
        let change = params("metadata[a]=&metadata[c]=3")
            .metadata()
            .expect("valid")
            .expect("given");
        change.apply(&mut kept).expect("within the limits");
        assert_eq!(
            kept,
            Metadata::from([("b".into(), "2".into()), ("c".into(), "3".into())])
        );
        params("metadata=")
            .metadata()
            .expect("valid")
            .expect("given")
            .apply(&mut kept)
            .expect("empty");
        assert!(kept.is_empty());
    }
}
