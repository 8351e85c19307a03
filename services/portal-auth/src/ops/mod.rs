//! One verb, one file, one transaction.

mod create_program;
mod issue_access_code;
mod issue_service_token;
mod register_practice;
mod reissue_access_code;
mod retire_access_codes;
mod reveal_access_code;
mod sign_in_guest;
mod sign_in_staff;

pub use create_program::{NewProgram, create_program};
pub use issue_access_code::{LiveCode, issue_access_code};
pub use issue_service_token::issue_service_token;
pub use register_practice::{Registration, register_practice};
pub use reissue_access_code::reissue_access_code;
pub use retire_access_codes::retire_access_codes;
pub use reveal_access_code::reveal_access_code;
pub use sign_in_guest::{Guess, GuestSession, sign_in_guest};
pub use sign_in_staff::{StaffSession, sign_in_staff};
