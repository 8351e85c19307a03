//! Stories: the real service behind its real stack, a fresh Postgres, a clock that stands still. Each ends with
//! `finish`, which audits the books.

#![cfg(test)]

mod adjustments;
mod app;
mod bills;
mod credit;
mod documents;
mod edits;
mod feeds;
mod holds;
mod insurers;
mod letterheads;
mod payments;
mod people;
mod policies;
mod races;
mod refunds;
mod seed;
mod sessions;
mod shared_documents;
mod statements;
mod superbills;
mod tenancy;
mod verify;
