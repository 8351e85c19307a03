//! Stories: the real service behind its real stack and a fresh Postgres, following a real feed in which the stories
//! write what billing would.

#![cfg(test)]

mod app;
mod batches;
mod billing;
mod feeds;
mod pages;
mod rebuild;
mod reports;
mod tenancy;
