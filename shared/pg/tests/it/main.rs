//! What must hold of writes, requests, numbers and followers, against a real Postgres.
#![cfg(test)]

mod follow;
mod follow_faults;
mod follow_newer;
mod follow_passing;
mod group;
mod leases;
mod migrate;
mod outbox;
mod remote;
mod requests;
mod support;
mod tenancy;
mod verify;
mod writes;
