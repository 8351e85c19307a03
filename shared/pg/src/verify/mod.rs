//! Invariants: what must hold of the rows at every moment, who checks it, and where it is seen. A service writes down
//! its own and the queries that name what breaks them; here is what is the same for all.

mod behind;
mod finding;
mod metrics;
mod rounds;
mod stream;

pub use behind::behind;
pub use finding::{Finding, Invariant};
pub use rounds::{Rounds, RoundsConfig, verify_rounds};
pub use stream::{STREAM_GAPLESS, begin, practices_after, stream};
