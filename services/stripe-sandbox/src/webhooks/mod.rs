//! Webhooks: how they are signed, what is planned for them, and their delivery with retries.

pub mod deliver;
pub mod plan;
pub mod sign;
