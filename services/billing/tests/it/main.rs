//! Stories: the real service behind its real stack, a fresh Postgres, a clock that stands still. Each ends with
//! `finish`, which audits the books.

#![cfg(test)]

mod adjustments;
mod app;
mod automation;
mod bills;
mod bulk;
mod corrections;
mod credit;
mod documents;
mod edits;
mod feeds;
mod fees;
mod holds;
mod insurers;
mod missed;
mod model;
mod payments;
mod people;
mod policies;
mod races;
mod refunds;
mod seed;
mod sessions;
mod statements;
mod tenancy;
mod terms;
mod verify;
