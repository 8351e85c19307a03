use jiff::civil::date;
use money::Money;
use serde_json::{Value, json};

use super::samples::{self, usd};
use super::{
    BillDocument, DocumentError, PaidBy, Paper, ReceiptDocument, StatementDocument,
    SuperbillDocument, render_bill, render_receipt, render_statement, render_superbill, typesetter,
};

fn as_json(document: &impl serde::Serialize) -> Value {
    serde_json::to_value(document).expect("documents are plain structs")
}

fn words_of(totals: &Value) -> Vec<String> {
    let rows = totals.as_array().expect("totals are rows");
    rows.iter()
        .map(|row| format!("{} {}", row["words"], row["amount"]).replace('"', ""))
        .collect()
}

#[test]
fn r12_a_paid_bill_says_that_its_balance_is_zero_and_nothing_is_due() {
    let bill = as_json(&BillDocument::new(samples::paid_bill()).expect("figures add up"));
    assert_eq!(bill["mark"], "PAID");
    assert_eq!(
        bill["standing"],
        json!({
            "balance": "$0.00",
            "sentence": "Nothing is due. Thank you.",
            "as_of_date": "April 16, 2026",
        })
    );
    assert_eq!(
        words_of(&bill["totals"]),
        [
            "Charges $520.00",
            "Adjustments −$120.00",
            "Insurance responsibility −$300.00",
            "Client responsibility $100.00",
            "Payments −$85.00",
            "Credits applied −$15.00",
            "Balance: $0.00",
        ]
    );
}

#[test]
fn an_open_bill_asks_for_its_balance_by_its_due_date() {
    let mut facts = samples::open_bill();
    let bill = as_json(&BillDocument::new(facts.clone()).expect("figures add up"));
    assert_eq!(bill["mark"], Value::Null);
    assert_eq!(
        bill["standing"]["sentence"],
        "Please pay $150.00 by April 30, 2026."
    );
    assert_eq!(bill["share"]["heading"], "Pay online");
    assert_eq!(
        bill["share"]["link_words"], "pay.stillwater.example/pay",
        "no token in print"
    );
    assert_eq!(bill["lines"][0]["code"], "90837 · 95 · GT");

    facts.as_of_date = date(2026, 5, 1);
    let bill = as_json(&BillDocument::new(facts).expect("figures add up"));
    assert_eq!(
        bill["standing"]["sentence"],
        "$150.00 was due on April 30, 2026."
    );
}

#[test]
fn a_bill_that_waits_for_its_insurer_is_not_marked_paid() {
    let mut facts = samples::paid_bill();
    facts.figures.insurance_balance = usd(30_000);
    let bill = as_json(&BillDocument::new(facts).expect("figures add up"));
    assert_eq!(bill["mark"], Value::Null);
    assert_eq!(
        bill["standing"]["sentence"],
        "Nothing is due now. Insurance has yet to settle $300.00; should anything be left to pay, you will be told."
    );
}

#[test]
fn r12_a_session_that_is_given_away_says_so_and_that_nothing_is_due() {
    let bill = as_json(&BillDocument::new(samples::free_bill()).expect("figures add up"));
    assert_eq!(bill["mark"], "NOTHING DUE");
    assert_eq!(bill["standing"]["balance"], "$0.00");
    assert_eq!(bill["standing"]["sentence"], "Nothing is due. Thank you.");
    assert_eq!(
        words_of(&bill["totals"]),
        [
            "Charges $150.00",
            "Today's session is free −$150.00",
            "Client responsibility $0.00",
            "Payments $0.00",
            "Balance: $0.00",
        ]
    );
    let mut nothing = samples::open_bill();
    nothing.lines[0].amount = usd(0);
    nothing.figures.balance = usd(0);
    let bill = as_json(&BillDocument::new(nothing).expect("figures add up"));
    assert_eq!(bill["mark"], "NOTHING DUE");
    assert_eq!(
        bill["description"],
        "Balance: $0.00. Nothing is due. Thank you."
    );
}

#[test]
fn r06_a_discount_stands_on_the_bill_in_its_own_words() {
    let facts = samples::discounted_bill();
    let bill = as_json(&BillDocument::new(facts.clone()).expect("figures add up"));
    let totals = words_of(&bill["totals"]);
    assert_eq!(totals[1], "Discount: sliding scale −$20.00");
    assert_eq!(totals[2], "Other adjustments −$100.00");
    let mut more = facts;
    more.adjustments[0].amount = usd(12_001);
    assert!(matches!(
        BillDocument::new(more),
        Err(DocumentError::FiguresDisagree { .. })
    ));
}

#[test]
fn r13_a_superbill_sums_up_what_was_charged_and_paid() {
    let facts = samples::superbill(3);
    let superbill = as_json(&SuperbillDocument::new(facts.clone()).expect("figures add up"));
    assert_eq!(
        words_of(&superbill["totals"]),
        [
            "Charges $450.00",
            "Paid by client −$80.00",
            "Paid by insurers −$225.00",
            "Adjustments −$105.00",
            "Balance: $40.00",
        ]
    );
    assert_eq!(superbill["lines"][0]["pointers"], "A B");
    assert_eq!(
        superbill["places"][0]["name"],
        "Telehealth provided in the patient's home"
    );
    assert_eq!(superbill["standing"]["sentence"], "$40.00 is due.");
    let mut waiting = facts.clone();
    for line in &mut waiting.lines {
        line.parts.pending = line.parts.balance;
    }
    let waiting = as_json(&SuperbillDocument::new(waiting).expect("figures add up"));
    assert_eq!(waiting["standing"]["balance"], "$0.00");
    assert_eq!(
        waiting["standing"]["sentence"],
        "Nothing is due now. Insurance has yet to settle $40.00; should anything be left to pay, you will be told."
    );
    let mut off = facts;
    off.lines[0].parts.client = usd(3_999);
    assert!(matches!(
        SuperbillDocument::new(off),
        Err(DocumentError::FiguresDisagree { .. })
    ));
}

#[test]
fn a_bill_whose_figures_disagree_is_refused() {
    let mut facts = samples::paid_bill();
    facts.figures.credits = usd(1_499);
    assert_eq!(
        BillDocument::new(facts),
        Err(DocumentError::FiguresDisagree {
            figure: "the balance",
            stated: usd(0),
            computed: usd(1),
        })
    );
}

#[test]
fn a_cancelled_bill_says_so_and_asks_for_nothing() {
    let mut facts = samples::open_bill();
    facts.cancelled = true;
    assert_eq!(
        BillDocument::new(facts.clone()),
        Err(DocumentError::CancelledWithBalance(usd(15_000)))
    );
    facts.figures.adjustments = usd(15_000);
    facts.figures.balance = usd(0);
    let bill = as_json(&BillDocument::new(facts).expect("figures add up"));
    assert_eq!(bill["mark"], "CANCELLED");
    assert_eq!(
        bill["standing"]["sentence"],
        "This bill was cancelled. Nothing is due."
    );
}

#[test]
fn a_receipt_says_where_every_cent_went() {
    let facts = samples::receipt();
    let receipt = as_json(&ReceiptDocument::new(facts.clone()).expect("figures add up"));
    assert_eq!(receipt["mark"], "PAID");
    assert_eq!(receipt["payments"][1]["method"], "Check #1042");
    assert_eq!(
        words_of(&receipt["totals"]),
        [
            "Received $205.00",
            "Applied to bills $190.00",
            "Kept as credit for later bills $15.00",
            "Balance: $0.00",
        ]
    );

    let short = ReceiptDocument::new(super::ReceiptFacts {
        credit: usd(1_000),
        ..facts.clone()
    });
    assert!(matches!(short, Err(DocumentError::FiguresDisagree { .. })));
    let untold = ReceiptDocument::new(super::ReceiptFacts {
        returned: usd(100),
        ..facts
    });
    assert!(matches!(untold, Err(DocumentError::FiguresDisagree { .. })));
}

#[test]
fn a_receipt_of_money_that_was_given_back_says_so_and_does_not_thank() {
    let receipt = |returned: i64, moved: i64, left: i64| {
        let mut facts = samples::receipt();
        facts.payments.truncate(1);
        facts.applied.truncate(1);
        for (minor, words) in [(returned, "Refunded"), (moved, "Moved to your credit")] {
            if minor > 0 {
                let mut back = facts.payments[0].clone();
                back.amount = usd(-minor);
                back.paid_by = PaidBy::Other {
                    words: words.to_owned(),
                };
                facts.payments.push(back);
            }
        }
        facts.applied[0].applied = usd(15_500 - returned - moved);
        facts.applied[0].left = usd(left);
        (facts.returned, facts.moved, facts.credit) = (usd(returned), usd(moved), usd(0));
        as_json(&ReceiptDocument::new(facts).expect("figures add up"))
    };
    let said = |receipt: &Value| {
        let sentence = receipt["standing"]["sentence"]
            .as_str()
            .expect("a sentence");
        (
            receipt["mark"].as_str().map(str::to_owned),
            sentence.to_owned(),
        )
    };
    let all = receipt(15_500, 0, 0);
    assert_eq!(
        said(&all),
        (None, "$155.00 was given back. Nothing is due.".to_owned())
    );
    assert_eq!(all["received"], "$155.00");
    assert_eq!(
        words_of(&all["totals"]),
        [
            "Received $155.00",
            "Given back −$155.00",
            "Applied to bills $0.00",
            "Balance: $0.00",
        ]
    );
    assert_eq!(
        said(&receipt(5_000, 500, 5_500)),
        (
            None,
            "$50.00 was given back. $5.00 was moved to your credit. $55.00 is due.".to_owned()
        )
    );
    assert_eq!(
        said(&receipt(5_000, 0, 0)),
        (
            Some("PAID".to_owned()),
            "$50.00 was given back. Nothing is due. Thank you.".to_owned()
        ),
        "what was written off instead"
    );
}

#[test]
fn r14_a_statement_runs_from_opening_to_closing_balance() {
    let facts = samples::statement(2);
    let statement = as_json(&StatementDocument::new(facts.clone()).expect("figures add up"));
    let balances: Vec<&str> = statement["movements"]
        .as_array()
        .expect("movements are rows")
        .iter()
        .filter_map(|movement| movement["balance"].as_str())
        .collect();
    assert_eq!(
        balances,
        [
            "$0.00", "$150.00", "$40.00", "$5.00", "$0.00", "$150.00", "$40.00", "$5.00", "$0.00",
            "$40.00",
        ]
    );
    assert_eq!(statement["movements"][0]["credit"], "$25.00");
    assert_eq!(statement["movements"][0]["charge"], "");

    let off = StatementDocument::new(super::StatementFacts {
        closing: usd(4_001),
        ..facts
    });
    assert!(matches!(off, Err(DocumentError::FiguresDisagree { .. })));
}

#[test]
fn a_statement_in_credit_says_that_nothing_is_due() {
    let mut facts = samples::statement(0);
    facts.movements.truncate(1);
    facts.opening = usd(0);
    facts.closing = usd(-2_500);
    let statement = as_json(&StatementDocument::new(facts).expect("figures add up"));
    assert_eq!(statement["standing"]["balance"], "−$25.00");
    assert_eq!(
        statement["standing"]["sentence"],
        "This is a credit in your favor. Nothing is due. Thank you."
    );
}

#[test]
fn amounts_of_two_currencies_make_no_document() {
    let mut facts = samples::receipt();
    facts.credit = Money::from_minor(1_500, money::Currency::EUR);
    assert!(matches!(
        ReceiptDocument::new(facts),
        Err(DocumentError::Money(_))
    ));
}

#[test]
fn every_way_to_pay_has_words() {
    let four = || "4242".to_owned();
    let words = [
        (PaidBy::Cash, "Cash"),
        (
            PaidBy::Check {
                number: Some("77".to_owned()),
            },
            "Check #77",
        ),
        (PaidBy::Check { number: None }, "Check"),
        (samples::visa(), "Visa ending in 4242"),
        (
            PaidBy::CardElsewhere {
                last_four: Some(four()),
            },
            "Card ending in 4242",
        ),
        (PaidBy::CardElsewhere { last_four: None }, "Card"),
        (
            PaidBy::BankAccount {
                bank: None,
                last_four: four(),
            },
            "Bank account ending in 4242",
        ),
        (
            PaidBy::ThirdParty {
                name: "EAP".to_owned(),
            },
            "Paid by EAP",
        ),
        (
            PaidBy::Other {
                words: "Barter".to_owned(),
            },
            "Barter",
        ),
    ];
    for (paid_by, expected) in words {
        assert_eq!(paid_by.to_string(), expected);
    }
}

#[tokio::test]
async fn r11_every_document_is_a_tagged_pdf_on_both_papers() {
    let typesetter = typesetter().expect("templates have names of their own");
    for paper in [Paper::Letter, Paper::A4] {
        let mut bill = samples::paid_bill();
        bill.paper = paper;
        let bill = BillDocument::new(bill).expect("figures add up");
        let mut receipt = samples::receipt();
        receipt.paper = paper;
        let receipt = ReceiptDocument::new(receipt).expect("figures add up");
        let mut statement = samples::statement(3);
        statement.paper = paper;
        statement.letterhead = samples::letterhead_with_logo();
        let statement = StatementDocument::new(statement).expect("figures add up");
        let mut superbill = samples::superbill(5);
        superbill.paper = paper;
        let superbill = SuperbillDocument::new(superbill).expect("figures add up");
        for pdf in [
            render_superbill(&typesetter, &superbill)
                .await
                .expect("the superbill is set"),
            render_bill(&typesetter, &bill)
                .await
                .expect("the bill is set"),
            render_receipt(&typesetter, &receipt)
                .await
                .expect("the receipt is set"),
            render_statement(&typesetter, &statement)
                .await
                .expect("the statement is set"),
        ] {
            assert!(pdf.starts_with(b"%PDF-"));
            for promise in [
                "/StructTreeRoot",
                "pdfuaid:part",
                "/Lang",
                "pdfaid:conformance",
            ] {
                let found = pdf
                    .windows(promise.len())
                    .any(|bytes| bytes == promise.as_bytes());
                assert!(found, "{promise} is missing");
            }
        }
    }
}

#[tokio::test]
async fn names_that_look_like_markup_are_printed_as_they_are() {
    let typesetter = typesetter().expect("templates have names of their own");
    for name in [
        "#panic()",
        "$x$",
        "*",
        "\\",
        "<b>",
        "_",
        "`",
        "]",
        "\"",
        "//",
        "@ref",
        "= x",
        "李明 שלום مرحبا 🙂",
    ] {
        let mut facts = samples::paid_bill();
        facts.client = name.to_owned();
        facts.billed_to.name = name.to_owned();
        facts.letterhead.practice = name.to_owned();
        facts.reference = name.to_owned();
        facts.lines[0].service = name.to_owned();
        facts.note = Some(name.to_owned());
        let bill = BillDocument::new(facts).expect("figures add up");
        render_bill(&typesetter, &bill)
            .await
            .unwrap_or_else(|problem| panic!("{name}: {problem}"));
    }
}

#[tokio::test]
async fn a_long_bill_goes_on_over_pages_to_the_same_sum() {
    let typesetter = typesetter().expect("templates have names of their own");
    let bill = BillDocument::new(samples::long_bill(90)).expect("figures add up");
    let pdf = render_bill(&typesetter, &bill).await.expect("a bill");
    let again = render_bill(&typesetter, &bill).await.expect("a bill");
    assert!(pdf.starts_with(b"%PDF"));
    assert_eq!(pdf, again);
    let json = as_json(&bill);
    assert_eq!(json["lines"].as_array().map(Vec::len), Some(90));
    assert_eq!(
        json["standing"]["balance"],
        words_of(&json["totals"])[0].replace("Charges ", "")
    );
}

/// Wherever the pages break: each has the head of its table, and the sum stands below rows.
#[tokio::test]
async fn a_long_table_repeats_its_head_and_its_sum_is_never_alone() {
    let typesetter = typesetter().expect("templates have names of their own");
    for lines in (1..=24).chain([60]) {
        for paper in [Paper::Letter, Paper::A4] {
            let mut facts = samples::long_bill(lines);
            facts.paper = paper;
            let bill = BillDocument::new(facts).expect("figures add up");
            let pdf = render_bill(&typesetter, &bill).await.expect("a bill");
            let pages = testkit::pdf_pages(&pdf);
            assert!(lines > 5 || pages.len() == 1, "{lines} lines fit on a page");
            assert!(lines < 12 || pages.len() > 1, "{lines} lines do not");
            for page in &pages {
                assert!(page.contains("Clinician"), "{lines} lines: {page}");
                assert!(page.contains("90837 · 95 · GT"), "{lines} lines: {page}");
            }
            let last = pages.last().expect("a page");
            assert!(last.contains("Charges") && last.contains("Balance:"));
            let shown: usize = pages
                .iter()
                .map(|page| page.matches("90837 · 95").count())
                .sum();
            assert_eq!(shown, lines, "each line once");
        }
    }
}

#[tokio::test]
async fn a_long_superbill_ends_with_its_total_below_a_service() {
    let typesetter = typesetter().expect("templates have names of their own");
    for lines in (1..=16).chain([60]) {
        let superbill = SuperbillDocument::new(samples::superbill(lines)).expect("figures add up");
        let pdf = render_superbill(&typesetter, &superbill)
            .await
            .expect("a superbill");
        let pages = testkit::pdf_pages(&pdf);
        assert!(
            pages
                .iter()
                .all(|page| page.contains("90837 · 95") && page.contains("Charge"))
        );
        assert!(pages.last().is_some_and(|page| page.contains("Total")));
    }
}
