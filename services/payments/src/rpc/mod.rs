//! tonic in and out: a handler unpacks, calls its op, and packs; `billing` is the other direction.

mod autopay_service;
/// billing, as payments asks it.
pub mod billing;
mod card_authorization_service;
mod comparison_service;
mod dispute_service;
mod method_service;
mod payment_service;
mod payout_service;
mod processor_account_service;
mod upcoming_charge_service;
mod webhook_service;
