//! The practice that the demo plays.

use proto::portal_auth::v1::{Practice, RegisterPracticeRequest};
use uuid::Uuid;

use super::gateway::SignIn;

/// Business dates of the demo are local to Massachusetts, where the patients live.
pub const TIME_ZONE: &str = "America/New_York";

const OWNER_EMAIL: &str = "owner@harborlight.example";
const OWNER_PASSWORD: &str = "harbor-light-demo-sign-in";

/// The owner's sign-in, which `up` prints.
pub fn owner() -> SignIn {
    SignIn {
        email: OWNER_EMAIL.to_owned(),
        password: OWNER_PASSWORD.to_owned(),
    }
}

/// Registers the practice; a repeat changes nothing.
pub fn registration(setup_token: &str) -> RegisterPracticeRequest {
    RegisterPracticeRequest {
        practice: Some(Practice {
            name: "Harbor Light Counseling".to_owned(),
            time_zone: TIME_ZONE.to_owned(),
            currency_code: "USD".to_owned(),
            address_lines: vec![
                "12 Lantern Wharf, Suite 3".to_owned(),
                "Boston, MA 02110".to_owned(),
            ],
            phone: "(617) 555-0142".to_owned(),
            email: "billing@harborlight.example".to_owned(),
            tax_id: "00-0000000".to_owned(),
            npi: "1234567893".to_owned(),
            ..Practice::default()
        }),
        request_id: request_id().to_string(),
        setup_token: setup_token.to_owned(),
        owner_email: OWNER_EMAIL.to_owned(),
        owner_password: OWNER_PASSWORD.to_owned(),
    }
}

fn request_id() -> Uuid {
    ids::derive_uuid("demo.practice", &[OWNER_EMAIL.as_bytes()])
}
