//! What stories need beside the real thing: a fresh database of the right version, a server in this process, patience,
//! eyes for a PDF.
//! Fakes of other services do not live here but beside the tests that use them.

mod database;
mod eventually;
mod pdf;
mod server;

pub use database::{TestDatabase, database, database_url};
pub use eventually::eventually;
pub use pdf::{pdf_pages, pdf_text};
pub use server::{Server, serve};

/// A new `request_id`, as a client would send it.
pub fn request_id() -> String {
    clock::Clock::system().uuid().to_string()
}
