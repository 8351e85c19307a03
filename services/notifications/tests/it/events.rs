//! What the other services announce.

use crate::app::{TODAY, TestApp, usd};
use crate::fake_feed::FakeFeed;
use ids::{ClientId, EventId, PaymentId, RefundId, ShareId};
use pg::Announcement;
use proto::billing::v1::{Allocation, BillFacts, BillShared, PaymentKind, PaymentPosted};
use proto::google::r#type::Date;
use proto::payments::v1::{DeclineReason, PaymentFacts, PaymentFailed, RefundSucceeded};

impl TestApp {
    fn announce(&self, feed: &FakeFeed, event: &impl prost_reflect::ReflectMessage) {
        feed.announce(
            &self.clock,
            self.practice,
            Announcement::of(EventId::new(&self.clock), event),
        );
    }

    pub fn share(&self) -> BillShared {
        self.share_with(self.client)
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
            share_id: ShareId::new(&self.clock).to_string(),
        };
        self.announce_shared(&shared);
        shared
    }

    pub fn announce_shared(&self, shared: &BillShared) {
        self.announce(&self.billing, shared);
    }

    pub fn post_payment(&self, kind: PaymentKind, receive_date: Date) {
        let posted = PaymentPosted {
            payment_id: PaymentId::new(&self.clock).to_string(),
            client_id: self.client.to_string(),
            kind: kind.into(),
            amount: Some(usd(4_000)),
            receive_date: Some(receive_date),
            allocations: vec![Allocation {
                bill_id: self.bill.to_string(),
                amount: Some(usd(4_000)),
            }],
            credited: Some(usd(0)),
            method_text: "Visa ending in 4242".to_owned(),
            ..PaymentPosted::default()
        };
        self.announce(&self.billing, &posted);
    }

    pub fn refund(&self) {
        let refund = RefundSucceeded {
            refund_id: RefundId::new(&self.clock).to_string(),
            payment_id: PaymentId::new(&self.clock).to_string(),
            client_id: self.client.to_string(),
            amount: Some(usd(2_000)),
            refund_date: Some(TODAY),
            to_credit: false,
            reason: "CANARY-reason".to_owned(),
            method_text: "Visa ending in 4242".to_owned(),
        };
        self.announce(&self.payments, &refund);
    }

    pub fn decline(&self) {
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
        };
        self.announce(&self.payments, &failed);
    }
}
