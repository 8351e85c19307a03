//! The Payments report against the files: payment by payment, then by method, month and insurer.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use proto::billing::v1::PaymentKind;
use proto::payments::v1::PaymentState;

use super::expected::{ExpectedPayment, Key, Month, Total};
use super::{Check, FILE, rows};
use crate::demo::step::books::Books;
use crate::demo::step::report;
use crate::demo::wire;

/// The checker's word for what is paid on the pay page.
const ONLINE: &str = "ONLINE";

impl Check<'_> {
    /// Every recorded payment of the files: in the Payments report with its amount and day, and of its kind.
    pub(super) fn payments(&mut self) -> Result<()> {
        let (run, books, expected) = (self.run, self.books, self.expected);
        for (id, want) in expected
            .payments
            .iter()
            .filter(|(_, want)| want.method != ONLINE)
        {
            let name = format!(
                "{FILE} line {} ({} of claim {})",
                want.row, want.method, want.claim
            );
            let Some((payment_id, row)) = run
                .known
                .payments
                .get_key_value(&id.0)
                .and_then(|(_, payment_id)| books.report.get_key_value(payment_id))
            else {
                self.same(format!("{name} in the Payments report"), "missing", "there");
                continue;
            };
            self.same(
                format!("{name}, amount"),
                wire::amount(row.amount.as_ref())?.minor(),
                want.minor,
            );
            self.same(
                format!("{name}, day"),
                wire::day(row.receive_date.as_ref())?.to_string(),
                want.date.clone(),
            );
            if let Some(kind) = client_kind(want) {
                let found = books.payments.get(payment_id).map(|payment| payment.kind());
                self.same(
                    format!("{name}, kind"),
                    kind_name(found),
                    kind_name(Some(kind)),
                );
            }
        }
        Ok(())
    }

    /// What was paid on the pay pages, less refunds, is what the files say was paid by card.
    pub(super) fn online(&mut self) -> Result<()> {
        let (run, books, expected) = (self.run, self.books, self.expected);
        for card in &run.plan.card_bills {
            let want = expected
                .payments
                .get(&Key(card.payment))
                .context("the checker does not know a card payment")?;
            let bill_id = run
                .known
                .bills
                .get(&card.session)
                .map_or("", String::as_str);
            let paid = books.payments.values().filter(|payment| {
                payment.kind() == PaymentKind::Card
                    && payment.state() == PaymentState::Succeeded
                    && payment.allocations.iter().any(|to| to.bill_id == bill_id)
            });
            let rows: Vec<_> = paid
                .filter_map(|payment| books.report.get(&payment.payment_id))
                .collect();
            let received = report::sum(rows.iter().map(|row| row.amount.as_ref()))?;
            let refunded = report::sum(rows.iter().map(|row| row.refunded.as_ref()))?;
            let name = format!("{FILE} line {} (paid online)", want.row);
            self.same(name, received.minus(refunded)?.minor(), want.minor);
        }
        Ok(())
    }

    /// The Payments report by method, month and insurer.
    pub(super) fn sums(&mut self) -> Result<()> {
        let (books, expected) = (self.books, self.expected);
        let mut found = Tally::of(books)?;
        for (method, want) in &expected.client_payments {
            let have = found.methods.remove(method.as_str()).unwrap_or_default();
            if method != ONLINE {
                self.same(format!("payments by {method}"), have, *want);
            }
        }
        self.same(
            "insurers' payments",
            found.insurers,
            expected.insurer_payments,
        );
        for payer in expected.payers.values() {
            let have = found.payers.remove(&payer.name).unwrap_or_default();
            self.same(format!("payments of {}", payer.name), have, payer.total());
        }
        for (month, want) in &expected.months {
            let have = found.months.remove(month).unwrap_or_default();
            let name = if have == *want {
                month.clone()
            } else {
                format!("{month} ({FILE} lines {})", self.lines_of(month))
            };
            self.same(
                format!("clients' payments of {name}"),
                have.client,
                want.client,
            );
            self.same(
                format!("insurers' payments of {name}"),
                have.insurer,
                want.insurer,
            );
        }
        let methods = found
            .methods
            .into_iter()
            .map(|(method, total)| (method.to_owned(), total));
        for (name, total) in methods.chain(found.payers) {
            self.same(format!("payments by {name}"), total, Total::default());
        }
        for month in found.months.keys() {
            self.same(format!("payments of {month}"), "some", "none");
        }
        let rows = report::sum(books.report.values().map(|row| row.amount.as_ref()))?;
        let totals = report::sum(
            books
                .report_totals
                .iter()
                .map(|total| total.amount.as_ref()),
        )?;
        self.same(
            "totals of the Payments report against its rows",
            totals,
            rows,
        );
        Ok(())
    }

    fn lines_of(&self, month: &str) -> String {
        let payments = self
            .expected
            .payments
            .values()
            .filter(|payment| payment.date.starts_with(month));
        rows(&payments.map(|payment| payment.row).collect::<Vec<_>>())
    }
}

/// The rows of the Payments report, summed up; what was paid online is of today and in no month.
#[derive(Default)]
struct Tally {
    methods: BTreeMap<&'static str, Total>,
    months: BTreeMap<String, Month>,
    payers: BTreeMap<String, Total>,
    insurers: Total,
}

impl Tally {
    fn of(books: &Books) -> Result<Self> {
        let mut tally = Self::default();
        for (id, row) in &books.report {
            let amount = wire::amount(row.amount.as_ref())?.minor();
            let month = wire::day(row.receive_date.as_ref())?
                .strftime("%Y-%m")
                .to_string();
            let Some(payment) = books.payments.get(id) else {
                tally.insurers.add(amount);
                tally
                    .payers
                    .entry(row.payer_name.clone())
                    .or_default()
                    .add(amount);
                tally.months.entry(month).or_default().insurer.add(amount);
                continue;
            };
            let method = method_name(payment.kind());
            tally.methods.entry(method).or_default().add(amount);
            if method != ONLINE {
                tally.months.entry(month).or_default().client.add(amount);
            }
        }
        Ok(tally)
    }
}

fn client_kind(payment: &ExpectedPayment) -> Option<PaymentKind> {
    let kinds = [
        PaymentKind::Cash,
        PaymentKind::Check,
        PaymentKind::CardElsewhere,
        PaymentKind::Other,
    ];
    kinds
        .into_iter()
        .find(|kind| method_name(*kind) == payment.method)
}

/// The files' word for what a kind stands for in the demo.
fn method_name(kind: PaymentKind) -> &'static str {
    match kind {
        PaymentKind::Cash => "CASH",
        PaymentKind::Check => "CHECK",
        PaymentKind::CardElsewhere => "CC",
        PaymentKind::Other => "COPAY",
        PaymentKind::Card => ONLINE,
        PaymentKind::BankDebit | PaymentKind::BankElsewhere | PaymentKind::Unspecified => {
            "none of the files'"
        }
    }
}

fn kind_name(kind: Option<PaymentKind>) -> &'static str {
    kind.map_or("unknown", |kind| kind.as_str_name())
}
