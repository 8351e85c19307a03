//! What a letter says is asked for when it is sent, so that it is true then: amounts and dates are those of the bill at
//! that time, and one that was paid meanwhile says that nothing is due, unless its receipt has said so.

use super::notices;
use super::people::People;
use super::trouble::Trouble;
use crate::domain::letter::{Due, Letter, PayPage};
use crate::domain::message::{NewMessage, Particulars};
use crate::letter::Document;
use crate::{Notifications, store};
use ::rpc::{Retry, parse};
use ids::{BillId, ClientId, PracticeId, Reference, ShareId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use proto::billing::v1::bill_service_client::BillServiceClient;
use proto::billing::v1::ledger_service_client::LedgerServiceClient;
use proto::billing::v1::{Bill, BillStatus, GetBillRequest, GetClientBalanceRequest};
use proto::portal_auth::v1::IssueAccessCodeRequest;
use proto::portal_auth::v1::access_code_service_client::AccessCodeServiceClient;
use tonic::{Response, Status};

const NOTHING_DUE: &str = "nothing is due any more";
pub(super) const RECEIPT_TOLD: &str = "nothing is due any more, and the receipt says so";
const CANCELLED: &str = "the bill was cancelled";
const CODE_LIVES: &str = "the Access Code opens the bill after all";

/// Asks for what one mail says.
pub(super) struct Gather<'a> {
    pub(super) notifications: &'a Notifications,
    pub(super) practice: PracticeId,
    pub(super) people: &'a People,
    retry: Retry,
}

impl<'a> Gather<'a> {
    pub(super) fn new(
        notifications: &'a Notifications,
        practice: PracticeId,
        people: &'a People,
    ) -> Self {
        Self {
            notifications,
            practice,
            people,
            retry: Retry::new(),
        }
    }

    /// The letter, with what goes with it.
    pub(super) async fn letter(
        &self,
        message: &NewMessage,
    ) -> Result<(Letter, Option<Document>), Trouble> {
        match &message.particulars {
            Particulars::Bill {
                bill,
                share,
                without_pdf,
                to_be_paid,
            } => {
                let attached = Some(*share).filter(|_| !without_pdf);
                let of = (message.client()?, *bill);
                self.shared(of, (attached, *to_be_paid)).await
            }
            Particulars::Card { news } => Ok((self.card(news), None)),
            Particulars::AccessCode { bill, burned, .. } => self.access_code(*bill, *burned).await,
            Particulars::Adjustment { bill, changes } => {
                let letter = self.adjusted(message.client()?, *bill, changes).await?;
                Ok((letter, None))
            }
            Particulars::Receipt { .. } => self.receipt(message).await,
            Particulars::Refund {
                amount,
                refund_date,
                to_credit,
                method_text,
                ..
            } => Ok((
                notices::refunded((*amount, *refund_date, *to_credit), method_text),
                None,
            )),
            Particulars::UpcomingCharge {
                bill,
                charge_date,
                movable,
                ..
            } => self.upcoming(*bill, (*charge_date, *movable)).await,
            Particulars::ChargeMoved {
                bill,
                charge_date,
                by_practice,
                ..
            } => self.moved(*bill, (*charge_date, *by_practice)).await,
            Particulars::Superbill {
                document,
                month,
                without_pdf,
            } => self.superbill(*document, (*month, *without_pdf)).await,
            Particulars::Decline {
                bill,
                amount,
                method_text,
                reason,
                ..
            } => {
                let letter = Letter::Decline {
                    amount: *amount,
                    method_text: method_text.clone(),
                    reason: reason.clone(),
                    due: self.still_due(*bill).await?,
                };
                Ok((letter, None))
            }
            Particulars::Dispute { .. }
            | Particulars::RefundReturned { .. }
            | Particulars::UnattendedDecline { .. }
            | Particulars::PayoutFailed { .. }
            | Particulars::ProcessorAccount { .. }
            | Particulars::AutoPayRun { .. } => notices::letter(&message.particulars),
        }
    }

    /// A bill that was shared, as it stands by now.
    async fn shared(
        &self,
        (client, bill): (ClientId, BillId),
        (attached, to_be_paid): (Option<ShareId>, bool),
    ) -> Result<(Letter, Option<Document>), Trouble> {
        let bill = self.live_bill(bill).await?;
        if owes(&bill)? {
            return self.bill(&bill, attached).await;
        }
        if to_be_paid && self.is_receipted(client, &bill, None).await? {
            return Err(Trouble::Needless(RECEIPT_TOLD.to_owned()));
        }
        self.nothing_due(&bill, attached).await
    }

    async fn upcoming(
        &self,
        bill: BillId,
        (charge_date, movable): (Date, (Date, Date)),
    ) -> Result<(Letter, Option<Document>), Trouble> {
        let (due, _) = self.due(&self.open_bill(bill).await?).await?;
        let letter = Letter::UpcomingCharge {
            due,
            charge_date,
            movable,
        };
        Ok((letter, None))
    }

    async fn moved(
        &self,
        bill: BillId,
        (charge_date, by_practice): (Date, bool),
    ) -> Result<(Letter, Option<Document>), Trouble> {
        let (due, _) = self.due(&self.open_bill(bill).await?).await?;
        let letter = Letter::ChargeMoved {
            due,
            charge_date,
            by_practice,
        };
        Ok((letter, None))
    }

    async fn still_due(&self, bill: Option<BillId>) -> Result<Option<Due>, Trouble> {
        match bill {
            Some(bill) => Ok(Some(self.due(&self.open_bill(bill).await?).await?.0)),
            None => Ok(None),
        }
    }

    async fn bill(
        &self,
        bill: &Bill,
        attached: Option<ShareId>,
    ) -> Result<(Letter, Option<Document>), Trouble> {
        // Before the PDF is made, which prints the code.
        let (due, _) = self.due(bill).await?;
        let document = self.bill_pdf(bill, attached).await?;
        let letter = Letter::Bill {
            amount_due: due.amount,
            due_date: due.date,
            pay_page: due.pay_page,
            has_pdf: document.is_some(),
        };
        Ok((letter, document))
    }

    async fn nothing_due(
        &self,
        bill: &Bill,
        attached: Option<ShareId>,
    ) -> Result<(Letter, Option<Document>), Trouble> {
        let document = self.bill_pdf(bill, attached).await?;
        let letter = Letter::NothingDue {
            reference: parse(&bill.reference, "reference")?,
            balance: parse::non_negative(bill.client_balance.clone(), "client_balance")?,
            insurer_owes: insurer_owes(bill)?,
            has_pdf: document.is_some(),
        };
        Ok((letter, document))
    }

    /// A burned code is replaced by asking for the bill's; one whose last guess was right is still the same.
    async fn access_code(
        &self,
        bill: BillId,
        burned: Option<Timestamp>,
    ) -> Result<(Letter, Option<Document>), Trouble> {
        let (due, issue_time) = self.due(&self.open_bill(bill).await?).await?;
        if burned.is_some() && burned == issue_time {
            return Err(Trouble::Needless(CODE_LIVES.to_owned()));
        }
        let letter = Letter::AccessCode {
            due,
            burned: burned.is_some(),
        };
        Ok((letter, None))
    }

    async fn receipt(&self, message: &NewMessage) -> Result<(Letter, Option<Document>), Trouble> {
        let Particulars::Receipt {
            payment,
            amount,
            receive_date,
            method_text,
            allocations,
            credited,
            to,
        } = &message.particulars
        else {
            return Err(Trouble::Never("not a receipt".to_owned()));
        };
        let mut bills = Vec::with_capacity(allocations.len());
        for allocation in allocations {
            let bill = self.get_bill(allocation.bill).await?;
            bills.push((
                parse::<Reference>(&bill.reference, "reference")?,
                allocation.amount,
            ));
        }
        let letter = Letter::Receipt {
            amount: *amount,
            receive_date: *receive_date,
            method_text: method_text.clone(),
            bills,
            credited: *credited,
            balance: match to {
                // What the client owes, and what the PDF says of them, is not the payer's to know.
                Some(_) => None,
                None => Some(self.balance(message.client()?).await?),
            },
        };
        if to.is_some() {
            return Ok((letter, None));
        }
        let file_name = format!("Receipt-{receive_date}.pdf");
        let bytes = self.receipt_pdf(message.message_id, *payment).await?;
        Ok((letter, Some(Document { file_name, bytes })))
    }

    /// A bill on which the client owes something.
    async fn open_bill(&self, bill: BillId) -> Result<Bill, Trouble> {
        let bill = self.live_bill(bill).await?;
        if owes(&bill)? {
            return Ok(bill);
        }
        Err(Trouble::Needless(NOTHING_DUE.to_owned()))
    }

    /// A bill that was not taken back.
    pub(super) async fn live_bill(&self, bill: BillId) -> Result<Bill, Trouble> {
        let bill = self.get_bill(bill).await?;
        if bill.status() == BillStatus::Cancelled {
            return Err(Trouble::Needless(CANCELLED.to_owned()));
        }
        Ok(bill)
    }

    /// Whether receipts tell that the client has paid all of a bill, and nothing was taken off it since, nor anything
    /// happened that `last_change` tells of.
    pub(super) async fn is_receipted(
        &self,
        client: ClientId,
        bill: &Bill,
        last_change: Option<Timestamp>,
    ) -> Result<bool, Trouble> {
        let owed = parse::non_negative(bill.client_owes.clone(), "client_owes")?;
        let which = (client, parse(&bill.bill_id, "bill_id")?);
        let receipted = self
            .read(async |tx, practice| store::messages::find_receipted(tx, practice, which).await)
            .await?;
        let Some(receipted) = receipted.filter(|told| told.paid_minor >= owed.minor()) else {
            return Ok(false);
        };
        let mut last = last_change;
        for adjustment in &bill.adjustments {
            let made = parse::time(adjustment.create_time, "adjustments.create_time")?;
            last = last.max(Some(made));
        }
        Ok(last.is_none_or(|last| last <= receipted.last_time))
    }

    /// What is known here, in a transaction of its own.
    pub(super) async fn read<T>(
        &self,
        reads: impl AsyncFnOnce(&mut pg::Tx, PracticeId) -> crate::Result<T>,
    ) -> Result<T, Trouble> {
        let read = async {
            let mut tx = pg::begin(&self.notifications.db, self.practice).await?;
            reads(&mut tx, self.practice).await
        };
        read.await
            .map_err(|error: crate::Error| Trouble::Later(error.to_string()))
    }

    async fn get_bill(&self, bill: BillId) -> Result<Bill, Trouble> {
        let request = GetBillRequest {
            practice_id: self.practice.to_string(),
            bill_id: bill.to_string(),
        };
        let bills = || BillServiceClient::new(self.notifications.billing.clone());
        let found = self
            .ask(async || bills().get_bill(request.clone()).await)
            .await?;
        Ok(parse::required(found.bill, "bill")?)
    }

    /// What is due, and when the code was made that opens the bill.
    pub(super) async fn due(&self, bill: &Bill) -> Result<(Due, Option<Timestamp>), Trouble> {
        let request = IssueAccessCodeRequest {
            practice_id: self.practice.to_string(),
            bill_id: bill.bill_id.clone(),
            reference: bill.reference.clone(),
        };
        let codes = || AccessCodeServiceClient::new(self.notifications.portal_auth.clone());
        let code = self
            .ask(async || codes().issue_access_code(request.clone()).await)
            .await?;
        if code.access_code.is_empty() || code.link_token.is_empty() {
            return Err(Trouble::Later("the bill has no Access Code".to_owned()));
        }
        let reference = parse::<Reference>(&bill.reference, "reference")?;
        let address = format!("{}/pay", self.notifications.pay_page_url);
        let issue_time = match code.issue_time {
            Some(time) => Some(parse::time(Some(time), "issue_time")?),
            None => None,
        };
        let due = Due {
            amount: parse::positive(bill.client_balance.clone(), "client_balance")?,
            date: parse::date(bill.due_date, "due_date")?,
            pay_page: PayPage {
                reference,
                access_code: code.access_code,
                link: format!("{address}/{reference}#{}", code.link_token),
                address,
            },
        };
        Ok((due, issue_time))
    }

    async fn balance(&self, client: ClientId) -> Result<Money, Trouble> {
        let request = GetClientBalanceRequest {
            practice_id: self.practice.to_string(),
            client_id: client.to_string(),
        };
        let ledger = || LedgerServiceClient::new(self.notifications.billing.clone());
        let found = self
            .ask(async || ledger().get_client_balance(request.clone()).await)
            .await?;
        Ok(parse::non_negative(found.owed, "owed")?)
    }

    pub(super) async fn ask<T, F, Fut>(&self, call: F) -> Result<T, Trouble>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        Ok(self.retry.run(call).await?.into_inner())
    }
}

/// Whether the insurer has yet to pay or decide.
pub(super) fn insurer_owes(bill: &Bill) -> Result<bool, Trouble> {
    let owed = parse::non_negative(bill.insurance_balance.clone(), "insurance_balance")?;
    Ok(owed.minor() > 0)
}

/// Whether the client owes something on it.
pub(super) fn owes(bill: &Bill) -> Result<bool, Trouble> {
    let owed = parse::non_negative(bill.client_balance.clone(), "client_balance")?;
    Ok(owed.minor() > 0)
}
