/// The largest facts one document may carry, as JSON: about 2,500 bill lines.
pub const INPUT_LIMIT_BYTES: usize = 512 * 1024;

/// The most pages one document may have.
pub const PAGE_LIMIT: usize = 200;

/// How many documents may wait in [`Typesetter::queue`](crate::Typesetter::queue) or
/// be set at the same time; the next one is refused with
/// [`TypesetError::Busy`](crate::TypesetError::Busy).
pub const QUEUE_LIMIT: usize = 256;

/// After how many documents an unused layout result is forgotten. What every
/// document uses (the shared look) is renewed each time and stays; the rest would
/// otherwise grow by about a megabyte per document.
pub(crate) const MEMORY_AGE_DOCUMENTS: usize = 3;
