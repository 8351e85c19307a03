//! Between the contracts' messages and the domain's values, one file per noun.

pub mod adjustment;
pub mod automation;
pub mod bill;
pub mod document;
pub mod event;
pub mod fee;
pub mod ledger;
pub mod line;
pub mod payment;
pub mod people;
pub mod session;
pub mod session_result;
pub mod terms;
pub mod text;
