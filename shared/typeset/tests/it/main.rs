//! Documents from facts, through the whole compiler.

#![cfg(test)]

mod pictures;

use std::ops::RangeInclusive;

use jiff::civil::date;
use serde_json::json;
use typeset::{INPUT_LIMIT_BYTES, Identity, PAGE_LIMIT, QUEUE_LIMIT, TypesetError, Typesetter};

const LETTER: &str = r#"
#let facts = json("/inputs.json")
#set document(title: facts.title, author: "A practice")
#set text(lang: "en")
#set page(paper: "us-letter")
= #facts.title
Dear #facts.name,
#datetime.today().display()
#table(columns: 2, table.header[Date][Amount], ..facts.at("cells", default: ()))
"#;

/// Fails to compile unless the name was printed as one piece of text, sign for sign.
const PLAIN_NAME: &str = r#"
#let facts = json("/inputs.json")
#set document(title: facts.name)
#let printed = [#facts.name]
#assert.eq(printed.func(), text)
#assert.eq(printed.text, facts.expected)
= #printed
"#;

const SCRIPTS: &str = r#"
#let facts = json("/inputs.json")
#set document(title: facts.title)
#facts.name
#text(weight: "semibold", facts.name)
#text(style: "italic", facts.name)
#text(font: "DejaVu Sans Mono", facts.name)
#strong(facts.cells.join(" "))
"#;

fn typesetter() -> Typesetter {
    let templates = [
        ("letter.typ", LETTER),
        ("plain.typ", PLAIN_NAME),
        ("scripts.typ", SCRIPTS),
    ];
    Typesetter::new(&templates).expect("templates are good")
}

fn identity() -> Identity {
    Identity::new("bill_1", date(2026, 3, 31))
}

fn contains(pdf: &[u8], part: &str) -> bool {
    pdf.windows(part.len())
        .any(|bytes| bytes == part.as_bytes())
}

#[test]
fn a_document_is_tagged_titled_and_archival() {
    let facts = json!({ "title": "Bill 7", "name": "Zoë" });
    let pdf = typesetter()
        .pdf("letter.typ", &facts, &identity())
        .expect("it is set");
    for promise in [
        "/StructTreeRoot",
        "/Marked true",
        "<pdfuaid:part>1</pdfuaid:part>",
        "<pdfaid:part>3</pdfaid:part>",
        "<pdfaid:conformance>A</pdfaid:conformance>",
        "Bill 7",
        "A practice",
        "2026-03-31",
    ] {
        assert!(contains(&pdf, promise), "{promise} is missing");
    }
}

#[tokio::test]
async fn the_same_facts_give_the_same_bytes() {
    let facts = json!({ "title": "Bill 7", "name": "Zoë", "cells": ["March 31", "$40.00"] });
    let first = typesetter();
    let bytes = first
        .pdf("letter.typ", &facts, &identity())
        .expect("it is set");
    first
        .pdf(
            "plain.typ",
            &json!({ "name": "a", "expected": "a" }),
            &identity(),
        )
        .expect("it is set");
    let again = first
        .pdf("letter.typ", &facts, &identity())
        .expect("it is set");
    let queued = first
        .queue("letter.typ", &facts, &identity())
        .await
        .expect("it is set");
    let elsewhere = typesetter()
        .pdf("letter.typ", &facts, &identity())
        .expect("it is set");
    assert!(bytes == again && bytes == queued && bytes == elsewhere);

    let later = Identity::new("bill_1", date(2026, 4, 1));
    assert!(bytes != first.pdf("letter.typ", &facts, &later).expect("it is set"));
}

#[test]
fn markup_in_facts_is_printed_and_not_run() {
    let typesetter = typesetter();
    for name in [
        "#panic()",
        "$x$",
        "*",
        "\\",
        "<b>",
        "_a_",
        "`",
        "] #panic() [",
        "//x",
        "@x",
        "\"",
        "= a",
    ] {
        let facts = json!({ "name": name, "expected": name });
        typesetter
            .pdf("plain.typ", &facts, &identity())
            .unwrap_or_else(|problem| panic!("{name}: {problem}"));
    }
}

#[test]
fn characters_without_a_glyph_become_a_sign_and_never_an_error() {
    let typesetter = typesetter();
    for (name, expected) in [
        ("Zoë Müller-Łukasz", "Zoë Müller-Łukasz"),
        ("Лев Νίκος Ğül Đặng", "Лев Νίκος Ğül Đặng"),
        ("e\u{301}", "e\u{301}"),
        ("李明 박지우 さくら", "李明 박지우 さくら"),
        ("שלום مرحبا สมชาย", "שלום مرحبا สมชาย"),
        ("आरती তানিয়া தமிழ்", "आरती তানিয়া தமிழ்"),
        ("می\u{200c}خواهم", "می\u{200c}خواهم"),
        ("Հայկ ნინო አበበ", "Հայկ ნინო አበበ"),
        ("\u{20bb7}", "□"),
        ("Bo 👩‍👩‍👧", "Bo □"),
        ("a\u{202e}b\u{feff}\u{200b}c", "abc"),
        ("tab\tbell\u{7}", "tab bell "),
        ("\u{e000}", "□"),
    ] {
        let facts = json!({ "name": name, "expected": expected });
        typesetter
            .pdf("plain.typ", &facts, &identity())
            .unwrap_or_else(|problem| panic!("{name}: {problem}"));
    }
}

/// Each script in turn, and every mark on a letter, in the weights that documents use.
#[test]
fn every_character_can_stand_in_a_name() {
    let typesetter = typesetter();
    let letters = |range: RangeInclusive<u32>| range.filter_map(char::from_u32);
    let blocks = [
        0..=0x2ff,
        0x300..=0x58f,
        0x590..=0x8ff,
        0x900..=0x1fff,
        0x2000..=0x2fff,
        0xa000..=0xabff,
        0xf900..=0xffff,
        0x1d400..=0x1d7ff,
        0x1f300..=0x1f5ff,
    ];
    let alone = blocks.map(|block| letters(block).map(String::from).collect::<Vec<_>>());
    let marked = ['e', 'q', 'Ж', 'ῳ', 'ש', 'ب', '本'].map(|letter| {
        letters(0x300..=0x36f)
            .map(|mark| format!("{letter}{mark}"))
            .collect::<Vec<_>>()
    });
    for cells in alone.iter().chain(&marked) {
        let facts = json!({ "title": "All", "name": cells.concat(), "cells": cells });
        typesetter
            .pdf("scripts.typ", &facts, &identity())
            .unwrap_or_else(|problem| panic!("{:?}: {problem}", cells.first()));
    }
}

#[test]
fn limits_are_kept() {
    let typesetter = typesetter();
    let large = json!({ "title": "x", "name": "y".repeat(INPUT_LIMIT_BYTES) });
    assert!(matches!(
        typesetter.pdf("letter.typ", &large, &identity()),
        Err(TypesetError::InputsTooLarge {
            limit: INPUT_LIMIT_BYTES,
            ..
        })
    ));
    let pages = Typesetter::new(&[(
        "pages.typ",
        "#set document(title: \"x\")\n#for page in range(201) [x #pagebreak()]",
    )])
    .expect("templates are good");
    assert!(matches!(
        pages.pdf("pages.typ", &(), &identity()),
        Err(TypesetError::TooManyPages {
            limit: PAGE_LIMIT,
            ..
        })
    ));
    assert!(matches!(
        typesetter.pdf(
            "letter.typ",
            &json!({}),
            &Identity::new("x", date(-1, 1, 1))
        ),
        Err(TypesetError::DateOutOfRange(_))
    ));
}

#[tokio::test]
async fn more_documents_than_may_wait_are_refused() {
    let typesetter = typesetter();
    let facts = json!({ "name": "a", "expected": "a" });
    let identity = identity();
    let mut waiting = Vec::new();
    for _ in 0..QUEUE_LIMIT {
        let mut document = Box::pin(typesetter.queue("plain.typ", &facts, &identity));
        tokio::select! {
            biased;
            done = &mut document => { done.expect("it is set"); }
            () = std::future::ready(()) => waiting.push(document),
        }
    }
    let refused = typesetter.queue("plain.typ", &facts, &identity).await;
    assert!(matches!(refused, Err(TypesetError::Busy)));
    drop(waiting);
}

#[test]
fn a_broken_template_names_its_line() {
    let broken = Typesetter::new(&[("broken.typ", "#set document(title: \"x\")\n#panic()")])
        .expect("templates are good");
    let Err(TypesetError::Broken { template, problems }) =
        broken.pdf("broken.typ", &(), &identity())
    else {
        panic!("it is set all the same");
    };
    assert_eq!(template, "broken.typ");
    assert!(problems.starts_with("broken.typ:2: panicked"), "{problems}");
}

#[test]
fn a_template_reads_nothing_but_its_inputs() {
    for source in [
        "#read(\"/etc/passwd\")",
        "#read(\"../../../etc/passwd\")",
        "#import \"@preview/cetz:0.3.0\"",
        "#include \"other.typ\"",
    ] {
        let curious = Typesetter::new(&[("curious.typ", source)]).expect("templates are good");
        assert!(matches!(
            curious.pdf("curious.typ", &(), &identity()),
            Err(TypesetError::Broken { .. })
        ));
    }
}

#[test]
fn names_of_templates_are_checked() {
    let twice = Typesetter::new(&[("a.typ", ""), ("a.typ", "")]);
    assert!(matches!(twice, Err(TypesetError::BadTemplateName(name)) if name == "a.typ"));
    let inputs = Typesetter::new(&[("inputs.json", "")]);
    assert!(matches!(inputs, Err(TypesetError::BadTemplateName(_))));
    assert!(matches!(
        typesetter().pdf("c.typ", &(), &identity()),
        Err(TypesetError::UnknownTemplate(name)) if name == "c.typ"
    ));
    assert!(matches!(
        Typesetter::with_fonts(&[], &[b"no font"]),
        Err(TypesetError::BadFont(0))
    ));
}

/// The rules of PDF/A refuse a document that shows a character without a glyph, so what is set has them all.
#[test]
fn names_of_every_script_are_set_with_glyphs() {
    let typesetter = typesetter();
    for name in [
        "李小龙 陳慧珊",
        "佐藤 さくら サトウ",
        "박지우",
        "محمد العلي",
        "פרידה כהן",
        "สมชาย ใจดี",
        "आरती शर्मा",
        "তানিয়া রহমান",
        "ਹਰਪ੍ਰੀਤ",
        "દીપિકા",
        "தமிழ்ச்செல்வி",
        "వెంకటేష్",
        "ಕಾವ್ಯಾ",
        "മീനാക്ഷി",
        "සමන්ති",
        "သန္တာ",
        "សុភាព",
        "ຄໍາພູ",
        "བཀྲ་ཤིས",
        "Ольга Жуковська",
        "Ελένη Παπαδοπούλου",
        "Հայկ",
        "ნინო",
        "አበበ",
        "Nguyễn Thị Hồng Nhung",
    ] {
        let facts = json!({ "title": name, "name": name, "expected": name });
        typesetter
            .pdf("plain.typ", &facts, &identity())
            .unwrap_or_else(|problem| panic!("{name}: {problem}"));
    }
}
