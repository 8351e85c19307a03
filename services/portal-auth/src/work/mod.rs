//! Loops that call ops: following billing's feed, sweeping old counts, reading keys anew.

mod bills;
mod keys;
mod sweep;

pub use bills::Bills;
pub use keys::keep_keys;
pub use sweep::sweep_attempts;
