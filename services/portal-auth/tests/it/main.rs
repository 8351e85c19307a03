//! Stories: the real service behind its real stack, a fresh Postgres, a clock that stands still. Access Codes are guessed
//! from many addresses, as through the gateway.
#![cfg(test)]

mod access_codes;
mod app;
mod feeds;
mod guesses;
mod guests;
mod keys;
mod practices;
mod programs;
mod reissue;
mod secrets;
mod staff;
