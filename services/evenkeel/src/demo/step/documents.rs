//! Writes the documents that the clients of the card bills would get: bill, receipts, statement, superbill. The last two
//! stream.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use proto::billing::v1 as billing;
use proto::payments::v1::PaymentState;

use super::books::Books;
use crate::demo::run::{Known, Run};
use crate::demo::screen;

/// Writes the PDFs into the folder for documents. Returns their paths.
///
/// # Errors
/// A document that was refused or is no PDF; a folder that cannot be written.
pub async fn write(run: &Run, books: &Books) -> Result<Vec<PathBuf>> {
    let wanted = wanted(run, books)?;
    let step = screen::step("Documents", wanted.len());
    let folder = &run.options.documents;
    std::fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    let mut written = Vec::new();
    for (name, path) in wanted {
        let document = run
            .gateway
            .download(&run.path(&path))
            .await
            .with_context(|| format!("download {path}"))?;
        ensure!(
            document.content_type.starts_with("application/pdf"),
            "{path} is {}",
            document.content_type
        );
        ensure!(document.content.starts_with(b"%PDF-"), "{path} is no PDF");
        let file = folder.join(name);
        std::fs::write(&file, document.content)
            .with_context(|| format!("write {}", file.display()))?;
        written.push(file);
        step.tick();
    }
    step.done(format!("{} PDFs in {}", written.len(), folder.display()))?;
    Ok(written)
}

/// File names and paths: per card bill the bill, the receipt of each payment that succeeded, the client's statement, the
/// superbill of the bill.
fn wanted(run: &Run, books: &Books) -> Result<Vec<(String, String)>> {
    let mut wanted = Vec::new();
    for card in &run.plan.card_bills {
        let bill_id = Known::get(&run.known.bills, &card.session)?;
        let client = Known::get(&run.known.clients, &card.client)?;
        let reference = &books
            .bills
            .get(bill_id)
            .context("a card bill is not listed")?
            .reference;
        wanted.push((
            format!("bill-{reference}.pdf"),
            format!("bills/{bill_id}/pdf"),
        ));
        let paid = books.payments.values().filter(|payment| {
            let here = payment.allocations.iter().any(|to| to.bill_id == bill_id);
            here && payment.kind() == billing::PaymentKind::Card
                && payment.state() == PaymentState::Succeeded
        });
        // Payment ids sort by time.
        for (number, payment) in (1..).zip(paid) {
            let path = format!("payments/{}/receipt", payment.payment_id);
            wanted.push((format!("receipt-{reference}-{number}.pdf"), path));
        }
        wanted.push((
            format!("statement-{reference}.pdf"),
            format!("clients/{client}/statement/pdf:stream"),
        ));
        wanted.push((
            format!("superbill-{reference}.pdf"),
            format!("clients/{client}/superbill/pdf?bill_id={bill_id}"),
        ));
    }
    Ok(wanted)
}
