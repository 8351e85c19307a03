//! Stories of the all-in-one.
#![cfg(test)]

mod demo_files;
