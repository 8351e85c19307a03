use jiff::civil::Date;

/// Why a document was not set.
///
/// The text of [`Broken`](Self::Broken) may quote what was to be printed, so it
/// belongs in a developer's terminal and not in a log.
#[derive(Debug, thiserror::Error)]
pub enum TypesetError {
    /// Two templates were given under one name, or a name is no path.
    #[error("template name {0:?} cannot be used")]
    BadTemplateName(String),
    /// A font given to [`Typesetter::with_fonts`](crate::Typesetter::with_fonts)
    /// could not be read; counted from 0.
    #[error("font {0} is not an OpenType font")]
    BadFont(usize),
    /// No template has this name.
    #[error("there is no template {0:?}")]
    UnknownTemplate(String),
    /// The facts could not be written as JSON.
    #[error("the inputs cannot be written as JSON")]
    InputsNotJson(#[from] serde_json::Error),
    /// The facts are larger than [`INPUT_LIMIT_BYTES`](crate::INPUT_LIMIT_BYTES).
    #[error("the inputs have {bytes} bytes; the limit is {limit}")]
    InputsTooLarge {
        /// What was given.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The document came out longer than [`PAGE_LIMIT`](crate::PAGE_LIMIT).
    #[error("the document has {pages} pages; the limit is {limit}")]
    TooManyPages {
        /// What came out.
        pages: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The document's date is before year 1.
    #[error("a document cannot bear the date {0}")]
    DateOutOfRange(Date),
    /// The template does not compile, or breaks a rule of PDF/A or PDF/UA.
    #[error("{template} does not compile: {problems}")]
    Broken {
        /// The template.
        template: String,
        /// What the compiler said, one problem after another with its place.
        problems: String,
    },
    /// More than [`QUEUE_LIMIT`](crate::QUEUE_LIMIT) documents are waiting.
    #[error("too many documents are waiting to be set")]
    Busy,
    /// The compiler panicked, or the runtime is shutting down.
    #[error("setting the document was stopped")]
    Stopped,
}
