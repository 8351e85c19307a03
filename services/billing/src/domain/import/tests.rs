use super::*;
use ids::{ClientId, ClinicianId};
use jiff::civil::date;
use money::Money;
use proptest::prelude::*;
use std::collections::BTreeSet;
use uuid::Uuid;

const GUIDE: &str = include_str!("../../../../../docs/import.md");

fn rules() -> Rules {
    Rules {
        currency: Currency::USD,
        zone: TimeZone::get("America/New_York").expect("a zone"),
        today: date(2026, 3, 2),
        is_card_number: |text| text.contains("4242 4242"),
    }
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

/// The files of these texts, with the mistakes of reading them.
fn read(texts: &[(FileKind, &[u8])]) -> (Files, Mistakes) {
    let (mut files, mut mistakes) = (Files::default(), Mistakes::default());
    for (kind, text) in texts {
        files.read((*kind, text), &rules(), &mut mistakes);
    }
    (files, mistakes)
}

/// `line column: reason` of each mistake.
fn told(mistakes: Mistakes) -> Vec<String> {
    let told = mistakes.shown().into_iter();
    told.map(|mistake| format!("{} {}: {}", mistake.line, mistake.column, mistake.reason))
        .collect()
}

fn mistakes_of(kind: FileKind, text: &str) -> Vec<String> {
    told(read(&[(kind, text.as_bytes())]).1)
}

/// What a practice has: the client `old`, the clinician `lee`, and two with one NPI.
fn known() -> Known {
    let client = ClientId::from(Uuid::from_u128(1));
    let clinician = |number| ClinicianId::from(Uuid::from_u128(number));
    let reference = |name: &str| ClinicianKey::Reference(name.to_owned());
    let npi = |npi: &str| ClinicianKey::Npi(npi.to_owned());
    Known {
        clients: [("old".to_owned(), client)].into(),
        clinicians: [
            (reference("lee"), vec![clinician(2)]),
            (npi("1234567893"), vec![clinician(2)]),
            (npi("1000000004"), vec![clinician(3), clinician(4)]),
        ]
        .into(),
        sessions: ["taken".to_owned()].into(),
        former_numbers: ["1001".to_owned()].into(),
        opening_balances: BTreeSet::new(),
        files: BTreeSet::new(),
    }
}

fn checked(texts: &[(FileKind, &str)], known: &Known) -> Vec<String> {
    let texts: Vec<_> = texts
        .iter()
        .map(|(kind, text)| (*kind, text.as_bytes()))
        .collect();
    let (files, mut mistakes) = read(&texts);
    check(&files, known, &mut mistakes);
    told(mistakes)
}

const CLIENTS: &str = "client_id,given_name,family_name\nnew,Ada,Lovelace\n";

#[test]
fn a_file_is_read_with_its_mark_either_delimiter_and_any_line_ends() {
    let plain = "client_id,amount,as_of_date,note\nE-1,40.00,2026-02-28,\"Sessions, January\"\n";
    let (expected, mistakes) = read(&[(FileKind::OpeningBalances, plain.as_bytes())]);
    assert_eq!(told(mistakes), [""; 0]);
    let sheet = expected.opening_balances.as_ref().expect("a sheet");
    assert_eq!((sheet.count, sheet.rows[0].line), (1, 2));
    assert_eq!(sheet.rows[0].says.note, "Sessions, January");
    assert_eq!(sheet.rows[0].says.amount, usd(4_000));
    let same = [
        format!("\u{feff}{plain}"),
        plain.replace('\n', "\r\n"),
        plain.trim_end().to_owned(),
        format!("{plain},,,\n"),
        "note;as_of_date;amount;client_id\nSessions, January; 2026-02-28 ;40.00;E-1\n".to_owned(),
    ];
    for text in same {
        let (read, mistakes) = read(&[(FileKind::OpeningBalances, text.as_bytes())]);
        assert_eq!(told(mistakes), [""; 0], "{text:?}");
        assert_eq!(read, expected, "{text:?}");
    }
}

#[test]
fn a_mistake_has_the_line_of_its_row_also_after_empty_lines_and_long_cells() {
    let text = "client_id,amount,as_of_date,note\n\n\nE-1,1,2026-02-28,\"two\nlines\"\n\nE-2,0,2026-02-28,\n";
    assert_eq!(
        mistakes_of(FileKind::OpeningBalances, text),
        [
            "4 note: must be one line without control characters",
            "7 amount: must be more than 0",
        ]
    );
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let mistakes = |text: &str| mistakes_of(FileKind::Credits, text);
    assert_eq!(mistakes(""), ["0 : has no header"]);
    assert_eq!(
        mistakes("client_id,amount,date\n"),
        ["0 : has no rows below its header"]
    );
    assert_eq!(
        mistakes("client_id,Amount,date,date\nE-1,1,2026-01-01,2026-01-01\n"),
        [
            "1 : column 2 of the header is not one of this file's",
            "1 amount: is missing in the header",
            "1 date: stands in the header twice",
        ]
    );
    assert_eq!(
        mistakes("client_id,amount,date\nE-1,1.00\nE-2,1.00,2026-01-01,,\n"),
        [
            "2 : has 2 cells and the header 3",
            "2 date: must be given",
            "3 : has 5 cells and the header 3",
        ]
    );
    let (_, latin) = read(&[(
        FileKind::Credits,
        b"client_id,amount,date\nE\xe9,1,2026-01-01\n",
    )]);
    assert_eq!(
        told(latin),
        ["2 : is not UTF-8; save the file as CSV in UTF-8"]
    );
}

#[test]
fn an_amount_is_plain_or_a_mistake() {
    for (amount, reason) in [
        (
            "1.234,56",
            "is wrong: an amount is digits with at most one point, such as 77.49",
        ),
        (
            "1,234.56",
            "is wrong: an amount is digits with at most one point, such as 77.49",
        ),
        (
            "$5",
            "is wrong: an amount is digits with at most one point, such as 77.49",
        ),
        ("-5.00", "is wrong: an amount here has no sign"),
        ("5.001", "is wrong: USD has at most 2 decimals"),
        ("0.00", "must be more than 0"),
        ("", "must be given"),
        ("10000000000.01", "is larger than any bill"),
        ("99999999999999999999", "is wrong: the amount is too large"),
    ] {
        let text = format!("client_id,amount,date\nE-1,\"{amount}\",2026-01-01\n");
        assert_eq!(
            mistakes_of(FileKind::Credits, &text),
            [format!("2 amount: {reason}")],
            "{amount}"
        );
    }
}

#[test]
fn a_day_is_written_one_way() {
    for day in [
        "01/02/2026",
        "2026-2-1",
        "20260201",
        "2026-02-30",
        "0026-02-01",
        "2026-02-01T00:00",
        "２０２６-02-01",
    ] {
        let text = format!("client_id,amount,date\nE-1,1.00,{day}\n");
        assert_eq!(
            mistakes_of(FileKind::Credits, &text),
            ["2 date: must be a day such as 2026-03-31, from 1900 on"],
            "{day}"
        );
    }
    let tomorrow = "client_id,amount,date\nE-1,1.00,2026-03-03\n";
    assert_eq!(
        mistakes_of(FileKind::Credits, tomorrow),
        ["2 date: must not be after today"]
    );
}

#[test]
fn every_mistake_of_a_row_is_told_at_once_and_formulas_are_text() {
    let text = "client_id,given_name,family_name,email,birth_date\n\
        ,=2+3,4242 4242 4242 4242,ada,2027-01-01\n\
        E-2,=2+3,@SUM(A1),,\n";
    let (files, mistakes) = read(&[(FileKind::Clients, text.as_bytes())]);
    assert_eq!(
        told(mistakes),
        [
            "2 birth_date: must not be after today",
            "2 client_id: must be given",
            "2 email: must be an e-mail address",
            "2 family_name: must not contain a card number",
        ]
    );
    let rows = files.clients.expect("a sheet").rows;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].says.person.given_name, "=2+3");
    assert_eq!(rows[0].says.person.family_name, "@SUM(A1)");
}

#[test]
fn a_bill_owes_its_total_less_what_was_paid() {
    let header =
        "client_id,invoice_number,issue_date,due_date,description,total,paid,client_owes\n";
    let text = format!(
        "{header}old,7,2026-01-05,2026-02-04,Sessions in January,150.00,110.00,40.00\n\
        old,8,2026-01-05,,Session,50,,50.00\n\
        old,9,2026-01-05,2026-01-04,Session,150.00,110.00,40.01\n\
        old,10,2026-01-05,2036-03-02,Session,50,,50.00\n\
        old,11,2026-01-05,2036-03-03,Session,50,,50.00\n"
    );
    let (files, mistakes) = read(&[(FileKind::OpenBills, text.as_bytes())]);
    assert_eq!(
        told(mistakes),
        [
            "4 client_owes: must be total less paid",
            "4 due_date: must not be before issue_date",
            "6 due_date: must be within ten years",
        ]
    );
    let rows = files.open_bills.expect("a sheet").rows;
    assert_eq!(
        rows[0].says.words(),
        "Sessions in January (invoice 7 of the former system: $150.00, of which $110.00 was paid there)"
    );
    assert_eq!(
        rows[1].says.words(),
        "Session (invoice 8 of the former system)"
    );
    assert_eq!(rows[1].says.due_date, rows[1].says.issue_date);
}

const SESSIONS: &str = "session_id,client_id,clinician_id,clinician_npi,date,time,service_code,modifiers,description,units,unit_price,outcome,diagnosis_codes,place_of_service\n";

#[test]
fn rows_of_one_session_are_its_lines_and_have_to_agree() {
    let text = format!(
        "{SESSIONS}s1,old,lee,,2026-02-02,09:30,90837,95 GT,Psychotherapy,,150.00,completed,F41.1 F33.0,11\n\
        s1,old,lee,,2026-02-02,09:30,90785,,Interactive,2,10.00,completed,F41.1 F33.0,11\n\
        s1,old,lee,,2026-02-02,10:30,90853,,Group,1,10.00,completed,F41.1 F33.0,11\n\
        s1,old,lee,,2026-02-02,09:30,90785,,Interactive,2,10.00,completed,F41.1 F33.0,11\n\
        s2,old,,1234567893,2026-02-03,14:00,90837,,Psychotherapy,1,0,no_show,,\n"
    );
    let (files, mut mistakes) = read(&[(FileKind::Sessions, text.as_bytes())]);
    assert!(mistakes.is_none());
    let rows = &files.sessions.as_ref().expect("a sheet").rows;
    let sessions = to_take(rows, &mut mistakes);
    assert_eq!(
        told(mistakes),
        [
            "4 session_id: is that of line 2, which names another client, clinician, time, outcome, diagnosis or place",
            "5 service_code: is in this session twice; say how often in units",
        ]
    );
    let services: Vec<_> = sessions[0]
        .services
        .iter()
        .map(|line| (line.number, line.service_code.as_str(), line.units))
        .collect();
    assert_eq!(services, [(1, "90837", 1), (2, "90785", 2)]);
    assert_eq!(
        sessions[0].head.start_time.to_string(),
        "2026-02-02T14:30:00Z"
    );
    assert_eq!(sessions[1].services.len(), 1);
}

#[test]
fn a_session_is_checked_cell_by_cell() {
    let text = format!(
        "{SESSIONS}s1,old,,12345,2026-03-08,02:30,-1,xx,,0,,came,F41/1,1\n\
        s2,old,,,2026-02-02,25:00,90837,,Psychotherapy,1000,1.00,completed,,\n\
        s3,old,lee,,2026-02-02,9:30,90837,,Psychotherapy,+1,10000000000,completed,,\n\
        s4,old,lee,,2026-02-02,09:30,90837,,Psychotherapy,2,10000000000,completed,,\n"
    );
    assert_eq!(
        mistakes_of(FileKind::Sessions, &text),
        [
            "2 clinician_npi: must be 10 digits",
            "2 description: must be given",
            "2 diagnosis_codes: is wrong: an ICD-10-CM code such as F41.1, or a SNOMED CT id, is expected",
            "2 modifiers: must be two capitals or digits each, with spaces between them",
            "2 outcome: must be one of completed, no_show, late_cancellation, cancelled_by_client, cancelled_by_practice",
            "2 place_of_service: must be a CMS place of service code such as 11",
            "2 service_code: must be up to 20 letters, digits, points and dashes, the first a letter or digit",
            "2 time: does not exist on that day: clocks were set forward",
            "2 unit_price: must be given",
            "2 units: must be a whole number from 1 to 999",
            "3 clinician_id: or clinician_npi must be given",
            "3 time: must be a time such as 09:30 or 14:00",
            "3 units: must be a whole number from 1 to 999",
            "4 time: must be a time such as 09:30 or 14:00",
            "4 units: must be a whole number from 1 to 999",
            "5 unit_price: times units is larger than any bill",
        ]
    );
}

#[test]
fn codes_are_those_that_a_session_may_have_and_are_kept_as_they_are_printed() {
    let rows = "s1,old,lee,,2026-02-02,09:30,90837,,Psychotherapy,1,1.00,completed,f411 S72001a 195662009,02\n\
        s1,old,lee,,2026-02-02,09:30,90785,,Interactive,1,1.00,completed,F41.1 s72.001A 195662009,02\n";
    let text = format!("{SESSIONS}{rows}");
    let (files, mut mistakes) = read(&[(FileKind::Sessions, text.as_bytes())]);
    let sessions = to_take(&files.sessions.expect("a sheet").rows, &mut mistakes);
    assert_eq!(told(mistakes), [""; 0]);
    assert_eq!(sessions.len(), 1, "written otherwise, and the same");
    let head = &sessions[0].head;
    assert_eq!(head.diagnosis_codes, ["F41.1", "S72.001A", "195662009"]);
    assert_eq!(head.place_of_service, "02");

    let of = |codes: &str, place: &str| {
        let row = "s1,old,lee,,2026-02-02,09:30,90837,,Psychotherapy,1,1.00,completed";
        mistakes_of(
            FileKind::Sessions,
            &format!("{SESSIONS}{row},{codes},{place}\n"),
        )
    };
    let shape = "2 diagnosis_codes: is wrong: an ICD-10-CM code such as F41.1, or a SNOMED CT id, is expected";
    let digit = "2 diagnosis_codes: is wrong: the check digit of the SNOMED CT id does not fit: a digit is wrong or two \
        are swapped";
    let place = "2 place_of_service: must be a CMS place of service code such as 11";
    assert_eq!(of("ANXIETY", "11"), [shape]);
    assert_eq!(of("F41.1 F41/1", "11"), [shape]);
    assert_eq!(of("195662008", ""), [digit]);
    for code in ["00", "1", "30", "98", "office"] {
        assert_eq!(of("F41.1", code), [place], "{code}");
    }
}

#[test]
fn an_hour_that_comes_twice_is_the_first() {
    let text =
        format!("{SESSIONS}s1,old,lee,,2025-11-02,01:30,90837,,Psychotherapy,1,1.00,completed,,\n");
    let (files, mistakes) = read(&[(FileKind::Sessions, text.as_bytes())]);
    assert!(mistakes.is_none());
    let rows = files.sessions.expect("a sheet").rows;
    assert_eq!(
        rows[0].says.head.start_time.to_string(),
        "2025-11-02T05:30:00Z"
    );
}

#[test]
fn files_are_checked_with_each_other_and_with_what_the_practice_has() {
    let sessions = format!(
        "{SESSIONS}taken,new,lee,,2026-02-02,09:30,90837,,Psychotherapy,1,1.00,completed,,\n\
        s2,who,,1000000004,2026-02-02,09:30,90837,,Psychotherapy,1,1.00,completed,,\n\
        s3,old,nobody,,2026-02-02,09:30,90837,,Psychotherapy,1,1.00,completed,,\n"
    );
    assert_eq!(
        checked(
            &[
                (FileKind::Clients, CLIENTS),
                (FileKind::Sessions, &sessions)
            ],
            &known()
        ),
        [
            "2 session_id: is a session of the practice already",
            "3 client_id: is no client of this import and none of the practice",
            "3 clinician_npi: is the number of several clinicians; use clinician_id",
            "4 clinician_id: is no clinician of the practice",
        ]
    );
    let clients = "client_id,given_name,family_name\nnew,A,B\nold,C,D\nnew,E,F\n";
    assert_eq!(
        checked(&[(FileKind::Clients, clients)], &known()),
        [
            "3 client_id: is a client of the practice already",
            "4 client_id: is the same as on line 2",
        ]
    );
    let contacts =
        "client_id,given_name,family_name,billing_contact\nold,A,B,yes\nold,A,B,no\nold,C,D,yes\n";
    assert_eq!(
        checked(&[(FileKind::Contacts, contacts)], &known()),
        [
            "3 given_name: is the same as on line 2",
            "4 billing_contact: is yes for this client on line 2",
        ]
    );
    let bills = "client_id,invoice_number,issue_date,description,total,client_owes\n\
        old,1001,2026-01-05,Session,1.00,1.00\nold,7,2026-01-05,Session,1.00,1.00\nold,7,2026-01-05,Session,1.00,1.00\n";
    assert_eq!(
        checked(&[(FileKind::OpenBills, bills)], &known()),
        [
            "2 invoice_number: was brought by an earlier import",
            "4 invoice_number: is the same as on line 3",
        ]
    );
}

#[test]
fn a_client_has_one_opening_balance_and_a_credit_once() {
    let balances = "client_id,amount,as_of_date\nold,1.00,2026-01-05\nold,2.00,2026-01-05\n";
    let with_one = Known {
        opening_balances: known().clients.into_values().collect(),
        files: [FileKind::OpeningBalances].into(),
        ..known()
    };
    assert_eq!(
        checked(&[(FileKind::OpeningBalances, balances)], &with_one),
        [
            "0 : was taken by an earlier import, byte for byte",
            "2 client_id: has an opening balance already",
            "3 client_id: has an opening balance already",
            "3 client_id: is the same as on line 2",
        ]
    );
    let credits =
        "client_id,amount,date\nold,1.00,2026-01-05\nold,1.00,2026-01-06\nold,1.00,2026-01-05\n";
    assert_eq!(
        checked(&[(FileKind::Credits, credits)], &known()),
        ["4 client_id: is the same as on line 2"]
    );
}

#[test]
fn more_rows_than_can_be_taken_are_refused_and_all_mistakes_counted() {
    let row = "old,0,2026-01-05\n";
    let count = usize::try_from(ROWS_MAX).expect("small") + 1;
    let text = format!("client_id,amount,date\n{}", row.repeat(count));
    let (files, mut mistakes) = read(&[(FileKind::Credits, text.as_bytes())]);
    check(&files, &known(), &mut mistakes);
    assert_eq!(mistakes.count(), count + 1);
    let shown = mistakes.shown();
    assert_eq!(shown.len(), 1_000);
    assert_eq!(
        files.totals(Currency::USD).expect("a sum")[0].rows,
        ROWS_MAX + 1
    );
}

#[test]
fn what_is_said_of_each_file_has_to_be_what_is_found() {
    let of = |file, rows, minor| FileTotals {
        file,
        rows,
        amount: usd(minor),
    };
    let found = [of(FileKind::Clients, 3, 0), of(FileKind::Credits, 2, 500)];
    assert_eq!(reconcile(&found, &found), []);
    let said = [of(FileKind::Credits, 2, 501), of(FileKind::OpenBills, 0, 0)];
    let told: Vec<_> = reconcile(&said, &found)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "clients: nothing said, 3 rows with $0.00 found",
            "credits: 2 rows with $5.01 said, 2 rows with $5.00 found",
            "open_bills: 0 rows with $0.00 said, nothing found",
        ]
    );
}

/// The examples of the guide: the block below each file's heading.
fn examples() -> Vec<(FileKind, &'static str)> {
    let example = |kind: &FileKind| {
        let (_, below) = GUIDE
            .split_once(&format!("## `{}`", kind.name()))
            .expect("a heading");
        let (_, block) = below.split_once("```csv\n").expect("an example");
        (*kind, block.split_once("```").expect("its end").0)
    };
    FileKind::ALL.iter().map(example).collect()
}

#[test]
fn the_guides_examples_are_sound_and_name_every_column() {
    let known = known();
    let known = Known {
        clinicians: [(
            ClinicianKey::Npi("1234567893".to_owned()),
            vec![ClinicianId::from(Uuid::nil())],
        )]
        .into(),
        ..known
    };
    assert_eq!(checked(&examples(), &known), [""; 0]);
    for (kind, columns) in [
        (FileKind::Clients, people::CLIENT_COLUMNS),
        (FileKind::Contacts, people::CONTACT_COLUMNS),
        (FileKind::OpeningBalances, balances::OPENING_BALANCE_COLUMNS),
        (FileKind::Credits, balances::CREDIT_COLUMNS),
        (FileKind::OpenBills, balances::OPEN_BILL_COLUMNS),
        (FileKind::Sessions, sessions::SESSION_COLUMNS),
    ] {
        let (_, section) = GUIDE
            .split_once(&format!("## `{}`", kind.name()))
            .expect("a heading");
        let section = section.split("\n## ").next().unwrap_or_default();
        for column in columns {
            let must = if column.required { "must" } else { "may" };
            let row = format!("| `{}` | {must} |", column.name);
            assert!(section.contains(&row), "{}: {row}", kind.name());
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(
        kind in prop::sample::select(FileKind::ALL),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let (files, mut mistakes) = read(&[(kind, &bytes)]);
        check(&files, &known(), &mut mistakes);
        prop_assert!(!mistakes.is_none(), "noise is no file");
    }

    #[test]
    fn no_cells_make_the_reader_panic(
        kind in prop::sample::select(FileKind::ALL),
        rows in prop::collection::vec(
            prop::collection::vec("[-0-9a-z.:,;@\"=\n\r \u{e9}\u{4e2d}\u{301}]{0,12}|2026-0[0-9]-[0-3][0-9]|[0-9]{1,4}\\.[0-9]{2}|old|yes|completed|lee", 0..16),
            0..12,
        ),
        semicolons: bool,
    ) {
        let columns: &[_] = match kind {
            FileKind::Clients => people::CLIENT_COLUMNS,
            FileKind::Contacts => people::CONTACT_COLUMNS,
            FileKind::OpeningBalances => balances::OPENING_BALANCE_COLUMNS,
            FileKind::Credits => balances::CREDIT_COLUMNS,
            FileKind::OpenBills => balances::OPEN_BILL_COLUMNS,
            FileKind::Sessions => sessions::SESSION_COLUMNS,
        };
        let delimiter = if semicolons { ";" } else { "," };
        let names: Vec<_> = columns.iter().map(|column| column.name).collect();
        let mut text = names.join(delimiter);
        for row in &rows {
            text.push('\n');
            text.push_str(&row.join(delimiter));
        }
        let (files, mut mistakes) = read(&[(kind, text.as_bytes())]);
        check(&files, &known(), &mut mistakes);
        prop_assert!(files.totals(Currency::USD).is_ok());
    }

    #[test]
    fn a_files_sum_is_that_of_its_rows(cents in prop::collection::vec(1_i64..1_000_000, 1..60)) {
        let rows = cents.iter().zip(1..).map(|(cents, at)| format!("c{at},{}.{:02},2026-01-05\n", cents / 100, cents % 100));
        let text = format!("client_id,amount,as_of_date\n{}", rows.collect::<String>());
        let (files, mistakes) = read(&[(FileKind::OpeningBalances, text.as_bytes())]);
        prop_assert!(mistakes.is_none());
        let totals = files.totals(Currency::USD).expect("a sum");
        prop_assert_eq!(totals, [FileTotals {
            file: FileKind::OpeningBalances,
            rows: i32::try_from(cents.len()).expect("small"),
            amount: usd(cents.iter().sum()),
        }]);
    }
}
