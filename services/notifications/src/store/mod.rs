//! SQL as free functions, one file per aggregate. Times come in as parameters. Lock order: queue row, then message.

pub mod adjustments;
/// `messages`: queue and history in one.
pub mod messages;
pub mod new_messages;
/// `practices`: letterheads.
pub mod practices;
pub mod queue;
