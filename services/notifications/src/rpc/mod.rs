//! tonic in and out: unpack, one call, pack.

mod message_service;
