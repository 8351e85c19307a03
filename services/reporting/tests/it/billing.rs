//! billing, as far as reporting hears of it: a real outbox, served by the real feed.

use crate::app::{day, usd};
use clock::Clock;
use ids::{ClientId, EntryId, EventId, InsurerPaymentId, PaymentId, PracticeId, RefundId};
use pg::feed::{Feed, FeedService};
use pg::{Announcement, Outbox};
use proto::billing::v1::AccountKind::{self, *};
use proto::billing::v1::{
    Entry, EntryPosted, InsurerPaymentRecorded, PaymentCorrected, PaymentKind, PaymentPosted,
    RefundPosted, Transfer,
};
use proto::google::r#type::Date;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr as _};
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};
use testkit::TestDatabase;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

const SCHEMA: &str = "billing";
const OUTBOX: Outbox = Outbox::new(SCHEMA);

static PLUMBING: LazyLock<Migrator> = LazyLock::new(|| {
    let sql = AssertSqlSafe(pg::plumbing(SCHEMA)).into_sql_str();
    let kind = MigrationType::Simple;
    Migrator::with_migrations(vec![Migration::new(1, "plumbing".into(), kind, sql, false)])
});

type Moved = (AccountKind, AccountKind, i64);

/// Books acts and keeps its own sums of them.
pub struct Billing {
    pub db: TestDatabase,
    clock: Clock,
    server: Mutex<Option<testkit::Server>>,
    url: String,
    booked: Mutex<Vec<(PracticeId, Moved)>>,
}

impl Billing {
    pub async fn start(clock: Clock) -> Self {
        let db = testkit::database(SCHEMA, &PLUMBING).await;
        let feed = Feed::start(db.pool().clone(), SCHEMA, CancellationToken::new());
        let server = testkit::serve(Routes::new(FeedService::server(feed, |_, _| Ok(())))).await;
        let url = server.url();
        Self {
            db,
            clock,
            server: Mutex::new(Some(server)),
            url,
            booked: Mutex::default(),
        }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub fn is_up(&self) -> bool {
        self.server.lock().expect("no panic").is_some()
    }

    /// Gone at once, like a killed process.
    pub fn kill(&self) {
        drop(self.server.lock().expect("no panic").take());
    }

    /// What this practice's transfers sum up to: kind, debits, credits.
    pub fn trial_balance(&self, practice: PracticeId) -> Vec<(i32, i64, i64)> {
        let mut sums: BTreeMap<i32, (i64, i64)> = BTreeMap::new();
        for (of, (debit, credit, amount)) in self.booked.lock().expect("no panic").iter() {
            if *of == practice {
                sums.entry((*debit).into()).or_default().0 += amount;
                sums.entry((*credit).into()).or_default().1 += amount;
            }
        }
        let sums = sums.into_iter();
        sums.map(|(kind, (debits, credits))| (kind, debits, credits))
            .collect()
    }

    pub async fn bill(&self, practice: PracticeId, date: Date, client: i64, insurance: i64) {
        let moved = [
            (ClientReceivable, ServiceRevenue, client),
            (InsuranceReceivable, ServiceRevenue, insurance),
        ];
        self.entry(practice, date, &moved).await;
    }

    /// An act of the books without an event of its own that reporting reads.
    pub async fn entry(&self, practice: PracticeId, date: Date, moved: &[Moved]) {
        let entry = self.entry_of(practice, date, moved);
        self.announce(practice, vec![self.posted(entry)]).await;
    }

    pub async fn pay(
        &self,
        practice: PracticeId,
        (kind, text): (PaymentKind, &str),
        date: Date,
        (to_bill, credited): (i64, i64),
    ) -> PaymentId {
        let payment = PaymentId::new(&self.clock);
        let account = account_of(kind);
        let moved = [
            (account, ClientReceivable, to_bill),
            (account, ClientCredit, credited),
        ];
        let mut entry = self.entry_of(practice, date, &moved);
        entry.payment_id = payment.to_string();
        let posted = PaymentPosted {
            payment_id: payment.to_string(),
            client_id: ClientId::new(&self.clock).to_string(),
            kind: kind.into(),
            amount: Some(usd(to_bill + credited)),
            receive_date: Some(date),
            allocations: Vec::new(),
            credited: Some(usd(credited)),
            entry_id: entry.entry_id.clone(),
            method_text: text.to_owned(),
            paid_by: None,
        };
        let posted = Announcement::of(EventId::new(&self.clock), &posted);
        self.announce(practice, vec![posted, self.posted(entry)])
            .await;
        payment
    }

    /// The payment of this much, booked on `from`, came on `to`.
    pub async fn correct(
        &self,
        practice: PracticeId,
        payment: PaymentId,
        (from, to): (Date, Date),
        (account, amount): (AccountKind, i64),
    ) {
        let off = [(ClientReceivable, account, amount)];
        let reverse = self.entry_of(practice, from, &off);
        let on = [(account, ClientReceivable, amount)];
        let anew = self.entry_of(practice, to, &on);
        let corrected = PaymentCorrected {
            payment_id: payment.to_string(),
            client_id: ClientId::new(&self.clock).to_string(),
            receive_date: Some(to),
            previous_date: Some(from),
            method_text: "Check #1042".to_owned(),
            reverse_entry_id: reverse.entry_id.clone(),
            entry_id: anew.entry_id.clone(),
        };
        let corrected = Announcement::of(EventId::new(&self.clock), &corrected);
        let told = vec![corrected, self.posted(reverse), self.posted(anew)];
        self.announce(practice, told).await;
    }

    /// Gives money back from the account it came to, or turns it into credit.
    pub async fn refund(
        &self,
        practice: PracticeId,
        payment: PaymentId,
        date: Date,
        moved: (AccountKind, AccountKind, i64),
    ) {
        let refund = RefundId::new(&self.clock);
        let mut entry = self.entry_of(practice, date, &[moved]);
        entry.refund_id = refund.to_string();
        let posted = RefundPosted {
            refund_id: refund.to_string(),
            payment_id: payment.to_string(),
            client_id: ClientId::new(&self.clock).to_string(),
            amount: Some(usd(moved.2)),
            refund_date: Some(date),
            entry_id: entry.entry_id.clone(),
        };
        let posted = Announcement::of(EventId::new(&self.clock), &posted);
        self.announce(practice, vec![posted, self.posted(entry)])
            .await;
    }

    /// An insurer pays, and what it does not allow is taken off.
    pub async fn insurer(&self, practice: PracticeId, date: Date, paid: i64, disallowed: i64) {
        let payment = InsurerPaymentId::new(&self.clock);
        let moved = [
            (InsurancePayments, InsuranceReceivable, paid),
            (ContractualAdjustments, InsuranceReceivable, disallowed),
        ];
        let mut entry = self.entry_of(practice, date, &moved);
        entry.insurer_payment_id = payment.to_string();
        let recorded = InsurerPaymentRecorded {
            insurer_payment_id: payment.to_string(),
            client_id: ClientId::new(&self.clock).to_string(),
            paid: Some(usd(paid)),
            receive_date: Some(date),
            entry_id: entry.entry_id.clone(),
            payer_name: "Aetna".to_owned(),
            ..InsurerPaymentRecorded::default()
        };
        let recorded = Announcement::of(EventId::new(&self.clock), &recorded);
        self.announce(practice, vec![recorded, self.posted(entry)])
            .await;
    }

    /// A quarter's worth of everything that billing does.
    pub async fn quarter(&self, practice: PracticeId) {
        use PaymentKind::*;
        self.bill(practice, day(1, 5), 4_000, 11_000).await;
        self.pay(
            practice,
            (Card, "Visa ending in 4242"),
            day(1, 5),
            (4_000, 0),
        )
        .await;
        self.insurer(practice, day(2, 10), 7_500, 3_500).await;
        self.bill(practice, day(2, 12), 9_000, 0).await;
        let cash = self
            .pay(practice, (Cash, "Cash"), day(2, 12), (5_000, 1_000))
            .await;
        self.entry(practice, day(2, 20), &[(WriteOffs, ClientReceivable, 500)])
            .await;
        let credit = [(ClientCredit, ClientReceivable, 1_000)];
        self.entry(practice, day(3, 1), &credit).await;
        self.pay(practice, (Other, "Venmo"), day(3, 2), (2_500, 0))
            .await;
        let back = (ClientReceivable, AccountKind::Cash, 1_200);
        self.refund(practice, cash, day(3, 3), back).await;
    }

    fn entry_of(&self, practice: PracticeId, date: Date, moved: &[Moved]) -> Entry {
        let moved: Vec<_> = moved.iter().filter(|moved| moved.2 > 0).copied().collect();
        let mut booked = self.booked.lock().expect("no panic");
        booked.extend(moved.iter().map(|moved| (practice, *moved)));
        let transfers = moved.into_iter().map(|(debit, credit, minor)| Transfer {
            debit_account_kind: debit.into(),
            credit_account_kind: credit.into(),
            amount: Some(usd(minor)),
            ..Transfer::default()
        });
        Entry {
            entry_id: EntryId::new(&self.clock).to_string(),
            entry_date: Some(date),
            transfers: transfers.collect(),
            ..Entry::default()
        }
    }

    fn posted(&self, entry: Entry) -> Announcement {
        Announcement::of(
            EventId::new(&self.clock),
            &EntryPosted { entry: Some(entry) },
        )
    }

    pub async fn announce(&self, practice: PracticeId, events: Vec<Announcement>) {
        let mut tx = pg::begin(self.db.pool(), practice).await.expect("begin");
        let now = self.clock.now();
        let appended = OUTBOX.append(&mut tx, practice, now, &events).await;
        appended.expect("append");
        tx.commit().await.expect("commit");
    }
}

fn account_of(kind: PaymentKind) -> AccountKind {
    match kind {
        PaymentKind::Card | PaymentKind::BankDebit | PaymentKind::Unspecified => ProcessorClearing,
        PaymentKind::Cash => Cash,
        PaymentKind::Check => Checks,
        PaymentKind::CardElsewhere | PaymentKind::BankElsewhere => CardElsewhere,
        PaymentKind::Other => OtherReceived,
    }
}
