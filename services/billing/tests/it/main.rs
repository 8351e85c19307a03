//! Stories: the real service behind its real stack, a fresh Postgres, a clock that stands still. Each ends with
//! `finish`, which audits the books.

#![cfg(test)]

mod adjustments;
mod app;
mod automation;
mod batch_model;
mod batches;
mod bill_lists;
mod bills;
mod bulk;
mod by_hand;
mod client_documents;
mod corrections;
mod credit;
mod disputes;
mod documents;
mod edits;
mod feeds;
mod fees;
mod histories;
mod history_model;
mod holds;
mod import_cut;
mod import_files;
mod import_reversed;
mod import_undo;
mod importing;
mod imports;
mod insurers;
mod late_superbills;
mod letterheads;
mod missed;
mod monthly_superbills;
mod nights;
mod payments;
mod payouts;
mod people;
mod policies;
mod previews;
mod races;
mod rebooked;
mod refunds;
mod seed;
mod sessions;
mod share_acts;
mod share_policies;
mod shared_documents;
mod sharing;
mod statements;
mod superbills;
mod tenancy;
mod terms;
mod verify;
