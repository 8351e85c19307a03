//! Step 5: prints what the books say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use money::{Currency, Money};
use proto::billing::v1::{AccountKind, PaymentKind};
use proto::payments::v1::{Payment, PaymentState};

use super::books::Books;
use crate::demo::run::Run;
use crate::demo::screen::{self, count};
use crate::demo::wire;

/// Prints the tables.
///
/// # Errors
/// An answer without an amount; standard output is closed.
pub fn print(run: &Run, books: &Books, documents: &[PathBuf]) -> Result<()> {
    print_totals(books)?;
    print_methods(books)?;
    print_report(books)?;
    print_trial_balance(books)?;
    screen::say(format!(
        "\n  {} documents in {}",
        documents.len(),
        run.options.documents.display()
    ))?;
    Ok(())
}

fn print_totals(books: &Books) -> Result<()> {
    let billed = sum(books.bills.values().map(|bill| bill.total.as_ref()))?;
    let owed = sum(books.balances.values().map(|balance| balance.owed.as_ref()))?;
    let credit = sum(books
        .balances
        .values()
        .map(|balance| balance.credit.as_ref()))?;
    let pending = sum(books
        .balances
        .values()
        .map(|balance| balance.pending_insurance.as_ref()))?;
    let refunded = sum(books.report.values().map(|row| row.refunded.as_ref()))?;
    let clients_with_credit = books.balances.values().filter(|balance| {
        balance
            .credit
            .as_ref()
            .is_some_and(|money| money.minor_units > 0)
    });
    let row = |what: &str, how_many: String, amount: Money| {
        vec![what.to_owned(), how_many, amount.to_string()]
    };
    let sessions = usize::try_from(books.sessions_count)?;
    screen::table(
        "The practice",
        &["", "count", "amount"],
        &[
            vec!["sessions".to_owned(), count(sessions), String::new()],
            row("bills", count(books.bills.len()), billed),
            row("still due from clients", String::new(), owed),
            row("still due from insurers", String::new(), pending),
            row("client credit", count(clients_with_credit.count()), credit),
            row(
                "refunds",
                count(
                    books
                        .payments
                        .values()
                        .map(|payment| payment.refunds.len())
                        .sum(),
                ),
                refunded,
            ),
        ],
    )?;
    Ok(())
}

fn print_methods(books: &Books) -> Result<()> {
    let mut methods: BTreeMap<String, Vec<&Payment>> = BTreeMap::new();
    for payment in books
        .payments
        .values()
        .filter(|payment| payment.state() == PaymentState::Succeeded)
    {
        methods.entry(method(payment)).or_default().push(payment);
    }
    let rows = methods.into_iter().map(|(method, payments)| {
        let total = sum(payments.iter().map(|payment| payment.amount.as_ref()))?;
        Ok(vec![method, count(payments.len()), total.to_string()])
    });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    screen::table(
        "Clients' payments by method",
        &["", "count", "amount"],
        &rows,
    )?;
    Ok(())
}

fn print_report(books: &Books) -> Result<()> {
    let rows = books.report_totals.iter().map(|total| {
        let (amount, refunded) = (
            wire::amount(total.amount.as_ref())?,
            wire::amount(total.refunded.as_ref())?,
        );
        let how_many = count(usize::try_from(total.count)?);
        Ok(vec![
            total.method.clone(),
            how_many,
            amount.to_string(),
            refunded.to_string(),
        ])
    });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    screen::table(
        "Payments report",
        &["", "count", "received", "refunded"],
        &rows,
    )?;
    Ok(())
}

fn print_trial_balance(books: &Books) -> Result<()> {
    let lines = books.trial_balance.lines.iter().map(|line| {
        let (debits, credits) = (
            wire::amount(line.debits.as_ref())?,
            wire::amount(line.credits.as_ref())?,
        );
        Ok(vec![
            account(line.account_kind()),
            debits.to_string(),
            credits.to_string(),
        ])
    });
    let mut rows = lines.collect::<Result<Vec<_>>>()?;
    let debits = wire::amount(books.trial_balance.total_debits.as_ref())?;
    let credits = wire::amount(books.trial_balance.total_credits.as_ref())?;
    rows.push(vec![
        "total".to_owned(),
        debits.to_string(),
        credits.to_string(),
    ]);
    screen::table("Trial balance", &["", "debits", "credits"], &rows)?;
    Ok(())
}

/// `client receivable`.
pub fn account(kind: AccountKind) -> String {
    kind.as_str_name()
        .trim_start_matches("ACCOUNT_KIND_")
        .to_ascii_lowercase()
        .replace('_', " ")
}

/// As the practice would say it: "Co-pay", "card elsewhere".
fn method(payment: &Payment) -> String {
    match payment.kind() {
        PaymentKind::Other => payment.label.clone(),
        PaymentKind::Card => "card, on the pay page".to_owned(),
        PaymentKind::Unspecified
        | PaymentKind::BankDebit
        | PaymentKind::Cash
        | PaymentKind::Check
        | PaymentKind::CardElsewhere
        | PaymentKind::BankElsewhere => {
            let name = payment
                .kind()
                .as_str_name()
                .trim_start_matches("PAYMENT_KIND_");
            name.to_ascii_lowercase().replace('_', " ")
        }
    }
}

/// The sum of amounts that answers must have.
pub fn sum<'a>(
    amounts: impl Iterator<Item = Option<&'a proto::money::v1::Money>>,
) -> Result<Money> {
    let amounts = amounts.map(wire::amount).collect::<Result<Vec<_>>>()?;
    Ok(Money::sum(Currency::USD, amounts)?)
}
