//! The steps of the main job, in their order.

pub mod bill;
pub mod books;
pub mod card;
pub mod check;
pub mod documents;
pub mod import;
pub mod mails;
pub mod report;
pub mod share;
