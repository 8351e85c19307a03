//! Between the contracts' messages and the domain's values, one file per noun.

pub mod adjustment;
pub mod automation;
pub mod bill;
pub mod client_document;
pub mod dispute;
pub mod document;
pub mod event;
pub mod fee;
pub mod import;
pub mod ledger;
pub mod letterhead;
pub mod line;
pub mod payment;
pub mod payout;
pub mod people;
pub mod printed;
pub mod session;
pub mod session_result;
pub mod share;
pub mod superbill;
pub mod terms;
pub mod text;
