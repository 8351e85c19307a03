//! The ledger against itself, against reporting, and its totals against the files.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Check;
use crate::demo::step::report;
use crate::demo::wire;

impl Check<'_> {
    /// Σ debits = Σ credits, and the ledger's own invariants hold.
    pub(super) fn ledger(&mut self) -> Result<()> {
        let books = self.books;
        let trial = &books.trial_balance;
        let debits = wire::amount(trial.total_debits.as_ref())?;
        let credits = wire::amount(trial.total_credits.as_ref())?;
        self.same("Σ debits and Σ credits", debits, credits);
        let matched = trial.balances_match_transfers;
        self.same("kept balances equal their transfers", matched, true);
        for violation in &books.verified.violations {
            let name = format!("invariant {} of {}", violation.invariant, violation.subject);
            self.same(name, violation.explanation.as_str(), "kept");
        }
        Ok(())
    }

    /// Reporting has every kind of account as the ledger has it.
    pub(super) fn reporting(&mut self) -> Result<()> {
        let books = self.books;
        let behind = books.account_totals.events_behind;
        self.same("events that reporting has not seen", behind, 0);
        let totals = books.account_totals.totals.iter();
        let mut reported: BTreeMap<_, _> = totals.map(|t| (t.account_kind(), t)).collect();
        for line in &books.trial_balance.lines {
            let name = report::account(line.account_kind());
            let Some(total) = reported.remove(&line.account_kind()) else {
                self.same(format!("{name} in reporting"), "missing", "there");
                continue;
            };
            for (side, found, expected) in [
                ("debits", &total.debits, &line.debits),
                ("credits", &total.credits, &line.credits),
            ] {
                let (found, expected) = (
                    wire::amount(found.as_ref())?,
                    wire::amount(expected.as_ref())?,
                );
                self.same(format!("{name} in reporting, {side}"), found, expected);
            }
        }
        for kind in reported.into_keys() {
            self.same(
                format!("{} in the ledger", report::account(kind)),
                "missing",
                "there",
            );
        }
        Ok(())
    }

    /// The sums over everything.
    pub(super) fn totals(&mut self) -> Result<()> {
        let (books, expected) = (self.books, self.expected);
        let credit = report::sum(
            books
                .balances
                .values()
                .map(|balance| balance.credit.as_ref()),
        )?;
        self.same(
            "client credit",
            credit.minor(),
            expected.client_credit_minor,
        );
        let billed = report::sum(books.bills.values().map(|bill| bill.total.as_ref()))?;
        self.same("billed", billed.minor(), expected.billed_minor);
        let accrued = report::sum(books.months.iter().map(|month| month.billed.as_ref()))?;
        self.same(
            "billed in the revenue report",
            accrued.minor(),
            expected.billed_minor,
        );
        Ok(())
    }
}
