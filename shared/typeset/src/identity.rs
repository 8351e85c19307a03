use jiff::civil::Date;

/// What makes a document itself: the same identity and inputs give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// A stable id, such as the bill's. Only a hash of it is in the PDF.
    pub id: String,
    /// The date the document bears; templates see it as `datetime.today()` and the
    /// PDF says it was created then.
    pub date: Date,
}

impl Identity {
    /// The identity of the document `id` of `date`.
    pub fn new(id: impl Into<String>, date: Date) -> Self {
        Self {
            id: id.into(),
            date,
        }
    }
}
