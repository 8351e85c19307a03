//! What stories of AutoPay need besides: methods on file, bills that are due, nights that come, and billing's feed that
//! tells what became of bills.

use crate::neighbours::apply_at;
use crate::stage::{Stage, usd};
use ids::{BillId, ClientId, ContactId, MethodId, PayerAccountId, PracticeId};
use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan as _};
use payments::domain::on_file::{Expiry, Funding, MethodKind, MethodState, ZipCheck};
use payments::domain::payer::Payer;
use payments::store;
use payments::store::methods::Method;
use payments::work::{Bills, run_nights_due};
use processor::NewCustomer;
use proto::billing::v1::{
    BillBalanceChanged, BillFacts, BillIssued, BillStatus, InsurerPaymentRecorded, PaymentPosted,
};
use proto::payments::v1::auto_pay_service_client::AutoPayServiceClient;
use proto::payments::v1::upcoming_charge_service_client::UpcomingChargeServiceClient;
use proto::payments::v1::*;
use rpc::{Claims, Connection, Role};
use testkit::request_id;
use tonic::Status;

pub type AutoPays = AutoPayServiceClient<Connection>;
pub type Upcoming = UpcomingChargeServiceClient<Connection>;

/// Attaches and cannot be charged.
pub const FAILS_WHEN_CHARGED: &str = "pm_card_chargeCustomerFail";
/// The bank wants the payer, who is not there.
pub const WANTS_THE_PAYER: &str = "pm_card_authenticationRequired";

/// What is needed to put a card on file.
pub struct Door {
    pub db: pg::Pool,
    pub clock: clock::Clock,
    pub processor: processor::Processor,
}

/// Puts a card of the processor's on file as the payer's default.
pub async fn on_file(
    payments: &Door,
    practice: PracticeId,
    (payer, client): (Payer, ClientId),
    card: &str,
) -> MethodId {
    let clock = &payments.clock;
    let account = PayerAccountId::new(clock);
    let processor = &payments.processor;
    let mut tx = pg::begin(&payments.db, practice).await.expect("begun");
    let known = store::customers::find(&mut tx, practice, payer).await;
    let customer = match known
        .expect("read")
        .and_then(|known| known.processor_customer)
    {
        Some(customer) => customer,
        None => {
            let new = NewCustomer {
                practice,
                payer_account: account,
            };
            let key = format!("{account}-customer");
            let made = processor.create_customer(new, &key).await.expect("made");
            let whose = (payer, client, account);
            let now = clock.now();
            store::customers::insert(&mut tx, practice, whose, now)
                .await
                .expect("written");
            store::customers::update_processor_customer(&mut tx, practice, payer, &made)
                .await
                .expect("written");
            made
        }
    };
    let key = format!("{account}-attach");
    let attached = processor
        .attach_payment_method(card, &customer, &key)
        .await
        .expect("attached");
    for former in store::methods::list(&mut tx, practice, store::methods::Whose::Payer(payer))
        .await
        .expect("read")
    {
        let former = Method {
            is_default: false,
            ..former
        };
        store::methods::update(&mut tx, practice, &former, clock.now())
            .await
            .expect("written");
    }
    let method = visa(payments, (payer, client), (customer, attached.id));
    store::methods::insert(&mut tx, practice, &method)
        .await
        .expect("written");
    tx.commit().await.expect("committed");
    method.method
}

fn visa(
    payments: &Door,
    (payer, client): (Payer, ClientId),
    (processor_customer, processor_method): (String, String),
) -> Method {
    Method {
        method: MethodId::new(&payments.clock),
        payer,
        client,
        kind: MethodKind::Card,
        account: None,
        former: false,
        processor_customer,
        processor_method,
        fingerprint: String::new(),
        brand: "visa".to_owned(),
        last4: "4242".to_owned(),
        expiry: Expiry::new(12, 2040),
        funding: Funding::Credit,
        hsa_fsa: false,
        zip_check: ZipCheck::Unchecked,
        state: MethodState::Active,
        is_default: true,
        authorization: None,
        replaced_by: None,
        create_time: payments.clock.now(),
    }
}

/// A bill as billing's feed tells of it.
pub fn facts(bill: BillId, client: ClientId, balance: i64, due: Date) -> BillFacts {
    let status = if balance > 0 {
        BillStatus::Open
    } else {
        BillStatus::Paid
    };
    BillFacts {
        bill_id: bill.to_string(),
        client_id: client.to_string(),
        number: 1,
        reference: "K7M2-9QXD".to_owned(),
        status: status.into(),
        due_date: Some(rpc::wire::date(due)),
        last_service_date: Some(rpc::wire::date(due)),
        client_balance: Some(usd(balance)),
        insurance_balance: Some(usd(0)),
        ..BillFacts::default()
    }
}

impl Stage {
    pub fn auto_pay(&self) -> AutoPays {
        AutoPays::new(self.owner_connection())
    }

    pub fn upcoming(&self) -> Upcoming {
        Upcoming::new(self.owner_connection())
    }

    fn owner_connection(&self) -> Connection {
        let practice = self.practice;
        self.connection(move |claims| Claims {
            practice_id: Some(practice.to_string()),
            ..claims
        })
    }

    /// As the stage's client, in the portal.
    pub fn client_connection(&self) -> Connection {
        let (practice, client) = (self.practice, self.client);
        self.connection(move |claims| Claims {
            sub: format!("client:{client}"),
            role: Role::Client,
            practice_id: Some(practice.to_string()),
            client_ids: vec![client.to_string()],
            ..claims
        })
    }

    pub fn today(&self) -> Date {
        let zone = jiff::tz::TimeZone::get("America/New_York").expect("a zone");
        self.clock.now().to_zoned(zone).date()
    }

    /// Puts a card of the stage's client on file.
    pub async fn card_on_file(&self, card: &str) -> MethodId {
        let whose = (Payer::Client(self.client), self.client);
        on_file(&self.door(), self.practice, whose, card).await
    }

    fn door(&self) -> Door {
        Door {
            db: self.db.pool().clone(),
            clock: self.clock.clone(),
            processor: self.payments.processor.clone(),
        }
    }

    pub async fn contacts_card_on_file(&self, contact: ContactId, card: &str) -> MethodId {
        let whose = (Payer::Contact(contact), self.client);
        on_file(&self.door(), self.practice, whose, card).await
    }

    pub fn turn_on_request(&self) -> TurnOnAutoPayRequest {
        TurnOnAutoPayRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: self.client.to_string(),
            ..TurnOnAutoPayRequest::default()
        }
    }

    pub async fn try_turn_on(&self, request: TurnOnAutoPayRequest) -> Result<AutoPay, Status> {
        let answer = self.auto_pay().turn_on_auto_pay(request).await?;
        Ok(answer.into_inner().auto_pay.expect("AutoPay"))
    }

    pub async fn turn_on(&self) -> AutoPay {
        self.try_turn_on(self.turn_on_request()).await.expect("on")
    }

    /// A bill of the stage's client that was issued just now and is due on a day.
    pub async fn owed(&self, balance: i64, due: Date) -> BillId {
        let bill = self.untold_bill(balance);
        self.clock.advance(SignedDuration::from_secs(1));
        let issued = BillIssued {
            bill: Some(facts(bill, self.client, balance, due)),
        };
        self.told(&issued).await;
        bill
    }

    /// billing says anew what it knows of a bill.
    pub async fn told_facts(&self, facts: BillFacts) {
        let changed = BillBalanceChanged {
            bill: Some(facts),
            entry_id: String::new(),
        };
        self.told(&changed).await;
    }

    pub async fn hold(&self, bill: BillId) {
        let request = HoldAutoPayItemRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.to_string(),
            reason: "the client called".to_owned(),
        };
        let held = self.auto_pay().hold_auto_pay_item(request).await;
        held.expect("held");
    }

    pub async fn release(&self, bill: BillId) {
        let request = ReleaseAutoPayItemRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            bill_id: bill.to_string(),
        };
        let free = self.auto_pay().release_auto_pay_item(request).await;
        free.expect("free");
    }

    pub async fn turn_off(&self) -> AutoPay {
        let request = TurnOffAutoPayRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: self.client.to_string(),
        };
        let off = self.auto_pay().turn_off_auto_pay(request).await;
        off.expect("off").into_inner().auto_pay.expect("AutoPay")
    }

    pub async fn told(&self, message: &impl prost_reflect::ReflectMessage) {
        apply_at(
            self.db.pool(),
            &Bills,
            self.practice,
            (&self.clock, message),
        )
        .await;
    }

    /// billing's feed comes: what the bill's balance is, and which payments are booked.
    pub async fn feed_comes(&self, bill: BillId, due: Date) {
        let balance = self.billing.balance(bill);
        let changed = BillBalanceChanged {
            bill: Some(facts(bill, self.client, balance, due)),
            entry_id: String::new(),
        };
        self.told(&changed).await;
        let posted: Vec<String> = self.billing.books().payments.keys().cloned().collect();
        for payment_id in posted {
            let posted = PaymentPosted {
                payment_id,
                ..PaymentPosted::default()
            };
            self.told(&posted).await;
        }
    }

    pub async fn insurer_paid(&self, bill: BillId, decided: bool) {
        let recorded = InsurerPaymentRecorded {
            bill_id: bill.to_string(),
            client_id: self.client.to_string(),
            decided,
            ..InsurerPaymentRecorded::default()
        };
        self.told(&recorded).await;
    }

    /// The next night comes and is run; answers its day.
    pub async fn night(&self) -> Date {
        self.nights_later(1).await
    }

    /// So many nights later one is run.
    pub async fn nights_later(&self, nights: i32) -> Date {
        let zone = jiff::tz::TimeZone::get("America/New_York").expect("a zone");
        let day = self.today().saturating_add(nights.days());
        let begin = day.at(4, 0, 0, 0).to_zoned(zone).expect("an instant");
        self.clock.set(begin.timestamp());
        assert_eq!(
            run_nights_due(&self.payments).await.expect("run"),
            1,
            "{day}"
        );
        day
    }

    pub async fn items(&self, run_date: Date) -> Vec<AutoPayItem> {
        let request = ListAutoPayItemsRequest {
            practice_id: self.practice.to_string(),
            run_date: Some(rpc::wire::date(run_date)),
            ..ListAutoPayItemsRequest::default()
        };
        let answer = self.auto_pay().list_auto_pay_items(request).await;
        answer.expect("listed").into_inner().items
    }

    pub async fn runs(&self) -> Vec<AutoPayRun> {
        let request = ListAutoPayRunsRequest {
            practice_id: self.practice.to_string(),
            ..ListAutoPayRunsRequest::default()
        };
        let answer = self.auto_pay().list_auto_pay_runs(request).await;
        answer.expect("listed").into_inner().runs
    }

    /// What became of a bill in a night, and why.
    pub async fn fate(&self, run_date: Date, bill: BillId) -> (AutoPayOutcome, AutoPaySkipReason) {
        let items = self.items(run_date).await;
        let item = items.iter().find(|item| item.bill_id == bill.to_string());
        item.map_or(
            (AutoPayOutcome::Unspecified, AutoPaySkipReason::Unspecified),
            |item| (item.outcome(), item.skip_reason()),
        )
    }

    pub async fn preview(&self) -> PreviewAutoPayResponse {
        let request = PreviewAutoPayRequest {
            practice_id: self.practice.to_string(),
            ..PreviewAutoPayRequest::default()
        };
        let answer = self.auto_pay().preview_auto_pay(request).await;
        answer.expect("shown").into_inner()
    }

    /// Charges at the processor, declined ones included.
    pub async fn charges(&self) -> usize {
        let book = self.asked("book").await;
        book["accounts"][0]["charges"]
            .as_array()
            .map_or(0, Vec::len)
    }
}
