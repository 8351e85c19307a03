//! The suite's contracts, generated at build time from `evenkeel/**.proto`.

use prost_reflect::DescriptorPool;
use std::sync::LazyLock;

pub mod codec;
mod free_text;

/// Every contract with all options, as protox encoded it: for reflection, Envoy and the access policy.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/evenkeel.binpb"));

/// The same, decoded once.
#[expect(
    clippy::expect_used,
    reason = "the bytes are made by this crate's own build script"
)]
pub static DESCRIPTOR_POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTOR_SET).expect("own descriptor set"));

/// Whether a message of that full name, `evenkeel.billing.v1.BillIssued`, is in this version's contracts.
pub fn knows(message: &str) -> bool {
    DESCRIPTOR_POOL.get_message_by_name(message).is_some()
}

/// Declares a package: its messages and validating servers, and for packages with services their clients.
macro_rules! package {
    ($name:ident) => {
        #[allow(
            missing_docs,
            clippy::all,
            clippy::pedantic,
            clippy::nursery,
            clippy::restriction,
            reason = "generated"
        )]
        pub mod $name {
            pub mod v1 {
                include!(concat!(
                    env!("OUT_DIR"),
                    "/evenkeel.",
                    stringify!($name),
                    ".v1.rs"
                ));
            }
        }
    };
    ($name:ident, clients) => {
        #[allow(
            missing_docs,
            clippy::all,
            clippy::pedantic,
            clippy::nursery,
            clippy::restriction,
            reason = "generated"
        )]
        pub mod $name {
            pub mod v1 {
                include!(concat!(
                    env!("OUT_DIR"),
                    "/evenkeel.",
                    stringify!($name),
                    ".v1.rs"
                ));
                include!(concat!(
                    env!("OUT_DIR"),
                    "/clients/evenkeel.",
                    stringify!($name),
                    ".v1.rs"
                ));
            }
        }
    };
}

// The generated code counts its `super`s from the package's full path.
mod evenkeel {
    package!(policy);
    package!(money);
    package!(feed, clients);
    package!(billing, clients);
    package!(payments, clients);
    package!(portal_auth, clients);
    package!(notifications, clients);
    package!(reporting, clients);
}
pub use evenkeel::{billing, feed, money, notifications, payments, policy, portal_auth, reporting};

/// Types of `google.*` that our contracts use.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    reason = "generated"
)]
pub mod google {
    pub mod api {
        include!(concat!(env!("OUT_DIR"), "/google.api.rs"));
    }
    pub mod r#type {
        include!(concat!(env!("OUT_DIR"), "/google.r#type.rs"));
    }
}
