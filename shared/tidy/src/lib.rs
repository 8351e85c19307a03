//! The house rules of CONTRIBUTING.md, executable: `cargo test -p tidy`.
//!
//! A rule is a function from the repository to its offences, in a file of its own below `rules`, with tests that show
//! what it catches and what it lets pass. It reads text, not types: it must be cheap, and plain to whoever it stops.

mod contract;
mod repository;
mod rules;
mod rust;
mod sql;

pub use repository::{File, Offence, Repository};

/// Every offence against every house rule, ordered by place.
pub fn check(repository: &Repository) -> Vec<Offence> {
    let mut offences: Vec<Offence> = rules::ALL
        .iter()
        .flat_map(|rule| rule(repository))
        .collect();
    offences.sort();
    offences
}
