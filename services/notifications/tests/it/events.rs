//! What the other services announce.

use crate::app::{TODAY, TestApp, usd};
use crate::fake_feed::FakeFeed;
use ids::{
    BillId, ClientId, ContactId, DisputeId, EventId, PaymentId, PayoutId, RefundId, ShareId,
};
use jiff::Timestamp;
use pg::Announcement;
use proto::billing::v1::{Allocation, BillFacts, BillShared, PaidBy, PaymentKind, PaymentPosted};
use proto::google::r#type::Date;
use proto::payments::v1::{
    AutoPayRunEnded, DeclineReason, DisputeClosed, DisputeFacts, DisputeOpened, DisputeState,
    PayerFacts, PaymentFacts, PaymentFailed, PayoutFacts, PayoutFailed, RefundFailed,
    RefundSucceeded, UpcomingChargeMoved, UpcomingChargeNoticed,
};
use proto::portal_auth::v1::{AccessCodeBurned, AccessCodeReissued};

impl TestApp {
    pub fn announce(&self, feed: &FakeFeed, event: &impl prost_reflect::ReflectMessage) {
        feed.announce(
            &self.clock,
            self.practice,
            Announcement::of(EventId::new(&self.clock), event),
        );
    }

    pub fn share(&self) -> BillShared {
        self.share_with(self.client)
    }

    /// Shared when so much was due, by somebody or by its schedule.
    pub fn share_when(&self, due_minor: i64, scheduled: bool) {
        let facts = BillFacts {
            bill_id: self.bill.to_string(),
            client_id: self.client.to_string(),
            client_balance: Some(usd(due_minor)),
            ..BillFacts::default()
        };
        self.announce_shared(&BillShared {
            bill: Some(facts),
            without_pdf: false,
            scheduled,
            share_id: ShareId::new(&self.clock).to_string(),
        });
    }

    pub fn reissue_code(&self) {
        let reissued = AccessCodeReissued {
            bill_id: self.bill.to_string(),
            issue_time: Some(rpc::wire::time(self.clock.now())),
        };
        self.announce(&self.portal_auth, &reissued);
    }

    /// The code that was made then is burned.
    pub fn burn_code(&self, bill: BillId, issue_time: Timestamp) {
        let burned = AccessCodeBurned {
            bill_id: bill.to_string(),
            issue_time: Some(rpc::wire::time(issue_time)),
        };
        self.announce(&self.portal_auth, &burned);
    }

    pub fn share_with(&self, client: ClientId) -> BillShared {
        let facts = BillFacts {
            bill_id: self.bill.to_string(),
            client_id: client.to_string(),
            number: 41,
            reference: "K7M2-9QXD".to_owned(),
            client_balance: Some(usd(4_000)),
            ..BillFacts::default()
        };
        let shared = BillShared {
            bill: Some(facts),
            without_pdf: false,
            scheduled: false,
            share_id: ShareId::new(&self.clock).to_string(),
        };
        self.announce_shared(&shared);
        shared
    }

    pub fn announce_shared(&self, shared: &BillShared) {
        self.announce(&self.billing, shared);
    }

    pub fn post_payment(&self, kind: PaymentKind, receive_date: Date) {
        self.post(kind, receive_date, 4_000);
    }

    pub fn post(&self, kind: PaymentKind, receive_date: Date, minor: i64) {
        self.post_by(None, (kind, receive_date, minor));
    }

    /// Paid with this payer's card.
    pub fn post_by(
        &self,
        paid_by: Option<PaidBy>,
        (kind, receive_date, minor): (PaymentKind, Date, i64),
    ) {
        let posted = PaymentPosted {
            payment_id: PaymentId::new(&self.clock).to_string(),
            client_id: self.client.to_string(),
            kind: kind.into(),
            amount: Some(usd(minor)),
            receive_date: Some(receive_date),
            allocations: vec![Allocation {
                bill_id: self.bill.to_string(),
                amount: Some(usd(minor)),
            }],
            credited: Some(usd(0)),
            method_text: "Visa ending in 4242".to_owned(),
            paid_by,
            ..PaymentPosted::default()
        };
        self.announce(&self.billing, &posted);
    }

    pub fn refund(&self) {
        self.refund_to(None);
    }

    /// Of what was paid with this payer's card.
    pub fn refund_to(&self, payer: Option<PayerFacts>) {
        let refund = RefundSucceeded {
            refund_id: RefundId::new(&self.clock).to_string(),
            payment_id: PaymentId::new(&self.clock).to_string(),
            client_id: self.client.to_string(),
            amount: Some(usd(2_000)),
            refund_date: Some(TODAY),
            to_credit: false,
            reason: "CANARY-reason".to_owned(),
            method_text: "Visa ending in 4242".to_owned(),
            made_at_processor: false,
            payer,
        };
        self.announce(&self.payments, &refund);
    }

    /// A refund failed, at once or after it had succeeded.
    pub fn refund_failed(&self, came_back: bool) {
        let failed = RefundFailed {
            refund_id: RefundId::new(&self.clock).to_string(),
            payment_id: PaymentId::new(&self.clock).to_string(),
            client_id: self.client.to_string(),
            amount: Some(usd(2_000)),
            refund_date: Some(TODAY),
            fail_date: Some(TODAY),
            reason: "CANARY-reason".to_owned(),
            method_text: "Visa ending in 4242".to_owned(),
            came_back,
            ..RefundFailed::default()
        };
        self.announce(&self.payments, &failed);
    }

    pub fn dispute(&self) -> DisputeFacts {
        DisputeFacts {
            dispute_id: DisputeId::new(&self.clock).to_string(),
            payment_id: PaymentId::new(&self.clock).to_string(),
            client_id: self.client.to_string(),
            amount: Some(usd(4_000)),
            state: DisputeState::NeedsResponse.into(),
            method_text: "Visa ending in 4242".to_owned(),
            respond_by_date: Some(TODAY),
            ..DisputeFacts::default()
        }
    }

    pub fn open_dispute(&self, dispute: &DisputeFacts) {
        let opened = DisputeOpened {
            dispute: Some(dispute.clone()),
            open_date: Some(TODAY),
        };
        self.announce(&self.payments, &opened);
    }

    pub fn close_dispute(&self, dispute: DisputeFacts, state: DisputeState) {
        let closed = DisputeClosed {
            dispute: Some(DisputeFacts {
                state: state.into(),
                ..dispute
            }),
            close_date: Some(TODAY),
        };
        self.announce(&self.payments, &closed);
    }

    /// AutoPay is going to charge the bill: the client's own card, or a contact's.
    pub fn notice_charge(&self) {
        self.notice_charge_to(None);
    }

    pub fn notice_charge_to(&self, contact: Option<ContactId>) {
        let day = |day| Date { day, ..TODAY };
        let noticed = UpcomingChargeNoticed {
            bill_id: self.bill.to_string(),
            client_id: self.client.to_string(),
            amount: Some(usd(4_000)),
            charge_date: Some(day(5)),
            move_end_date: Some(day(18)),
            latest_date: Some(day(21)),
            contact_id: contact.map(|id| id.to_string()).unwrap_or_default(),
        };
        self.announce(&self.payments, &noticed);
    }

    /// It comes on the 9th instead.
    pub fn move_charge(&self, by_practice: bool, contact: Option<ContactId>) {
        let moved = UpcomingChargeMoved {
            bill_id: self.bill.to_string(),
            client_id: self.client.to_string(),
            charge_date: Some(Date { day: 9, ..TODAY }),
            by_practice,
            amount: Some(usd(4_000)),
            contact_id: contact.map(|id| id.to_string()).unwrap_or_default(),
        };
        self.announce(&self.payments, &moved);
    }

    /// A payout did not arrive, or was stopped before.
    pub fn fail_payout(&self, cancelled: bool) {
        let failed = PayoutFailed {
            payout: Some(PayoutFacts {
                payout_id: PayoutId::new(&self.clock).to_string(),
                net: Some(usd(19_390)),
                ..PayoutFacts::default()
            }),
            fail_date: Some(TODAY),
            failure_text: "The bank account is closed. Please give Stripe another one.".to_owned(),
            cancelled,
        };
        self.announce(&self.payments, &failed);
    }

    /// A night of AutoPay that charged and declined so many bills of $40.
    pub fn end_night(&self, charged: i64, declined: i64) {
        let ended = AutoPayRunEnded {
            run_date: Some(TODAY),
            due_count: charged + declined,
            charged_count: charged,
            charged: Some(usd(4_000 * charged)),
            credited: Some(usd(1_250 * charged)),
            declined_count: declined,
            pending_count: 0,
            skipped_count: 7,
        };
        self.announce(&self.payments, &ended);
    }

    /// Of a payer who saw it.
    pub fn decline(&self) {
        self.decline_when(false);
    }

    pub fn decline_when(&self, unattended: bool) {
        self.decline_of(unattended, None);
    }

    /// Of this payer's card.
    pub fn decline_of(&self, unattended: bool, payer: Option<PayerFacts>) {
        let payment = PaymentFacts {
            payment_id: PaymentId::new(&self.clock).to_string(),
            client_id: self.client.to_string(),
            kind: PaymentKind::Card.into(),
            amount: Some(usd(4_000)),
            allocations: vec![Allocation {
                bill_id: self.bill.to_string(),
                amount: Some(usd(4_000)),
            }],
            method_text: "Visa ending in 0002".to_owned(),
            ..PaymentFacts::default()
        };
        let failed = PaymentFailed {
            payment: Some(payment),
            decline_reason: DeclineReason::InsufficientFunds.into(),
            decline_text: "CANARY-decline".to_owned(),
            practice_text: "The bank says that there is not enough money.".to_owned(),
            unattended,
            payer,
            ..PaymentFailed::default()
        };
        self.announce(&self.payments, &failed);
    }
}
