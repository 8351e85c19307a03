//! Events taken in together, against the same events taken in one after the other: nobody can tell the practices apart.

use crate::app::projections;
use clock::Clock;
use ids::{ClientId, EntryId, EventId, InsurerPaymentId, PaymentId, PracticeId, RefundId};
use pg::Announcement;
use pg::feed::{Event, Handler as _};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use proto::billing::v1::AccountKind::{self, *};
use proto::billing::v1::{
    BillShared, Entry, EntryKind, EntryPosted, InsurerPaymentRecorded, PaymentCorrected,
    PaymentKind, PaymentPosted, RefundPosted, Transfer,
};
use proto::google::r#type::Date;
use proto::money::v1::Money;
use reporting::work::Books;
use reporting::{MIGRATOR, SCHEMA};
use testkit::TestDatabase;
use tokio::runtime::Runtime;

/// Days and refunds are few, so that they meet.
#[derive(Clone, Debug)]
enum Act {
    /// Day, currency, transfers.
    Booked(i32, usize, Vec<(AccountKind, AccountKind, i64)>),
    /// Day, amount, what of it is credit.
    Paid(i32, i64, i64),
    /// Day, amount, which may be 0.
    InsurerPaid(i32, i64),
    /// The payment of this place came on that day.
    Corrected(usize, i32),
    /// The refund gives back the payment of this place.
    Refunded(usize, usize),
    /// The refund's entry: day, amount, whether it came back.
    GaveBack(usize, i32, i64, bool),
    /// Nothing of it matters here.
    Shared,
}

fn act() -> impl Strategy<Value = Act> {
    let accounts = prop::sample::select(vec![
        (ClientReceivable, ServiceRevenue),
        (ServiceRevenue, ClientReceivable),
        (ClientReceivable, FeeRevenue),
        (WriteOffs, ClientReceivable),
        (AccountKind::Cash, ClientReceivable),
        (AccountKind::Cash, ClientCredit),
        (ClientReceivable, AccountKind::Cash),
        (ClientCredit, ClientReceivable),
        (Bank, ProcessorClearing),
    ]);
    // Few amounts, so that what was booked is often taken back.
    let amount = || prop::sample::select(vec![1_i64, 500, 900, 12_345]);
    let moved = (accounts, amount()).prop_map(|((debit, credit), minor)| (debit, credit, minor));
    let moved = prop::collection::vec(moved, 0..4);
    let (day, refund, place) = (|| 1..4_i32, || 0..3_usize, || 0..20_usize);
    prop_oneof![
        6 => (day(), prop::sample::select(vec![0_usize, 0, 0, 1]), moved)
            .prop_map(|(day, currency, moved)| Act::Booked(day, currency, moved)),
        4 => (day(), amount(), 0..2_i64).prop_map(|(day, amount, credit)| Act::Paid(day, amount, credit)),
        1 => (day(), 0..2_i64).prop_map(|(day, amount)| Act::InsurerPaid(day, amount)),
        2 => (place(), day()).prop_map(|(place, day)| Act::Corrected(place, day)),
        2 => (refund(), place()).prop_map(|(refund, place)| Act::Refunded(refund, place)),
        2 => (refund(), day(), amount(), any::<bool>())
            .prop_map(|(refund, day, amount, back)| Act::GaveBack(refund, day, amount, back)),
        1 => Just(Act::Shared),
    ]
}

fn day(day: i32) -> Option<Date> {
    Some(crate::app::day(3, day))
}

fn money(minor_units: i64, currency: usize) -> Option<Money> {
    let currency_code = ["USD", "CAD"][currency].to_owned();
    Some(Money {
        currency_code,
        minor_units,
    })
}

/// Writes what billing would have told.
struct Teller {
    clock: Clock,
    client: ClientId,
    /// By place.
    payments: Vec<PaymentId>,
    refunds: Vec<RefundId>,
}

impl Teller {
    fn new() -> Self {
        let clock = Clock::system();
        Self {
            client: ClientId::new(&clock),
            payments: Vec::new(),
            refunds: std::iter::repeat_with(|| RefundId::new(&clock))
                .take(3)
                .collect(),
            clock,
        }
    }

    /// None for what is about a payment that nobody made.
    fn told(&mut self, act: &Act) -> Option<Announcement> {
        let client_id = self.client.to_string();
        match act {
            Act::Booked(day, currency, moved) => {
                let entry = self.entry(*day, *currency, moved);
                Some(Announcement::of(
                    self.id(),
                    &EntryPosted { entry: Some(entry) },
                ))
            }
            Act::Paid(on, amount, credited) => {
                let payment = PaymentId::new(&self.clock);
                self.payments.push(payment);
                Some(Announcement::of(
                    self.id(),
                    &PaymentPosted {
                        payment_id: payment.to_string(),
                        client_id,
                        kind: PaymentKind::Check.into(),
                        amount: money(*amount, 0),
                        receive_date: day(*on),
                        credited: money(*credited, 0),
                        method_text: "Check".to_owned(),
                        ..PaymentPosted::default()
                    },
                ))
            }
            Act::InsurerPaid(on, amount) => Some(Announcement::of(
                self.id(),
                &InsurerPaymentRecorded {
                    insurer_payment_id: InsurerPaymentId::new(&self.clock).to_string(),
                    client_id,
                    paid: money(*amount, 0),
                    receive_date: day(*on),
                    payer_name: "Aetna".to_owned(),
                    ..InsurerPaymentRecorded::default()
                },
            )),
            Act::Corrected(place, on) => Some(Announcement::of(
                self.id(),
                &PaymentCorrected {
                    payment_id: self.payments.get(*place)?.to_string(),
                    client_id,
                    receive_date: day(*on),
                    ..PaymentCorrected::default()
                },
            )),
            Act::Refunded(refund, place) => Some(Announcement::of(
                self.id(),
                &RefundPosted {
                    refund_id: self.refunds[*refund].to_string(),
                    payment_id: self.payments.get(*place)?.to_string(),
                    client_id,
                    ..RefundPosted::default()
                },
            )),
            Act::GaveBack(refund, day, amount, came_back) => {
                Some(self.gave_back(*refund, *day, *amount, *came_back))
            }
            Act::Shared => Some(Announcement::of(self.id(), &BillShared::default())),
        }
    }

    fn gave_back(&self, refund: usize, day: i32, amount: i64, came_back: bool) -> Announcement {
        let (owed, cash) = (ClientReceivable, AccountKind::Cash);
        let moved = if came_back {
            (cash, owed, amount)
        } else {
            (owed, cash, amount)
        };
        let mut entry = self.entry(day, 0, &[moved]);
        entry.refund_id = self.refunds[refund].to_string();
        if came_back {
            entry.kind = EntryKind::RefundReturned.into();
        }
        Announcement::of(self.id(), &EntryPosted { entry: Some(entry) })
    }

    fn entry(
        &self,
        date: i32,
        currency: usize,
        moved: &[(AccountKind, AccountKind, i64)],
    ) -> Entry {
        let transfers = moved.iter().map(|(debit, credit, minor)| Transfer {
            debit_account_kind: (*debit).into(),
            credit_account_kind: (*credit).into(),
            amount: money(*minor, currency),
            ..Transfer::default()
        });
        Entry {
            entry_id: EntryId::new(&self.clock).to_string(),
            entry_date: day(date),
            transfers: transfers.collect(),
            ..Entry::default()
        }
    }

    fn id(&self) -> EventId {
        EventId::new(&self.clock)
    }
}

/// Takes the events into a practice of their own, so many at once, over and over; answers what is in its projections.
async fn take_in(db: &TestDatabase, told: &[Announcement], sizes: &[usize]) -> Vec<String> {
    let clock = Clock::system();
    let practice = PracticeId::new(&clock);
    let events = (1..).zip(told).map(|(sequence, told)| Event {
        practice,
        sequence,
        event_id: told.event_id,
        event_type: told.event_type.clone(),
        payload: told.payload.clone().into(),
        occur_time: clock.now(),
    });
    let events: Vec<_> = events.collect();
    let mut rest = events.as_slice();
    for size in sizes.iter().cycle() {
        let (batch, after) = rest.split_at((*size).min(rest.len()));
        let mut tx = pg::begin(db.pool(), practice).await.expect("begun");
        let taken = Books.apply_all(&mut tx, batch).await;
        taken.expect("taken in");
        tx.commit().await.expect("committed");
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    projections(db, practice).await
}

#[test]
fn events_taken_in_together_leave_what_they_leave_one_after_the_other() {
    let runtime = Runtime::new().expect("a runtime");
    let db = runtime.block_on(testkit::database(SCHEMA, &MIGRATOR));
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(48)
    };
    let acts = prop::collection::vec(act(), 1..40);
    let sizes = prop::collection::vec(1..16_usize, 1..6);
    let ran = TestRunner::new(config).run(&(acts, sizes), |(acts, sizes)| {
        let mut teller = Teller::new();
        let told: Vec<_> = acts.iter().filter_map(|act| teller.told(act)).collect();
        let singly = runtime.block_on(take_in(&db, &told, &[1]));
        let together = runtime.block_on(take_in(&db, &told, &sizes));
        prop_assert_eq!(together, singly);
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(async move { drop(db) });
}

#[test]
fn a_payment_that_is_told_twice_in_a_batch_is_an_error_and_nothing_of_it_stays() {
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let db = testkit::database(SCHEMA, &MIGRATOR).await;
        let mut teller = Teller::new();
        let paid = teller.told(&Act::Paid(1, 900, 0)).expect("told");
        let practice = PracticeId::new(&teller.clock);
        let event = |sequence| Event {
            practice,
            sequence,
            event_id: paid.event_id,
            event_type: paid.event_type.clone(),
            payload: paid.payload.clone().into(),
            occur_time: teller.clock.now(),
        };
        let mut tx = pg::begin(db.pool(), practice).await.expect("begun");
        let taken = Books.apply_all(&mut tx, &[event(1), event(2)]).await;
        assert!(matches!(taken, Err(pg::feed::HandlerError::Poison(_))));
        drop(tx);
        assert_eq!(projections(&db, practice).await, Vec::<String>::new());
    });
}
