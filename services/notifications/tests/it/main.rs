//! Stories of notifications: real Postgres, real SMTP into the mail sink; billing and portal-auth are played at the
//! process's edge, by servers of their contracts and by event sources in memory.
#![cfg(test)]

mod adjustments;
mod app;
mod batches;
mod cards;
mod codes;
mod delivery;
mod events;
mod fake_feed;
mod fake_suite;
mod history;
mod letters;
mod mails;
mod nothing_due;
mod notices;
mod refusals;
mod superbills;
mod upcoming;
