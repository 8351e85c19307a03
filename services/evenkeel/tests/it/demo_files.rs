//! The demo's input: what is read, what is refused, what is planned, and that separate code finds the same totals.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use evenkeel::demo::plan::{ClientMethod, Plan};
use evenkeel::demo::synthea::{ReadErrors, Synthea};
use money::{Currency, Money};

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("demo-data/synthea")
}

fn plan() -> Plan {
    Plan::of(&Synthea::read(&shipped()).unwrap()).unwrap()
}

fn total(amounts: impl IntoIterator<Item = Money>) -> String {
    Money::sum(Currency::USD, amounts).unwrap().to_string()
}

/// A copy of the shipped files in which one file's lines were changed.
fn edited(file: &str, edit: impl Fn(usize, &str) -> Option<String>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(shipped()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
    let lines = text
        .lines()
        .enumerate()
        .filter_map(|(at, line)| edit(at + 1, line));
    std::fs::write(
        folder.path().join(file),
        lines.map(|line| line + "\n").collect::<String>(),
    )
    .unwrap();
    folder
}

fn refused(folder: &tempfile::TempDir) -> Vec<String> {
    let ReadErrors(errors) = Synthea::read(folder.path()).unwrap_err();
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn the_plan_has_what_the_readme_says() {
    let plan = plan();
    assert_eq!(plan.clients.len(), 27);
    assert_eq!(plan.clinicians.len(), 166);
    assert_eq!(plan.payers.len(), 9);
    assert_eq!(plan.policies.len(), 246);
    assert_eq!(plan.sessions.len(), 1267);
    assert_eq!(plan.bills.len(), 1218);
    assert_eq!(plan.insurer_payments.len(), 184);
    assert_eq!(
        plan.insurer_payments
            .iter()
            .filter(|payment| payment.secondary)
            .count(),
        15
    );
    assert_eq!(plan.client_payments.len(), 1659);
    let lines = || plan.bills.iter().flat_map(|bill| &bill.lines);
    assert_eq!(total(lines().map(|line| line.price)), "$1,092,402.73");
    assert_eq!(
        total(lines().map(|line| line.client_share)),
        "$1,076,929.15"
    );
    assert_eq!(
        total(lines().map(|line| line.insurance_share)),
        "$15,473.58"
    );
    assert_eq!(
        total(plan.insurer_payments.iter().map(|payment| payment.amount)),
        "$15,473.58"
    );
    let copays = plan
        .client_payments
        .iter()
        .filter(|payment| payment.method == ClientMethod::Copay);
    assert_eq!(total(copays.map(|payment| payment.amount)), "$28,540.00");
    assert!(plan.bills.iter().all(|bill| {
        bill.policy.is_some()
            == bill
                .lines
                .iter()
                .any(|line| line.insurance_share.is_positive())
    }));
}

#[test]
fn the_card_stories_take_the_place_of_one_payment_each() {
    let plan = plan();
    assert_eq!(plan.card_bills.len(), 4);
    let online: BTreeSet<_> = plan
        .client_payments
        .iter()
        .filter(|payment| payment.online)
        .map(|p| p.id)
        .collect();
    assert_eq!(
        online,
        plan.card_bills.iter().map(|bill| bill.payment).collect()
    );
    let clients: BTreeSet<_> = plan.card_bills.iter().map(|bill| bill.client).collect();
    assert_eq!(clients.len(), 4);
}

#[test]
fn reading_twice_plans_the_same() {
    assert_eq!(format!("{:?}", plan()), format!("{:?}", plan()));
}

#[test]
fn the_order_of_rows_in_the_file_does_not_matter() {
    let folder = edited("claims_transactions.csv", |_, line| Some(line.to_owned()));
    let path = folder.path().join("claims_transactions.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let mut rows: Vec<_> = rows.lines().collect();
    rows.reverse();
    std::fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();

    let shuffled = Plan::of(&Synthea::read(folder.path()).unwrap()).unwrap();
    assert_eq!(
        format!("{:?}", shuffled.bills),
        format!("{:?}", plan().bills)
    );
}

#[test]
fn separate_code_finds_the_same_totals() {
    let plan = plan();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo-check/expected.py");
    let online = plan.card_bills.iter().map(|bill| bill.payment.to_string());
    let output = Command::new("python3")
        .arg(script)
        .arg(shipped())
        .arg("--online")
        .args(online)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let expected: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();

    assert_eq!(expected["bills_count"], plan.bills.len());
    assert_eq!(expected["client_credit_minor"], 1_110_122);
    assert_eq!(expected["client_payments"]["ONLINE"]["count"], 4);
    for bill in &plan.bills {
        let owes = Money::sum(
            Currency::USD,
            bill.lines.iter().map(|line| line.client_share),
        )
        .unwrap();
        let stated = &expected["bills"][bill.session.to_string()];
        assert_eq!(
            stated["client_owes_minor"],
            owes.minor(),
            "claim {}",
            bill.session
        );
    }
}

#[test]
fn every_bad_row_is_reported_with_file_line_and_reason() {
    let folder = edited("claims_transactions.csv", |number, line| {
        Some(match number {
            2 => line.replacen("CHARGE,77.49", "CHARGE,-77.49", 1),
            3 => line.replacen("TRANSFEROUT", "WRITEOFF", 1),
            4 => line.replacen("TRANSFERIN,77.49", "TRANSFERIN,77.491", 1),
            6 => format!("{line},surplus"),
            8 => line.replacen("2023-", "2023/", 1),
            _ => line.to_owned(),
        })
    });
    let errors = refused(&folder);
    assert_eq!(errors.len(), 5, "{errors:#?}");
    assert!(
        errors[0].starts_with("claims_transactions.csv line 2: AMOUNT: \"-77.49\""),
        "{}",
        errors[0]
    );
    assert!(
        errors[1]
            .starts_with("claims_transactions.csv line 3: TYPE: \"WRITEOFF\": not one of CHARGE"),
        "{}",
        errors[1]
    );
    assert!(
        errors[2].starts_with("claims_transactions.csv line 4: AMOUNT: \"77.491\""),
        "{}",
        errors[2]
    );
    assert_eq!(
        errors[3],
        "claims_transactions.csv line 6: 34 fields where the header has 33"
    );
    assert!(
        errors[4].starts_with("claims_transactions.csv line 8: FROMDATE: \"2023/10"),
        "{}",
        errors[4]
    );
}

#[test]
fn a_row_that_names_what_is_not_there_is_reported() {
    let folder = edited("patients.csv", |number, line| {
        (number != 2).then(|| line.to_owned())
    });
    let errors = refused(&folder);
    assert!(
        errors
            .iter()
            .any(|error| error.starts_with("claims.csv line 2: PATIENTID: ")),
        "{errors:#?}"
    );
    assert!(
        errors
            .iter()
            .any(|error| error.starts_with("encounters.csv line 2: PATIENT: ")),
        "{errors:#?}"
    );
    assert!(
        errors
            .iter()
            .any(|error| error.starts_with("payer_transitions.csv line 2: PATIENT: ")),
        "{errors:#?}"
    );
}

#[test]
fn a_payment_that_does_not_leave_what_it_says_is_reported() {
    let folder = edited("claims_transactions.csv", |number, line| {
        Some(if number == 200 {
            line.replacen("80.00", "70.00", 1)
        } else {
            line.to_owned()
        })
    });
    assert_eq!(
        refused(&folder),
        ["claims_transactions.csv line 200: OUTSTANDING says $0.00 where $7.49 is left"]
    );
}

#[test]
fn a_missing_file_or_column_is_named() {
    let folder = edited("payers.csv", |number, line| {
        Some(if number == 1 {
            line.replacen("NAME", "TITLE", 1)
        } else {
            line.to_owned()
        })
    });
    std::fs::remove_file(folder.path().join("encounters.csv")).unwrap();
    let errors = refused(&folder);
    assert!(errors[0].starts_with("encounters.csv: "), "{}", errors[0]);
    assert_eq!(errors[1], "payers.csv line 1: the header lacks NAME");
}
