use crate::app::{TestApp, reason};
use crate::documents::{has, pdf};
use ids::PracticeId;
use proto::billing::v1::document_service_client::DocumentServiceClient;
use proto::billing::v1::{
    GetLetterheadRequest, Letterhead, Logo, Paper, SetLetterheadRequest, SetLetterheadResponse,
};
use rpc::{Claims, Role};
use testkit::{pdf_text, request_id};
use tonic::{Code, Response, Status};

const WAVES: &[u8] = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
  <circle cx="32" cy="32" r="30" fill="#175c5e"/>
  <path d="M8 36 Q 20 24 32 36 T 56 36" stroke="#fff" fill="none" stroke-width="5"/>
</svg>"##;

/// A red square of 16 × 16 pixels.
const SQUARE: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x10, 0x08, 0x02, 0x00, 0x00, 0x00, 0x90, 0x91, 0x68,
    0x36, 0x00, 0x00, 0x00, 0x16, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xf8, 0xcf, 0xc0, 0x40,
    0x12, 0x62, 0x18, 0xd5, 0x30, 0xaa, 0x61, 0xf8, 0x6a, 0x00, 0x00, 0x90, 0xf9, 0xff, 0x01, 0xf2,
    0xee, 0xe8, 0x57, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

pub fn waves() -> Logo {
    Logo {
        content_type: "image/svg+xml".to_owned(),
        content: WAVES.into(),
        alternative_text: "Two waves".to_owned(),
    }
}

fn letterhead() -> Letterhead {
    Letterhead {
        logo: Some(waves()),
        website: "lakeside.example".to_owned(),
        paper: Paper::A4.into(),
        footer: "In a crisis call or text 988.".to_owned(),
    }
}

impl TestApp {
    fn letterhead_request(&self, letterhead: Letterhead) -> SetLetterheadRequest {
        SetLetterheadRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            letterhead: Some(letterhead),
        }
    }

    pub async fn set_letterhead(
        &self,
        letterhead: Letterhead,
    ) -> Result<Response<SetLetterheadResponse>, Status> {
        let request = self.letterhead_request(letterhead);
        self.documents().set_letterhead(request).await
    }

    async fn letterhead(&self) -> Letterhead {
        let request = GetLetterheadRequest {
            practice_id: self.practice.to_string(),
        };
        let read = self.documents().get_letterhead(request).await;
        read.expect("read")
            .into_inner()
            .letterhead
            .expect("a letterhead")
    }
}

#[tokio::test]
async fn r11_a_letterhead_heads_every_document_of_the_practice() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 0).await;
    let plain = app.pdf_of(&bill).await;
    assert_eq!(app.letterhead().await, Letterhead::default());
    let request = app.letterhead_request(letterhead());
    let set = app.documents().set_letterhead(request.clone()).await;
    let set = set.expect("set").into_inner();
    assert_eq!(set.letterhead, Some(letterhead()));
    let again = app.documents().set_letterhead(request.clone()).await;
    assert_eq!(again.expect("replayed").into_inner(), set);
    assert_eq!(app.letterhead().await, letterhead());

    let headed = app.pdf_of(&bill).await;
    assert_ne!(headed, plain);
    assert_eq!(app.pdf_of(&bill).await, headed, "the same bytes");
    let text = pdf_text(&headed);
    for printed in ["lakeside.example", "In a crisis call or text 988."] {
        assert!(text.contains(printed), "{printed} in {text}");
    }
    assert!(
        has(&headed, "/Alt") && !has(&plain, "/Alt"),
        "the logo is told"
    );
    assert!(
        has(&headed, "/MediaBox[0 0 595.2756 841.8898]") && has(&plain, "/MediaBox[0 0 612 792]"),
        "A4 instead of letter"
    );

    let other = SetLetterheadRequest {
        letterhead: Some(Letterhead::default()),
        ..request
    };
    let reused = app.documents().set_letterhead(other).await;
    assert_eq!(reason(reused), "REQUEST_ID_REUSED");
    app.set_letterhead(Letterhead::default())
        .await
        .expect("set");
    assert_eq!(app.letterhead().await, Letterhead::default());
    assert_eq!(app.pdf_of(&bill).await, plain, "as it was before");
    app.finish().await;
}

#[tokio::test]
async fn r11_a_logo_that_is_not_what_it_says_is_refused() {
    let app = TestApp::start().await;
    let logo = |content_type: &str, content: &[u8]| Letterhead {
        logo: Some(Logo {
            content_type: content_type.to_owned(),
            content: content.to_vec().into(),
            alternative_text: String::new(),
        }),
        ..Letterhead::default()
    };
    app.set_letterhead(logo("image/png", SQUARE))
        .await
        .expect("it is one");
    app.set_letterhead(Letterhead::default())
        .await
        .expect("set");
    let script = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    let wall = [
        &SQUARE[..16],
        &[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff],
        &SQUARE[24..],
    ]
    .concat();
    for (content_type, content, expected) in [
        ("image/png", WAVES, "LOGO_UNREADABLE"),
        ("image/jpeg", SQUARE, "LOGO_UNREADABLE"),
        ("image/svg+xml", SQUARE, "LOGO_UNREADABLE"),
        ("image/png", &SQUARE[..40], "LOGO_UNREADABLE"),
        ("image/png", &wall, "LOGO_UNREADABLE"),
        ("image/svg+xml", script, "LOGO_UNREADABLE"),
        ("image/gif", b"GIF89a", "INVALID_FIELD"),
        ("image/png", b"", "INVALID_FIELD"),
        ("image/png", &vec![0; 512 * 1024 + 1], "INVALID_FIELD"),
    ] {
        let refused = app.set_letterhead(logo(content_type, content)).await;
        assert_eq!(reason(refused), expected, "{content_type}");
    }
    let card = Letterhead {
        footer: "Pay to 4242 4242 4242 4242".to_owned(),
        ..Letterhead::default()
    };
    assert_eq!(
        reason(app.set_letterhead(card).await),
        "CARD_NUMBER_IN_TEXT"
    );
    assert_eq!(
        app.letterhead().await,
        Letterhead::default(),
        "nothing was set"
    );
    app.finish().await;
}

#[tokio::test]
async fn r41_the_owner_sets_the_letterhead_and_the_biller_reads_it() {
    let app = TestApp::start().await;
    let practice = app.practice.to_string();
    let as_role = |role: Role| {
        let practice = practice.clone();
        DocumentServiceClient::new(app.connection(move |claims| Claims {
            role,
            practice_id: Some(practice.clone()),
            ..claims
        }))
    };
    let read = GetLetterheadRequest {
        practice_id: practice.clone(),
    };
    let refused = as_role(Role::Biller)
        .set_letterhead(app.letterhead_request(letterhead()))
        .await;
    assert_eq!(
        refused.expect_err("a refusal").code(),
        Code::PermissionDenied
    );
    as_role(Role::Biller)
        .get_letterhead(read.clone())
        .await
        .expect("read");
    let refused = as_role(Role::Clinician).get_letterhead(read).await;
    assert_eq!(
        refused.expect_err("a refusal").code(),
        Code::PermissionDenied
    );

    app.set_letterhead(letterhead()).await.expect("set");
    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let theirs = GetLetterheadRequest {
        practice_id: stranger.to_string(),
    };
    let theirs = DocumentServiceClient::new(app.owner_of(stranger))
        .get_letterhead(theirs)
        .await;
    assert_eq!(
        theirs.expect("read").into_inner().letterhead,
        Some(Letterhead::default())
    );
    app.finish().await;
}

/// Every document, with a name that Latin fonts lack, headed by a logo.
#[tokio::test]
async fn r11_names_in_any_script_are_printed_with_their_glyphs() {
    let app = TestApp::start().await;
    app.set_letterhead(letterhead()).await.expect("set");
    for (given, family) in [
        ("小龙", "李"),
        ("さくら", "佐藤"),
        ("지우", "박"),
        ("محمد", "العلي"),
        ("פרידה", "כהן"),
        ("สมชาย", "ใจดี"),
        ("आरती", "शर्मा"),
        ("Ольга", "Жуковська"),
        ("Ελένη", "Παπαδοπούλου"),
    ] {
        sqlx::query("update billing.clients set given_name = $1, family_name = $2")
            .bind(given)
            .bind(family)
            .execute(app.db.owner_pool())
            .await
            .expect("renamed");
        let bill = app.issue(4_000, 0).await;
        let printed = app.pdf_of(&bill).await;
        let text = pdf_text(&printed);
        for name in [given, family] {
            for letter in name.chars() {
                assert!(text.contains(letter), "{letter} of {name} in {text}");
            }
        }
        assert!(!text.contains(['□', '\u{fffd}']), "{text}");
        let answer = app.documents().download_bill(app.bill_pdf(&bill)).await;
        pdf(answer.expect("rendered"), |answer| answer.body);
    }
    app.finish().await;
}
