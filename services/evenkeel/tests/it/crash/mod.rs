//! F1: a service dies right before each of its effects in turn, a commit or a call to another program, is started again,
//! and comes to rest by itself. Then the same requests are answered the same, every invariant holds, and the processor's
//! own book is ours to the cent. billing, payments and portal-auth are real, each with a Postgres of its own; the one that
//! dies is a process, and its death is `abort`.
#![cfg(debug_assertions)]

mod autopay;
mod book;
mod flows;
mod machine;
mod process;
