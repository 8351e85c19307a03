use crate::repository::{Offence, Repository};

mod contracts;
mod domain;
mod features;
mod layers;
mod leftovers;
mod length;
mod migrations;
mod names;
mod ops;
mod queries;
mod readmes;
mod vendors;

/// One house rule.
pub type Rule = fn(&Repository) -> Vec<Offence>;

/// Every house rule.
pub const ALL: [Rule; 21] = [
    names::files_name_one_thing,
    length::files_are_short,
    leftovers::nothing_is_left_unfinished,
    leftovers::no_path_of_one_machine,
    domain::domain_is_pure,
    domain::domain_is_total,
    layers::sql_stays_in_store,
    layers::contracts_stay_at_the_edges,
    layers::services_do_not_name_each_other,
    ops::every_op_asks_who_may,
    vendors::no_vendor_call_in_a_transaction,
    queries::columns_are_named,
    queries::time_is_passed_in,
    queries::sql_is_lower_case,
    queries::tables_name_their_schema,
    migrations::plumbing_is_the_same_everywhere,
    migrations::migrations_are_numbered,
    migrations::constraints_are_named,
    contracts::every_rpc_is_told_and_guarded_and_tested,
    features::features_name_tests_that_exist,
    readmes::readmes_name_tables_and_events,
];

/// A regular expression that is written in this crate.
fn pattern(text: &str) -> regex::Regex {
    regex::Regex::new(text).expect("a pattern of tidy is a regular expression")
}

/// The line (from 1) of a place in a text.
fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}
