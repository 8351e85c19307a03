//! The stack through real connections, in front of a small real service.
#![cfg(test)]

mod access;
mod carrier;
mod contracts;
mod deadline;
mod drain;
mod jwks;
mod limits;
mod operations;
mod signer;
mod tokens;
mod writes;
