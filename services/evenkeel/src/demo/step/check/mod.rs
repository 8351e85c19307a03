//! Compares the books with what separate code computes straight from the files, figure by figure.

mod expected;
mod ledger;
mod payments;

use std::fmt::Display;

use anyhow::{Result, bail};

use self::expected::Expected;
use super::books::Books;
use crate::demo::run::Run;
use crate::demo::screen::{self, count};
use crate::demo::wire;

const FILE: &str = "claims_transactions.csv";
/// More differences than this are counted, not named.
const NAMED: usize = 60;

/// Checks every figure.
///
/// # Errors
/// All that differs, with the rows it comes from.
pub fn check(run: &Run, books: &Books) -> Result<()> {
    let expected = expected::compute(run)?;
    let mut check = Check {
        run,
        books,
        expected: &expected,
        compared: 0,
        differences: Vec::new(),
    };
    check.counts();
    check.bills()?;
    check.clients()?;
    check.payments()?;
    check.online()?;
    check.sums()?;
    check.ledger()?;
    check.reporting()?;
    check.totals()?;
    if check.differences.is_empty() {
        let compared = count(check.compared);
        screen::say(format!(
            "\n  Self-check     {compared} figures equal the files to the cent\n"
        ))?;
        return Ok(());
    }
    let named = check
        .differences
        .iter()
        .take(NAMED)
        .map(|difference| format!("\n  {difference}"));
    let more = check.differences.len().saturating_sub(NAMED);
    let more = if more == 0 {
        String::new()
    } else {
        format!("\n  and {more} more")
    };
    bail!(
        "{} figure(s) differ from the files:{}{more}",
        check.differences.len(),
        named.collect::<String>()
    )
}

struct Check<'a> {
    run: &'a Run,
    books: &'a Books,
    expected: &'a Expected,
    compared: usize,
    differences: Vec<String>,
}

impl Check<'_> {
    fn same<T: PartialEq + Display>(&mut self, what: impl Display, found: T, expected: T) {
        self.compared += 1;
        if found != expected {
            self.differences
                .push(format!("{what}: {found}, expected {expected}"));
        }
    }

    fn counts(&mut self) {
        let (run, books, expected) = (self.run, self.books, self.expected);
        self.same("clients", run.known.clients.len(), expected.clients_count);
        self.same(
            "clinicians",
            run.known.clinicians.len(),
            expected.clinicians_count,
        );
        self.same("payers", run.known.payers.len(), expected.payers_count);
        self.same("sessions", books.sessions_count, expected.sessions_count);
        self.same(
            "sessions without a bill",
            books.unbillable_sessions_count,
            expected.unbillable_sessions_count,
        );
        self.same("bills", books.bills.len(), expected.bills_count);
        let lines: usize = run
            .plan
            .sessions
            .iter()
            .map(|session| session.lines.len())
            .sum();
        self.same("service lines", lines, expected.charge_lines_count);
    }

    fn bills(&mut self) -> Result<()> {
        let (run, books, expected) = (self.run, self.books, self.expected);
        for (claim, want) in &expected.bills {
            let name = format!("bill of claim {claim} ({FILE} lines {})", rows(&want.rows));
            let Some(bill) = run
                .known
                .bills
                .get(&claim.0)
                .and_then(|id| books.bills.get(id))
            else {
                self.same(name, "missing", "there");
                continue;
            };
            let client = run
                .known
                .clients
                .get(&want.client.0)
                .map_or("unknown", String::as_str);
            self.same(format!("{name}, client"), bill.client_id.as_str(), client);
            for (what, found, wanted) in [
                ("total", &bill.total, want.total_minor),
                ("client owes", &bill.client_owes, want.client_owes_minor),
                (
                    "insurance owes",
                    &bill.insurance_owes,
                    want.insurance_owes_minor,
                ),
                (
                    "client balance",
                    &bill.client_balance,
                    want.client_balance_minor,
                ),
                ("insurance balance", &bill.insurance_balance, 0),
            ] {
                self.same(
                    format!("{name}, {what}"),
                    wire::amount(found.as_ref())?.minor(),
                    wanted,
                );
            }
        }
        Ok(())
    }

    fn clients(&mut self) -> Result<()> {
        let (books, expected) = (self.books, self.expected);
        for (client, want) in &expected.clients {
            let Some(balance) = books.balances.get(&client.0) else {
                self.same(format!("client {client}"), "missing", "there");
                continue;
            };
            let (owed, credit) = (
                wire::amount(balance.owed.as_ref())?,
                wire::amount(balance.credit.as_ref())?,
            );
            self.same(
                format!("client {client}, owed"),
                owed.minor(),
                want.balance_minor,
            );
            self.same(
                format!("client {client}, credit"),
                credit.minor(),
                want.credit_minor,
            );
        }
        Ok(())
    }
}

fn rows(numbers: &[u64]) -> String {
    numbers
        .iter()
        .map(u64::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
