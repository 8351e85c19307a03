//! Turns Typst templates and plain facts into accessible PDF documents.
//!
//! Every document is PDF/A-3a (archival) and PDF/UA-1 (tagged, for screen
//! readers) at once, and the same inputs give the same bytes: nothing here reads
//! a clock, a random source, the disk or the network.
//!
//! Facts reach a template only as the virtual file `/inputs.json`, read there with
//! `json("/inputs.json")`. They are values, never markup, so a client called
//! `#panic()` is printed as `#panic()`.
//!
//! A [`Picture`] that was decoded once, such as a practice's logo, may come with them.
//!
//! This is the only crate that depends on Typst; it stays small so that the
//! services which print need not rebuild it.

mod drawing;
mod error;
mod fonts;
mod glyphs;
mod identity;
mod limits;
mod picture;
mod press;
mod sheet;
mod typesetter;

pub use error::TypesetError;
pub use identity::Identity;
pub use limits::{INPUT_LIMIT_BYTES, PAGE_LIMIT, QUEUE_LIMIT};
pub use picture::{PICTURE_LIMIT_BYTES, PICTURE_SIDE_PIXELS, Picture, PictureError, PictureKind};
pub use typesetter::Typesetter;
