//! The rules of payments as pure functions: where a payment stands, what comes next, what may go back.

#![deny(clippy::wildcard_enum_match_arm, clippy::float_arithmetic)]

pub mod acceptance;
pub mod allocation;
pub mod announcement;
pub mod autopay;
pub mod autopay_settings;
pub mod card_form;
pub mod charge;
pub mod comparison;
pub mod connection;
pub mod decline;
pub mod dispute;
pub mod invariant;
pub mod means;
pub mod method;
pub mod on_file;
pub mod pacing;
pub mod payer;
pub mod payment;
pub mod payout;
pub mod payout_look;
pub mod refund;
pub mod refusal;
pub mod retry;
pub mod return_url;
pub mod setup;
pub mod spread;
pub mod upcoming;

/// An enum whose variants the database keeps as words.
macro_rules! words {
    ($(#[$meta:meta])* $kind:ident { $($(#[$doc:meta])* $name:ident $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kind {
            $($(#[$doc])* $name,)+
        }

        impl $kind {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As the database keeps it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The one of that name.
            #[must_use]
            pub fn of(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}
pub(crate) use words;
