//! What stories of payouts share: what payments tells of them, and what the books have then.

use crate::app::{TODAY, TestApp, usd};
use ids::{DisputeId, DisputeMovementId, PayoutId, PayoutItemId};
use proto::billing::v1::payout_service_client::PayoutServiceClient;
use proto::billing::v1::{
    AccountKind, Bill, ListPayoutLinesRequest, ListPayoutLinesResponse, PayoutLine,
    PostPaymentRequest,
};
use proto::payments::v1::*;
use tonic::Status;

/// What of a payout is told, in order.
pub type Told<'a> = &'a [(PayoutItemKind, i64, i64, About<'a>)];

#[derive(Clone, Copy)]
pub enum About<'a> {
    Payment(&'a PostPaymentRequest),
    Refund(&'a PostPaymentRequest, &'a str),
    Movement(&'a PostPaymentRequest, &'a str),
    Nothing,
}

fn item(app: &TestApp, at: usize, told: (PayoutItemKind, i64, i64, About<'_>)) -> PayoutItemFacts {
    let (kind, gross, fee, about) = told;
    let mut item = PayoutItemFacts {
        payout_item_id: PayoutItemId::new(&app.clock).to_string(),
        position: i32::try_from(at).expect("small") + 1,
        kind: kind.into(),
        gross: Some(usd(gross)),
        fee: Some(usd(fee)),
        ..PayoutItemFacts::default()
    };
    tell_about(&mut item, about);
    item
}

fn tell_about(item: &mut PayoutItemFacts, about: About<'_>) {
    let payment = match about {
        About::Payment(payment) => Some(payment),
        About::Refund(payment, refund) => {
            item.refund_id = refund.to_owned();
            Some(payment)
        }
        About::Movement(payment, movement) => {
            item.dispute_movement_id = movement.to_owned();
            Some(payment)
        }
        About::Nothing => None,
    };
    if let Some(payment) = payment {
        item.payment_id = payment.payment_id.clone();
        item.client_id = payment.client_id.clone();
    }
}

pub fn payout(app: &TestApp, told: Told<'_>) -> PayoutPaid {
    let gross: i64 = told.iter().map(|(_, gross, ..)| gross).sum();
    let fees: i64 = told.iter().map(|(_, _, fee, _)| fee).sum();
    let items = told.iter().enumerate();
    PayoutPaid {
        payout: Some(PayoutFacts {
            payout_id: PayoutId::new(&app.clock).to_string(),
            arrival_date: Some(TODAY),
            gross: Some(usd(gross)),
            fees: Some(usd(fees)),
            net: Some(usd(gross - fees)),
            item_count: i32::try_from(told.len()).expect("small"),
        }),
        items: items.map(|(at, told)| item(app, at, *told)).collect(),
        part: 1,
        part_count: 1,
    }
}

/// The same again: what failed is paid out by another payout under other ids.
pub fn again(app: &TestApp, paid: &PayoutPaid) -> PayoutPaid {
    let mut next = paid.clone();
    let facts = next.payout.as_mut().expect("facts");
    facts.payout_id = PayoutId::new(&app.clock).to_string();
    for item in &mut next.items {
        item.payout_item_id = PayoutItemId::new(&app.clock).to_string();
    }
    next
}

pub fn failed(paid: &PayoutPaid) -> PayoutFailed {
    PayoutFailed {
        payout: paid.payout.clone(),
        fail_date: Some(TODAY),
        failure_text: "The bank account is closed.".to_owned(),
        cancelled: false,
    }
}

/// What of a payout is known later.
pub fn matched(
    paid: &PayoutPaid,
    known: &[(usize, PayoutItemKind, About<'_>)],
) -> PayoutItemsMatched {
    let items = known.iter().map(|(at, kind, about)| {
        let mut item = paid.items[*at].clone();
        item.set_kind(*kind);
        tell_about(&mut item, *about);
        item
    });
    PayoutItemsMatched {
        payout: paid.payout.clone(),
        items: items.collect(),
        match_date: Some(TODAY),
    }
}

impl TestApp {
    /// Clearing, bank, fees and what is unmatched.
    pub async fn money(&self) -> [i64; 4] {
        [
            self.account(AccountKind::ProcessorClearing).await,
            self.account(AccountKind::Bank).await,
            self.account(AccountKind::ProcessorFees).await,
            self.account(AccountKind::UnmatchedPayouts).await,
        ]
    }

    pub async fn paid_bill(&self, amount: i64) -> (Bill, PostPaymentRequest) {
        let bill = self.issue(amount, 0).await;
        let payment = self.payment(amount, &[(&bill, amount)]);
        self.post(&payment).await;
        (bill, payment)
    }

    pub async fn lines_of(
        &self,
        request: ListPayoutLinesRequest,
    ) -> Result<ListPayoutLinesResponse, Status> {
        let mut client = PayoutServiceClient::new(self.owner_of(self.practice));
        let request = ListPayoutLinesRequest {
            practice_id: self.practice.to_string(),
            ..request
        };
        Ok(client.list_payout_lines(request).await?.into_inner())
    }

    pub async fn lines(&self) -> Vec<PayoutLine> {
        let listed = self.lines_of(ListPayoutLinesRequest::default()).await;
        listed.expect("listed").lines
    }

    /// Opens a dispute whose money is withdrawn; answers the movement.
    pub async fn dispute(&self, payment: &PostPaymentRequest, amount: i64, fee: i64) -> String {
        let dispute = Some(DisputeFacts {
            dispute_id: DisputeId::new(&self.clock).to_string(),
            payment_id: payment.payment_id.clone(),
            client_id: payment.client_id.clone(),
            amount: Some(usd(amount)),
            state: DisputeState::NeedsResponse.into(),
            ..DisputeFacts::default()
        });
        let opened = DisputeOpened {
            dispute: dispute.clone(),
            open_date: Some(TODAY),
        };
        self.hear(&opened).await;
        let movement_id = DisputeMovementId::new(&self.clock).to_string();
        let withdrawn = DisputeFundsWithdrawn {
            dispute,
            movement_id: movement_id.clone(),
            amount: Some(usd(amount)),
            fee: Some(usd(fee)),
            move_date: Some(TODAY),
        };
        self.hear(&withdrawn).await;
        movement_id
    }

    pub async fn sql(&self, statement: &'static str) {
        let done = sqlx::query(statement).execute(self.db.owner_pool()).await;
        assert!(done.expect("done").rows_affected() > 0, "{statement}");
    }
}
