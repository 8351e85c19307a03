//! Stories of the all-in-one: the real binary, Postgres, Envoy, SMTP and processor.
#![cfg(test)]

mod crash;
mod demo_files;
mod feed;
mod gateway;
mod import;
mod import_answers;
mod suite;
mod verify;
mod workshop;
