//! Documents of an invented practice, for tests and for looking at.

use jiff::civil::{Date, date};
use money::{Currency, Money};

use super::{
    Address, AdjustmentFacts, AppliedFacts, BillFacts, BillFigures, ClinicianFacts, Letterhead,
    LineFacts, Logo, MovementFacts, PaidBy, Paper, Party, PaymentFacts, PolicyFacts, ReceiptFacts,
    Share, StatementFacts, SuperbillFacts, SuperbillLineFacts,
};
use crate::domain::statement::MovementKind;
use crate::domain::superbill::Parts;
use typeset::{Picture, PictureKind};

pub(crate) fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

pub(crate) fn letterhead() -> Letterhead {
    Letterhead {
        practice: "Still Water Counseling".to_owned(),
        address: Address::of(["418 Alder Street, Suite 210", "", "Portland, OR 97205"]),
        phone: Some("(503) 555-0142".to_owned()),
        email: Some("billing@stillwater.example".to_owned()),
        website: Some("stillwater.example".to_owned()),
        tax_id: Some("93-1234567".to_owned()),
        npi: Some("1992739928".to_owned()),
        logo: None,
        footer: None,
    }
}

/// The same with a drawing beside the name and a line at the foot.
pub(crate) fn letterhead_with_logo() -> Letterhead {
    let drawing = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
        <circle cx="32" cy="32" r="30" fill="#175c5e"/>
        <path d="M8 36 Q 20 24 32 36 T 56 36" stroke="#fff" fill="none" stroke-width="5"/>
        <path d="M8 46 Q 20 34 32 46 T 56 46" stroke="#8cc" fill="none" stroke-width="5"/>
    </svg>"##;
    let picture = Picture::read(PictureKind::Svg, drawing.to_vec()).expect("shapes only");
    Letterhead {
        logo: Some(Logo {
            picture,
            alternative_text: "Two waves in a circle".to_owned(),
        }),
        footer: Some("In an emergency call 911; for a crisis call or text 988.".to_owned()),
        ..letterhead()
    }
}

pub(crate) fn client() -> Party {
    Party {
        name: "Zoë Müller-Łukasz".to_owned(),
        address: Address::of(["77 Thistle Lane, Apt. 3B", "Portland, OR 97214"]),
    }
}

fn session(date: Date, minor: i64) -> LineFacts {
    LineFacts {
        date,
        service: "Psychotherapy, 60 minutes".to_owned(),
        code: Some("90837".to_owned()),
        modifiers: vec!["95".to_owned(), "GT".to_owned()],
        clinician: Some("Amara Okafor, LCSW".to_owned()),
        units: 1,
        amount: usd(minor),
    }
}

/// $150.00 for a session, nothing paid, shared.
pub(crate) fn open_bill() -> BillFacts {
    BillFacts {
        id: "bill_01kaq7tq2mf6h9v3b5d8n0r4ws".to_owned(),
        paper: Paper::Letter,
        letterhead: letterhead(),
        number: "1042".to_owned(),
        reference: "K7M2-9QXD".to_owned(),
        issue_date: date(2026, 3, 31),
        due_date: Some(date(2026, 4, 30)),
        as_of_date: date(2026, 3, 31),
        client: client().name,
        billed_to: client(),
        share: Some(Share {
            access_code: "402918".to_owned(),
            link: "https://pay.stillwater.example/pay/K7M2-9QXD#5Yw3xq".to_owned(),
            address: "https://pay.stillwater.example/pay".to_owned(),
        }),
        lines: vec![session(date(2026, 3, 24), 15_000)],
        adjustments: Vec::new(),
        payments: Vec::new(),
        figures: BillFigures {
            adjustments: usd(0),
            insurance: usd(0),
            insurance_balance: usd(0),
            credits: usd(0),
            balance: usd(15_000),
        },
        cancelled: false,
        note: None,
    }
}

/// A session that the practice gives away, for a client whose name is Chinese.
pub(crate) fn free_bill() -> BillFacts {
    let mut facts = open_bill();
    facts.client = "李小龙".to_owned();
    facts.billed_to.name = "李小龙".to_owned();
    facts.share = None;
    facts.adjustments = vec![AdjustmentFacts {
        label: "Today's session is free".to_owned(),
        amount: usd(15_000),
    }];
    facts.figures.adjustments = usd(15_000);
    facts.figures.balance = usd(0);
    facts
}

/// A discount that is told and a contractual adjustment that is not.
pub(crate) fn discounted_bill() -> BillFacts {
    let mut facts = paid_bill();
    facts.adjustments = vec![AdjustmentFacts {
        label: "Discount: sliding scale".to_owned(),
        amount: usd(2_000),
    }];
    facts
}

/// Sessions of two clinicians in a month, two in three paid.
pub(crate) fn superbill(lines: usize) -> SuperbillFacts {
    let days = i64::try_from(lines).unwrap_or(0);
    let line = |day: i64| {
        let paid = if day % 3 == 2 { 0 } else { 4_000 };
        SuperbillLineFacts {
            date: date(2026, 3, 2).saturating_add(jiff::Span::new().days(day)),
            place: if day % 2 == 0 { "10" } else { "11" }.to_owned(),
            code: "90837".to_owned(),
            modifiers: vec!["95".to_owned()],
            description: "Psychotherapy, 60 minutes".to_owned(),
            diagnoses: if day % 2 == 0 { vec![0, 1] } else { vec![0] },
            units: 1,
            clinician: usize::from(day % 4 == 3),
            charge: usd(15_000),
            parts: Parts {
                client: usd(paid),
                insurance: usd(7_500),
                adjusted: usd(3_500),
                balance: usd(4_000 - paid),
                pending: usd(0),
            },
            bill_number: "1042".to_owned(),
        }
    };
    let clinician = |name: &str, licence: &str, npi: &str| ClinicianFacts {
        name: name.to_owned(),
        licence: licence.to_owned(),
        npi: npi.to_owned(),
    };
    SuperbillFacts {
        id: "superbill".to_owned(),
        paper: Paper::Letter,
        letterhead: letterhead(),
        issue_date: date(2026, 4, 1),
        from_date: date(2026, 3, 1),
        to_date: date(2026, 3, 31),
        client: client(),
        birth_date: Some(date(1988, 7, 14)),
        policies: vec![PolicyFacts {
            payer: "Cascade Health".to_owned(),
            member_number: "XQP 884 201 77".to_owned(),
        }],
        diagnoses: vec!["F41.1".to_owned(), "F33.1".to_owned()],
        clinicians: vec![
            clinician("Amara Okafor, LCSW", "LCSW-22841 (OR)", "1588667638"),
            clinician("Dr. Jun Park, PsyD", "PSY-3307 (OR)", "1932102084"),
        ],
        lines: (0..days).map(line).collect(),
    }
}

/// Insurance, an adjustment, several payments and credit; nothing is left.
pub(crate) fn paid_bill() -> BillFacts {
    let mut assessment = session(date(2026, 3, 10), 22_000);
    assessment.service = "Psychiatric diagnostic evaluation".to_owned();
    assessment.code = Some("90791".to_owned());
    assessment.modifiers.clear();
    BillFacts {
        lines: vec![
            assessment,
            session(date(2026, 3, 17), 15_000),
            session(date(2026, 3, 24), 15_000),
        ],
        payments: vec![
            payment(date(2026, 4, 2), visa(), 4_000),
            payment(
                date(2026, 4, 9),
                PaidBy::Check {
                    number: Some("1042".to_owned()),
                },
                3_500,
            ),
            payment(date(2026, 4, 16), PaidBy::Cash, 1_000),
        ],
        figures: BillFigures {
            adjustments: usd(12_000),
            insurance: usd(30_000),
            insurance_balance: usd(0),
            credits: usd(1_500),
            balance: usd(0),
        },
        as_of_date: date(2026, 4, 16),
        note: Some(
            "Thank you for your trust.\nQuestions? Call us any weekday from 9 to 5.".to_owned(),
        ),
        ..open_bill()
    }
}

/// As many sessions as asked, with names of every length.
pub(crate) fn long_bill(lines: usize) -> BillFacts {
    let days = i16::try_from(lines).unwrap_or(i16::MAX);
    let mut facts = open_bill();
    facts.paper = Paper::A4;
    facts.letterhead.practice =
        "The Greater Willamette Valley Center for Psychotherapy, Counseling and Family Wellness, PLLC"
            .to_owned();
    facts.billed_to.name =
        "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaftschaferswessenschafe"
            .to_owned();
    facts.client =
        "Maximiliana Konstantinopolitanska-Featherstonehaugh de la Santísima Trinidad".to_owned();
    facts.lines = (0..days)
        .map(|day| {
            let mut line = session(
                date(2026, 1, 1).saturating_add(jiff::Span::new().days(day)),
                15_000,
            );
            if day % 7 == 3 {
                line.service =
                    "Family psychotherapy with patient present, conducted by video with two \
                                family members joining from separate places"
                        .to_owned();
                line.clinician =
                    Some("Dr. Konstantin Przybyszewski-Villanueva, PsyD, LMFT".to_owned());
                line.amount = usd(1_234_550);
            }
            line
        })
        .collect();
    facts.figures.balance = usd(facts.lines.iter().map(|line| line.amount.minor()).sum());
    facts
}

pub(crate) fn visa() -> PaidBy {
    PaidBy::Card {
        brand: "Visa".to_owned(),
        last_four: "4242".to_owned(),
    }
}

pub(crate) fn payment(date: Date, paid_by: PaidBy, minor: i64) -> PaymentFacts {
    PaymentFacts {
        date,
        paid_by,
        amount: usd(minor),
    }
}

/// Two payments over two bills, with $15.00 kept; nothing is left.
pub(crate) fn receipt() -> ReceiptFacts {
    let bill = |number: &str, reference: &str, applied, left| AppliedFacts {
        number: number.to_owned(),
        reference: reference.to_owned(),
        issue_date: date(2026, 3, 31),
        applied: usd(applied),
        left: usd(left),
    };
    ReceiptFacts {
        id: "pay_01kaq7tq2mf6h9v3b5d8n0r4ws".to_owned(),
        paper: Paper::Letter,
        letterhead: letterhead(),
        number: "R-2077".to_owned(),
        issue_date: date(2026, 4, 16),
        received_from: client(),
        client: client().name,
        payments: vec![
            payment(date(2026, 4, 16), visa(), 15_500),
            payment(
                date(2026, 4, 16),
                PaidBy::Check {
                    number: Some("1042".to_owned()),
                },
                5_000,
            ),
        ],
        returned: usd(0),
        moved: usd(0),
        applied: vec![
            bill("1042", "K7M2-9QXD", 15_000, 0),
            bill("1038", "3WQ8-HT5N", 4_000, 0),
        ],
        credit: usd(1_500),
        note: None,
    }
}

/// A year's opening balance and as many sessions with payments as asked; $40.00 is left.
pub(crate) fn statement(sessions: usize) -> StatementFacts {
    let mut movements = vec![movement(
        date(2026, 1, 5),
        MovementKind::Payment,
        "Payment, Mastercard ending in 5454",
        -2_500,
    )];
    for index in 0..sessions {
        let day = date(2026, 1, 8)
            .saturating_add(jiff::Span::new().days(i64::try_from(index).unwrap_or(0)));
        let mut charge = movement(
            day,
            MovementKind::Charge,
            "Psychotherapy, 60 minutes",
            15_000,
        );
        charge.detail = Some("90837 · 95 · Amara Okafor, LCSW · Bill 1042".to_owned());
        movements.push(charge);
        movements.push(movement(
            day,
            MovementKind::Insurance,
            "Billed to Cascade Health",
            -11_000,
        ));
        movements.push(movement(
            day,
            MovementKind::Payment,
            "Payment, Visa ending in 4242",
            -3_500,
        ));
        movements.push(movement(
            day,
            MovementKind::Adjustment,
            "Courtesy discount",
            -500,
        ));
    }
    movements.push(movement(
        date(2026, 3, 31),
        MovementKind::Charge,
        "No-show fee",
        4_000,
    ));
    StatementFacts {
        id: "stmt_01kaq7tq2mf6h9v3b5d8n0r4ws".to_owned(),
        paper: Paper::Letter,
        letterhead: letterhead(),
        number: Some("S-311".to_owned()),
        issue_date: date(2026, 4, 1),
        from_date: date(2026, 1, 1),
        to_date: date(2026, 3, 31),
        client: client().name,
        prepared_for: client(),
        opening: usd(2_500),
        movements,
        closing: usd(4_000),
        comments: Some("The no-show fee of March 31 follows our office policy.".to_owned()),
    }
}

fn movement(date: Date, kind: MovementKind, words: &str, minor: i64) -> MovementFacts {
    MovementFacts {
        date,
        kind,
        words: words.to_owned(),
        detail: None,
        amount: usd(minor),
    }
}
