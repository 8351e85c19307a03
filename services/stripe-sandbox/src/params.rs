//! Strict reading of parameters: each is taken once by name and type, and what nobody took is an error.

use crate::form::Node;

/// Characters in any other text, at most.
pub const MAX_TEXT: usize = 5_000;

/// What is wrong with the parameters; `name` is in bracket notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParamError {
    /// Nobody knows these names.
    Unknown(Vec<String>),
    /// A required one is absent.
    Missing(String),
    /// `name=` where nothing can be unset.
    Empty(String),
    /// Not a whole number.
    NotInteger { name: String, value: String },
    /// A whole number below what is possible.
    TooSmall { name: String, least: i64 },
    /// A whole number above what is possible.
    TooLarge { name: String, most: i64 },
    /// Neither `true` nor `false`.
    NotBoolean { name: String, value: String },
    /// Not one of the words.
    NotOneOf {
        name: String,
        words: &'static [&'static str],
    },
    /// A plain value where a hash belongs.
    NotHash(String),
    /// A hash where a plain value belongs.
    NotText(String),
    /// More than the characters allowed.
    TooLong { name: String, most: usize },
    /// More than [`MAX_METADATA_KEYS`].
    TooManyMetadataKeys,
    /// A metadata name longer than [`MAX_METADATA_NAME`].
    MetadataName(String),
}

/// What a request says about a text that can be emptied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Edit {
    /// Nothing: it stays.
    #[default]
    Keep,
    /// `name=`: it becomes nothing.
    Clear,
    /// It becomes this.
    Set(String),
}

impl Edit {
    /// Applies it.
    pub fn apply(self, text: &mut Option<String>) {
        match self {
            Edit::Keep => {}
            Edit::Clear => *text = None,
            Edit::Set(new) => *text = Some(new),
        }
    }

    /// The text of something new.
    pub fn into_text(self) -> Option<String> {
        match self {
            Edit::Keep | Edit::Clear => None,
            Edit::Set(text) => Some(text),
        }
    }
}

/// The parameters not yet taken, and where they stand.
#[derive(Debug)]
pub struct Params {
    prefix: String,
    children: Vec<(String, Node)>,
}

impl Params {
    /// All parameters of a request.
    pub fn new(children: Vec<(String, Node)>) -> Self {
        Self {
            prefix: String::new(),
            children,
        }
    }

    pub(crate) fn full(&self, name: &str) -> String {
        if self.prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{}[{name}]", self.prefix)
        }
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Node> {
        let at = self.children.iter().position(|(known, _)| known == name)?;
        Some(self.children.remove(at).1)
    }

    /// A text that may be set to nothing.
    pub fn edit(&mut self, name: &str) -> Result<Edit, ParamError> {
        match self.take(name) {
            None => Ok(Edit::Keep),
            Some(Node::Branch(_)) => Err(ParamError::NotText(self.full(name))),
            Some(Node::Text(text)) if text.is_empty() => Ok(Edit::Clear),
            Some(Node::Text(text)) if text.chars().count() > MAX_TEXT => Err(ParamError::TooLong {
                name: self.full(name),
                most: MAX_TEXT,
            }),
            Some(Node::Text(text)) => Ok(Edit::Set(text)),
        }
    }

    /// A text that cannot be empty.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, ParamError> {
        match self.edit(name)? {
            Edit::Keep => Ok(None),
            Edit::Set(text) => Ok(Some(text)),
            Edit::Clear => Err(ParamError::Empty(self.full(name))),
        }
    }

    /// A text that must be there.
    pub fn required(&mut self, name: &str) -> Result<String, ParamError> {
        self.text(name)?
            .ok_or_else(|| ParamError::Missing(self.full(name)))
    }

    /// A whole number.
    pub fn integer(&mut self, name: &str) -> Result<Option<i64>, ParamError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| ParamError::NotInteger {
            name: self.full(name),
            value: text,
        })
    }

    /// A whole number that must be there.
    pub fn required_integer(&mut self, name: &str) -> Result<i64, ParamError> {
        self.integer(name)?
            .ok_or_else(|| ParamError::Missing(self.full(name)))
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &str) -> Result<Option<bool>, ParamError> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(ParamError::NotBoolean {
                name: self.full(name),
                value: other.to_owned(),
            }),
        }
    }

    /// One of the words, as the word from the list.
    pub fn one_of(
        &mut self,
        name: &str,
        words: &'static [&'static str],
    ) -> Result<Option<&'static str>, ParamError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let word = words.iter().find(|word| **word == text);
        word.map(|word| Some(*word))
            .ok_or_else(|| ParamError::NotOneOf {
                name: self.full(name),
                words,
            })
    }

    /// A list of texts; absent is empty.
    pub fn list(&mut self, name: &str) -> Result<Vec<String>, ParamError> {
        let children = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Node::Text(_)) => return Err(ParamError::NotHash(self.full(name))),
            Some(Node::Branch(children)) => children,
        };
        let mut texts = Vec::with_capacity(children.len());
        for (position, node) in children {
            match node {
                Node::Text(text) => texts.push(text),
                Node::Branch(_) => {
                    return Err(ParamError::NotText(format!(
                        "{}[{position}]",
                        self.full(name)
                    )));
                }
            }
        }
        Ok(texts)
    }

    /// A nested hash, to be finished like its parent.
    pub fn hash(&mut self, name: &str) -> Result<Option<Params>, ParamError> {
        match self.take(name) {
            None => Ok(None),
            Some(Node::Text(_)) => Err(ParamError::NotHash(self.full(name))),
            Some(Node::Branch(children)) => Ok(Some(Params {
                prefix: self.full(name),
                children,
            })),
        }
    }

    /// A hash or, as Stripe allows for time filters, a plain text in its place.
    pub fn text_or_hash(
        &mut self,
        name: &str,
    ) -> Result<Option<Result<String, Params>>, ParamError> {
        let is_text = self
            .children
            .iter()
            .any(|(known, node)| known == name && matches!(node, Node::Text(_)));
        if is_text {
            Ok(self.text(name)?.map(Ok))
        } else {
            Ok(self.hash(name)?.map(Err))
        }
    }

    /// Ends the reading: every parameter must have been taken.
    pub fn finish(self) -> Result<(), ParamError> {
        if self.children.is_empty() {
            return Ok(());
        }
        let names = self
            .children
            .iter()
            .map(|(name, _)| self.full(name))
            .collect();
        Err(ParamError::Unknown(names))
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
    fn what_nobody_took_is_unknown() {
        let mut given = params("amount=1&metdata[a]=b");
        assert_eq!(given.integer("amount"), Ok(Some(1)));
        assert_eq!(
            given.finish(),
            Err(ParamError::Unknown(vec!["metdata".into()]))
        );
        let mut card = params("card[numbr]=4")
            .hash("card")
            .expect("a hash")
            .expect("given");
        assert_eq!(card.text("number"), Ok(None));
        assert_eq!(
            card.finish(),
            Err(ParamError::Unknown(vec!["card[numbr]".into()]))
        );
    }

    #[test]
    fn types_are_checked() {
        let name = || "a".to_owned();
        assert_eq!(
            params("a=1.5").integer("a"),
            Err(ParamError::NotInteger {
                name: name(),
                value: "1.5".into()
            })
        );
        assert_eq!(
            params("a=yes").boolean("a"),
            Err(ParamError::NotBoolean {
                name: name(),
                value: "yes".into()
            })
        );
        assert_eq!(params("a=").text("a"), Err(ParamError::Empty(name())));
        assert_eq!(params("a=").edit("a"), Ok(Edit::Clear));
        assert_eq!(params("a[b]=1").text("a"), Err(ParamError::NotText(name())));
        assert_eq!(params("a=1").list("a"), Err(ParamError::NotHash(name())));
        assert_eq!(params("").required("a"), Err(ParamError::Missing(name())));
        assert_eq!(
            params("a=z").one_of("a", &["x", "y"]),
            Err(ParamError::NotOneOf {
                name: name(),
                words: &["x", "y"]
            })
        );
    }
}
