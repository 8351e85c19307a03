//! What letters say and how they look: each run leaves them as pages in `target/tmp/letters`, to be looked at.

use ids::{AuthorizationId, Reference};
use jiff::civil::Date;
use money::{Currency, Money};
use notifications::domain::account::AccountNews;
use notifications::domain::card::{Audience, CardNews};
use notifications::domain::letter::{Adjusted, Changed, Due, Letter, PayPage};
use notifications::domain::practice::Practice;
use notifications::letter::Templates;
use std::path::Path;
use uuid::Uuid;

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn practice() -> Practice {
    Practice {
        name: "Harbor Light Counseling".to_owned(),
        time_zone: "America/New_York".to_owned(),
        address_lines: vec![
            "12 Wharf Street, Suite 3".to_owned(),
            "Boston, MA 02110".to_owned(),
        ],
        phone: "(617) 555-0142".to_owned(),
        email: "billing@harborlight.example".to_owned(),
    }
}

fn pay_page() -> PayPage {
    let reference: Reference = "K7M2-9QXD".parse().expect("a reference");
    PayPage {
        reference,
        access_code: "042917".to_owned(),
        link: format!(
            "https://pay.evenkeel.example/pay/{reference}#0123456789abcdef0123456789abcdef"
        ),
        address: "https://pay.evenkeel.example/pay".to_owned(),
    }
}

/// Of a bill that has changed since it was sent.
fn adjustments() -> Vec<(&'static str, Letter)> {
    let due = Due {
        amount: usd(4000),
        date: Date::constant(2026, 3, 31),
        pay_page: pay_page(),
    };
    let changed = |words: &str, minor, taken_back| Changed {
        words: words.to_owned(),
        amount: usd(minor),
        taken_back,
    };
    let adjusted = |changes, due: Option<Due>| {
        Letter::Adjusted(Adjusted {
            reference: pay_page().reference,
            changes,
            balance: due.as_ref().map_or(usd(0), |due| due.amount),
            insurer_owes: false,
            due,
        })
    };
    let discounts = vec![
        changed("A discount was applied", 500, false),
        changed(
            "Because you waited so long for your appointment, and with our apologies, we take this off",
            1_000,
            false,
        ),
        changed("A waiver was taken back", 12_050, true),
    ];
    vec![
        ("adjustment", adjusted(discounts, Some(due))),
        (
            "adjustment-nothing-due",
            adjusted(vec![changed("Today's session is free", 4_000, false)], None),
        ),
    ]
}

fn letters() -> Vec<(&'static str, Letter)> {
    let date = Date::constant(2026, 3, 31);
    let reference = pay_page().reference;
    let receipt = |balance, credited| Letter::Receipt {
        amount: usd(4000),
        receive_date: date,
        method_text: "Visa ending in 4242".to_owned(),
        bills: vec![(reference, usd(4000 - credited))],
        credited: usd(credited),
        balance: Some(usd(balance)),
    };
    let refund = |to_credit| Letter::Refund {
        amount: usd(2000),
        refund_date: date,
        to_credit,
        method_text: "Visa ending in 4242".to_owned(),
    };
    let decline = |due| Letter::Decline {
        amount: usd(4000),
        method_text: "Visa ending in 0002".to_owned(),
        reason: "The card has expired. Please use another one.".to_owned(),
        due,
    };
    let due = Due {
        amount: usd(4000),
        date,
        pay_page: pay_page(),
    };
    let bill = Letter::Bill {
        amount_due: usd(123_450),
        due_date: date,
        pay_page: pay_page(),
        has_pdf: true,
    };
    let nothing_due = |insurer_owes| Letter::NothingDue {
        reference,
        balance: usd(0),
        insurer_owes,
        has_pdf: true,
    };
    let access_code = |burned| Letter::AccessCode {
        due: Due {
            amount: usd(4000),
            date,
            pay_page: pay_page(),
        },
        burned,
    };
    let superbill = |has_pdf| Letter::Superbill {
        month: Date::constant(2026, 2, 1),
        has_pdf,
    };
    let mut letters = vec![
        ("bill", bill),
        ("nothing-due", nothing_due(false)),
        ("nothing-due-insurer", nothing_due(true)),
        ("access-code", access_code(false)),
        ("access-code-burned", access_code(true)),
        ("receipt", receipt(0, 0)),
        ("receipt-part", receipt(6000, 1500)),
        ("superbill", superbill(true)),
        ("superbill-portal", superbill(false)),
        ("refund", refund(false)),
        ("refund-credit", refund(true)),
        ("decline", decline(Some(due))),
        ("decline-no-bill", decline(None)),
    ];
    letters.extend(adjustments());
    letters
}

#[test]
fn a_bill_says_how_much_by_when_and_how_in_html_and_in_text() {
    let templates = Templates::load().expect("the templates");
    let (_, bill) = letters().remove(0);
    let written = templates.write(&bill, &practice()).expect("written");
    assert_eq!(
        written.subject,
        "Your bill from Harbor Light Counseling: Invoice # K7M2-9QXD"
    );
    for part in [
        "$1,234.50",
        "March 31, 2026",
        "K7M2-9QXD",
        "https://pay.evenkeel.example/pay/K7M2-9QXD#0123456789abcdef0123456789abcdef",
        "Pay now",
        "Harbor Light Counseling",
        "Boston, MA 02110",
    ] {
        assert!(written.html.contains(part), "{part} in {}", written.html);
        assert!(written.text.contains(part), "{part} in {}", written.text);
    }
    assert!(
        written.text.contains("Access Code  042917"),
        "{}",
        written.text
    );
}

/// What is about cards, accounts and nights, to payers and to the practice.
fn notices() -> Vec<(&'static str, Letter)> {
    let date = Date::constant(2026, 3, 31);
    let form = |new_account| {
        let authorization: AuthorizationId = Uuid::from_u128(1).into();
        let page = format!("https://pay.evenkeel.example/card-authorization/{authorization}");
        Letter::Card {
            news: CardNews::FormAsked {
                authorization,
                reminder: 0,
                to: Audience::Client,
                new_account,
            },
            link: Some(("Add a card and sign", page)),
        }
    };
    let account = |news| Letter::ProcessorAccount { news, methods: 12 };
    vec![
        (
            "receipt-payer",
            Letter::Receipt {
                amount: usd(4000),
                receive_date: date,
                method_text: "Visa ending in 4242".to_owned(),
                bills: vec![(pay_page().reference, usd(4000))],
                credited: usd(0),
                balance: None,
            },
        ),
        ("card-asked", form(false)),
        ("card-asked-new-account", form(true)),
        ("account-restricted", account(AccountNews::Restricted)),
        ("account-taken-away", account(AccountNews::TakenAway)),
        (
            "payout-failed",
            Letter::PayoutFailed {
                amount: usd(123_450),
                fail_date: date,
                reason: "The bank account is closed.".to_owned(),
            },
        ),
    ]
}

#[test]
fn every_letter_loads_nothing_from_elsewhere_and_says_its_language() {
    let templates = Templates::load().expect("the templates");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("letters");
    std::fs::create_dir_all(&folder).expect("a folder");
    let about_a_bill = letters().len();
    for (at, (name, letter)) in letters().into_iter().chain(notices()).enumerate() {
        let written = templates.write(&letter, &practice()).expect("written");
        let html = written.html;
        std::fs::write(folder.join(format!("{name}.html")), &html).expect("kept");
        assert!(html.contains("lang=\"en\""), "{name}");
        let title = format!("<title>{}</title>", written.subject);
        assert!(html.contains(&title), "{title} in {name}");
        assert!(
            at >= about_a_bill || title.starts_with("<title>Your "),
            "{name}"
        );
        for loads in ["src=", "<link", "@import", "url("] {
            assert!(!html.contains(loads), "{loads} in {name}: {html}");
        }
    }
}

#[test]
fn nothing_due_is_said_in_so_many_words() {
    let templates = Templates::load().expect("the templates");
    for (name, letter) in letters() {
        let text = templates.write(&letter, &practice()).expect("written").text;
        match name {
            "receipt" => assert!(
                text.contains("Balance: $0.00 — nothing is due. Thank you."),
                "{text}"
            ),
            "nothing-due" => {
                assert!(text.contains("Balance: $0.00 – nothing is due."), "{text}");
                assert!(text.contains("You do not need to do anything."), "{text}");
            }
            "receipt-part" => {
                assert!(text.contains("Balance: $60.00 is still due."), "{text}");
                assert!(text.contains("Kept as credit: $15.00"), "{text}");
            }
            _ => {}
        }
    }
}

#[test]
fn what_a_practice_calls_itself_stays_text() {
    let templates = Templates::load().expect("the templates");
    let practice = Practice {
        name: "A & B <script>alert(1)</script>\r\nBcc: all@evil.example".to_owned(),
        address_lines: vec!["</td></mj-text><mj-raw><b>x</b></mj-raw> \"quoted\"".to_owned()],
        ..practice()
    };
    for (name, letter) in letters() {
        let written = templates.write(&letter, &practice).expect("written");
        assert!(!written.html.contains("<script>alert"), "{name}");
        assert!(!written.html.contains("<b>x</b>"), "{name}");
        assert!(
            written.html.contains("A &amp; B &lt;script&gt;"),
            "{name}: {}",
            written.html
        );
        assert!(written.text.contains("A & B <script>alert(1)"), "{name}");
        assert!(!written.subject.contains(['\r', '\n']), "{name}");
    }
}
