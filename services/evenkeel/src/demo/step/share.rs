//! Bills that the person at the terminal wants to see as mails. Each run sends them anew: they were asked for.

use anyhow::{Context, Result, bail};
use proto::billing::v1::{Bill, ShareBillRequest, ShareBillResponse};

use crate::demo::mailbox::Mailbox;
use crate::demo::run::Run;
use crate::demo::screen;
use crate::demo::step::books;

/// Shares the bills that were chosen by Invoice # or number, and says in which file each mail is.
///
/// # Errors
/// There is no such bill, it cannot be shared, or its mail did not arrive.
pub async fn chosen(run: &Run) -> Result<()> {
    let wanted = &run.options.share;
    if wanted.is_empty() {
        return Ok(());
    }
    let mailbox = Mailbox::of(&run.options.mails);
    let step = screen::step("Mails", wanted.len());
    let bills = books::bills(run).await?;
    let mut arrived = Vec::new();
    for name in wanted {
        let Some(bill) = bills.values().find(|bill| is_named(bill, name)) else {
            bail!("the practice has no bill {name}: say its Invoice # or its number");
        };
        let seen = mailbox.files()?;
        let request = ShareBillRequest {
            request_id: run.options.clock.uuid().to_string(),
            ..ShareBillRequest::default()
        };
        let path = run.path(&format!("bills/{}:share", bill.bill_id));
        let _: ShareBillResponse = run
            .gateway
            .post(&path, &request)
            .await
            .with_context(|| format!("share bill {name}"))?;
        let file = mailbox.arrival(&bill.reference, &seen).await?;
        arrived.push(format!("{}   {}", bill.reference, file.display()));
        step.tick();
    }
    step.done(format!("{} bills shared that you chose", arrived.len()))?;
    for line in arrived {
        screen::say(format!("               {line}"))?;
    }
    Ok(())
}

/// The bill's number, or its Invoice # with or without the dash, in any case.
fn is_named(bill: &Bill, name: &str) -> bool {
    let plain = |text: &str| text.replace('-', "").to_ascii_uppercase();
    bill.number.to_string() == name || plain(&bill.reference) == plain(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_is_named_by_its_number_or_its_invoice_number() {
        let bill = Bill {
            number: 41,
            reference: "K7M2-9QXD".to_owned(),
            ..Bill::default()
        };
        for name in ["41", "K7M2-9QXD", "k7m29qxd"] {
            assert!(is_named(&bill, name), "{name}");
        }
        for name in ["4", "041", "K7M2", ""] {
            assert!(!is_named(&bill, name), "{name}");
        }
    }
}
