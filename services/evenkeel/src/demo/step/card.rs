//! Steps 3 and 4: bills that still have something due are shared by e-mail and paid by card, as a guest who has
//! nothing but that e-mail.
//!
//! Each story first looks how far it has come, so a demo that was interrupted goes on and a second one changes nothing.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use money::{Currency, Money};
use proto::billing::v1 as billing;
use proto::payments::v1::{self as payments, Payment, PaymentState};

use crate::demo::gateway::Gateway;
use crate::demo::mailbox::{Mailbox, SharedBill};
use crate::demo::plan::{CardBill, CardStory};
use crate::demo::run::{Known, Run};
use crate::demo::{screen, wire};

/// The processor's documented test cards.
const VISA: &str = "pm_card_visa";
const MASTERCARD: &str = "pm_card_mastercard";
const DECLINED: &str = "pm_card_visa_chargeDeclinedInsufficientFunds";

/// What is given back in the story of the refund.
const REFUND: Money = Money::from_minor(2_000, Currency::USD);

const POLL: Duration = Duration::from_millis(100);
/// Processor, webhook and books together take less.
const PATIENCE: Duration = Duration::from_secs(20);

/// Shares the card bills and tells each one's story.
///
/// # Errors
/// A call that was refused, a mail or a payment that did not arrive.
pub async fn share_and_pay(run: &Run) -> Result<()> {
    let mailbox = Mailbox::of(&run.options.mails);
    let step = screen::step("Pay pages", run.plan.card_bills.len());
    let mut told = Vec::new();
    for card in &run.plan.card_bills {
        let bill_id = Known::get(&run.known.bills, &card.session)?;
        let telling = Telling {
            run,
            card,
            bill_id,
            mailbox: &mailbox,
        };
        told.push(
            telling
                .tell()
                .await
                .with_context(|| format!("the pay page of claim {}", card.session))?,
        );
        step.tick();
    }
    step.done(format!(
        "{} bills shared by e-mail and paid as a guest",
        told.len()
    ))?;
    for line in told {
        screen::say(format!("               {line}"))?;
    }
    Ok(())
}

struct Telling<'a> {
    run: &'a Run,
    card: &'a CardBill,
    bill_id: &'a str,
    mailbox: &'a Mailbox,
}

impl Telling<'_> {
    async fn tell(&self) -> Result<String> {
        let bill = self.bill().await?;
        let paid_before = self.succeeded().await?.len();
        let how = match self.card.story {
            CardStory::AtOnce => {
                if paid_before == 0 {
                    let (guest, _) = self.enter("share", &BTreeSet::new()).await?;
                    self.pay(&guest, "pay", self.card.amount, VISA).await?;
                }
                "at once".to_owned()
            }
            CardStory::InTwoParts => self.in_two_parts(paid_before).await?,
            CardStory::DeclinedFirst => self.declined_first(paid_before).await?,
            CardStory::RefundedInPart => self.refunded_in_part(paid_before).await?,
        };
        let left = wire::amount(self.bill().await?.client_balance.as_ref())?;
        ensure!(left.is_zero(), "{left} is still due on {}", bill.reference);
        Ok(format!(
            "{}   {:>9}   {how}",
            bill.reference,
            self.card.amount.to_string()
        ))
    }

    async fn in_two_parts(&self, paid_before: usize) -> Result<String> {
        let first = Money::from_minor(self.card.amount.minor() / 2, self.card.amount.currency());
        let rest = self.card.amount.minus(first)?;
        if paid_before < 2 {
            let (guest, _) = self.enter("share", &BTreeSet::new()).await?;
            self.pay(&guest, "pay.first", first, VISA).await?;
            self.pay(&guest, "pay.rest", rest, MASTERCARD).await?;
        }
        Ok(format!("in two parts, {first} and {rest}"))
    }

    async fn declined_first(&self, paid_before: usize) -> Result<String> {
        if paid_before == 0 {
            let (guest, _) = self.enter("share", &BTreeSet::new()).await?;
            let declined = self
                .ask(&guest, "pay.declined", self.card.amount, DECLINED)
                .await?;
            ensure!(
                declined.state() == PaymentState::Failed,
                "the card {DECLINED} was not declined"
            );
            ensure!(
                !declined.decline_text.is_empty(),
                "the guest is not told why the card was declined"
            );
            self.pay(&guest, "pay", self.card.amount, MASTERCARD)
                .await?;
        }
        Ok("the first card declined, the second one paid".to_owned())
    }

    async fn refunded_in_part(&self, paid_before: usize) -> Result<String> {
        let mut seen = BTreeSet::new();
        if paid_before == 0 {
            let (guest, mail) = self.enter("share", &seen).await?;
            self.pay(&guest, "pay", self.card.amount, VISA).await?;
            seen.insert(mail.file);
        }
        if paid_before < 2 {
            let first = self.succeeded().await?;
            let first = first
                .first()
                .context("the payment to refund is not listed")?;
            self.refund(&first.payment_id).await?;
            if seen.is_empty() {
                seen.insert(
                    self.mailbox
                        .shared_bill(&self.bill().await?.reference, &seen)
                        .await?
                        .file,
                );
            }
            let (guest, _) = self.enter("share.again", &seen).await?;
            self.pay(&guest, "pay.again", REFUND, VISA).await?;
        }
        Ok(format!("{REFUND} refunded, and paid again"))
    }

    /// Shares the bill, reads the mail, and goes in by Invoice # and Access Code.
    async fn enter(
        &self,
        act: &str,
        seen: &BTreeSet<std::path::PathBuf>,
    ) -> Result<(Gateway, SharedBill)> {
        let request = billing::ShareBillRequest {
            request_id: self.run.request_id(act, self.card.session),
            ..billing::ShareBillRequest::default()
        };
        let path = self.run.path(&format!("bills/{}:share", self.bill_id));
        let answer: billing::ShareBillResponse = self
            .run
            .gateway
            .post(&path, &request)
            .await
            .context("share the bill")?;
        let reference = answer.bill.context("no bill in the answer")?.reference;

        let mail = self.mailbox.shared_bill(&reference, seen).await?;
        let (guest, bill_id) = self
            .run
            .gateway
            .guest(&reference, &mail.access_code)
            .await
            .context("sign in as a guest")?;
        ensure!(
            bill_id == self.bill_id,
            "{reference} opened another bill, {bill_id}"
        );
        let path = self.run.path(&format!("bills/{bill_id}/payPage"));
        let page: billing::GetPayPageResponse =
            guest.get(&path).await.context("read the pay page")?;
        let balance = wire::amount(page.balance.as_ref())?;
        ensure!(
            balance.is_positive(),
            "the pay page of {reference} says that nothing is due"
        );
        Ok((guest, mail))
    }

    /// Pays and waits until the books have it.
    async fn pay(&self, guest: &Gateway, act: &str, amount: Money, method: &str) -> Result<()> {
        let payment = self.ask(guest, act, amount, method).await?;
        let (state, why) = (payment.state(), &payment.decline_text);
        ensure!(
            state == PaymentState::Succeeded,
            "{amount} by {method} ended as {} {why}",
            state.as_str_name()
        );
        Ok(())
    }

    /// Asks for a charge and waits for its end.
    async fn ask(
        &self,
        guest: &Gateway,
        act: &str,
        amount: Money,
        method: &str,
    ) -> Result<Payment> {
        let request = payments::PayBillRequest {
            request_id: self.run.request_id(act, self.card.session),
            amount: Some(wire::money(amount)),
            processor_method: method.to_owned(),
            ..payments::PayBillRequest::default()
        };
        let path = self.run.path(&format!("bills/{}:pay", self.bill_id));
        let answer: payments::PayBillResponse = guest
            .post(&path, &request)
            .await
            .with_context(|| format!("pay {amount} by {method}"))?;
        let mut payment = answer.payment.context("no payment in the answer")?;
        let begun = Instant::now();
        while !ended(&payment) {
            if begun.elapsed() > PATIENCE {
                bail!(
                    "payment {} is still {}",
                    payment.payment_id,
                    payment.state().as_str_name()
                );
            }
            tokio::time::sleep(POLL).await;
            let path = self.run.path(&format!("payments/{}", payment.payment_id));
            let answer: payments::GetPaymentResponse =
                guest.get(&path).await.context("read the payment")?;
            payment = answer.payment.context("no payment in the answer")?;
        }
        Ok(payment)
    }

    /// Gives part of a payment back and waits until the bill is open again for it.
    async fn refund(&self, payment_id: &str) -> Result<()> {
        let request = payments::RefundPaymentRequest {
            request_id: self.run.request_id("refund", self.card.session),
            amount: Some(wire::money(REFUND)),
            reason: "The session ended early".to_owned(),
            ..payments::RefundPaymentRequest::default()
        };
        let path = self.run.path(&format!("payments/{payment_id}:refund"));
        let _: payments::RefundPaymentResponse = self
            .run
            .gateway
            .post(&path, &request)
            .await
            .context("refund part of the payment")?;
        let begun = Instant::now();
        while wire::amount(self.bill().await?.client_balance.as_ref())? != REFUND {
            ensure!(
                begun.elapsed() < PATIENCE,
                "the refund of {payment_id} does not reach the bill"
            );
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn bill(&self) -> Result<billing::Bill> {
        let path = self.run.path(&format!("bills/{}", self.bill_id));
        let answer: billing::GetBillResponse =
            self.run.gateway.get(&path).await.context("read the bill")?;
        answer.bill.context("no bill in the answer")
    }

    /// The card payments on the bill that succeeded, oldest first.
    async fn succeeded(&self) -> Result<Vec<Payment>> {
        let client = Known::get(&self.run.known.clients, &self.card.client)?;
        let path = self
            .run
            .path(&format!("payments?page_size=500&client_id={client}"));
        let answer: payments::ListPaymentsResponse = self
            .run
            .gateway
            .get(&path)
            .await
            .context("list the client's payments")?;
        let mut found: Vec<_> = answer
            .payments
            .into_iter()
            .filter(|payment| payment.kind() == billing::PaymentKind::Card)
            .filter(|payment| payment.state() == PaymentState::Succeeded)
            .filter(|payment| {
                payment
                    .allocations
                    .iter()
                    .any(|to| to.bill_id == self.bill_id)
            })
            .collect();
        found.reverse();
        Ok(found)
    }
}

fn ended(payment: &Payment) -> bool {
    match payment.state() {
        PaymentState::Succeeded => payment.posted,
        PaymentState::Failed | PaymentState::Cancelled | PaymentState::RequiresAction => true,
        PaymentState::Unspecified
        | PaymentState::Created
        | PaymentState::Processing
        | PaymentState::Unknown => false,
    }
}
