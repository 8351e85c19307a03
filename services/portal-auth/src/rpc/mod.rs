//! tonic in and out: unpack, one call, pack. One file per service of the contract.

mod access_code_service;
mod practice_service;
mod sign_in_service;
