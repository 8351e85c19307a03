use crate::adjustments::off;
use crate::app::{TODAY, TestApp, reason, usd};
use crate::importing::{CLIENTS, NPI};
use futures::future::join_all;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use proto::billing::v1::{
    AddContactRequest, AdjustBillRequest, ApplyCreditRequest, Bill, BillContent, CancelBillRequest,
    Contact, EditBillRequest, GetClientRequest, Import, ImportFileKind, ImportState,
    IssueBillRequest, ListBillsRequest, ListSessionsRequest, PostPaymentRequest, ProductLine,
    RecordSessionRequest, ServiceLine, Session, SessionToBill, ShareBillRequest,
};
use proto::google::r#type::Date;
use std::fmt::Write as _;
use testkit::request_id;
use tonic::Status;
use tonic_types::StatusExt as _;

/// Rows of each file about clients 1, 2, 3, …, as cents.
#[derive(Clone, Debug)]
struct History {
    clients: usize,
    balances: Vec<i64>,
    credits: Vec<i64>,
    bills: Vec<(usize, i64, i64)>,
    sessions: Vec<(usize, i64, i32)>,
}

fn history() -> impl Strategy<Value = History> {
    let cents = || 1_i64..5_000_000;
    (1_usize..9).prop_flat_map(move |clients| {
        let bill = (0..clients, cents(), 0_i64..100_000);
        let session = (0..clients, 0_i64..100_000, 1_i32..5);
        (
            prop::collection::vec(cents(), 0..=clients),
            prop::collection::vec(cents(), 0..=clients),
            prop::collection::vec(bill, 0..12),
            prop::collection::vec(session, 0..12),
        )
            .prop_map(move |(balances, credits, bills, sessions)| History {
                clients,
                balances,
                credits,
                bills,
                sessions,
            })
    })
}

fn decimal(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

impl History {
    /// The files, without those that have no rows.
    fn files(&self) -> Vec<(ImportFileKind, String)> {
        let mut clients = "client_id,given_name,family_name\n".to_owned();
        let mut balances = "client_id,amount,as_of_date\n".to_owned();
        let mut credits = "client_id;amount;date\n".to_owned();
        let mut bills =
            "client_id,invoice_number,issue_date,description,total,paid,client_owes\n".to_owned();
        let mut sessions = "session_id,client_id,clinician_npi,date,time,service_code,description,units,unit_price,outcome\n".to_owned();
        for client in 0..self.clients {
            writeln!(clients, "C-{client},Client,{client}").expect("a text");
        }
        for (client, cents) in self.balances.iter().enumerate() {
            writeln!(balances, "C-{client},{},2026-01-31", decimal(*cents)).expect("a text");
        }
        for (client, cents) in self.credits.iter().enumerate() {
            writeln!(credits, "C-{client};{};2026-01-31", decimal(*cents)).expect("a text");
        }
        for (at, (client, owes, paid)) in self.bills.iter().enumerate() {
            let (total, paid, owes) = (decimal(owes + paid), decimal(*paid), decimal(*owes));
            writeln!(
                bills,
                "C-{client},{at},2026-01-05,Sessions,{total},{paid},{owes}"
            )
            .expect("a text");
        }
        for (at, (client, price, units)) in self.sessions.iter().enumerate() {
            let price = decimal(*price);
            writeln!(
                sessions,
                "S-{at},C-{client},{NPI},2026-02-02,10:00,90837,Therapy,{units},{price},completed"
            )
            .expect("a text");
        }
        let all = [
            (ImportFileKind::Clients, clients),
            (ImportFileKind::OpeningBalances, balances),
            (ImportFileKind::Credits, credits),
            (ImportFileKind::OpenBills, bills),
            (ImportFileKind::Sessions, sessions),
        ];
        let with_rows = all.into_iter().filter(|(_, text)| text.lines().count() > 1);
        with_rows.collect()
    }

    fn owed(&self) -> i64 {
        let bills = self.bills.iter().map(|(_, owes, _)| owes);
        self.balances.iter().chain(bills).sum()
    }

    fn pending(&self) -> i64 {
        let price = |(_, price, units): &(usize, i64, i32)| price * i64::from(*units);
        self.sessions.iter().map(price).sum()
    }
}

impl TestApp {
    async fn owed_and_held(&self) -> (i64, i64) {
        sqlx::query_as(
            "select
                coalesce(sum(debits_minor - credits_minor) filter (where kind = 'client_receivable'), 0)::bigint,
                coalesce(sum(credits_minor - debits_minor) filter (where kind = 'client_credit'), 0)::bigint
            from billing.accounts
            where practice_id = $1",
        )
        .bind(self.practice.uuid())
        .fetch_one(self.db.owner_pool())
        .await
        .expect("read")
    }

    async fn pending_minor(&self) -> i64 {
        let request = ListSessionsRequest {
            practice_id: self.practice.to_string(),
            ..ListSessionsRequest::default()
        };
        let listed = self
            .sessions()
            .list_sessions(request)
            .await
            .expect("listed");
        crate::app::minor(&listed.into_inner().total_amount)
    }

    async fn take_history(&self, history: &History) -> Import {
        let files = history.files();
        let files: Vec<_> = files
            .iter()
            .map(|(kind, text)| (*kind, text.as_str()))
            .collect();
        self.taken(&files).await
    }

    /// Two clients, one who owes 40.00, one for whom 25.50 is held, and a session of hers.
    pub async fn taken_by_two(&self) -> Import {
        self.clinician_with_npi().await;
        let session = format!(
            "session_id,client_id,clinician_npi,date,time,service_code,description,unit_price,outcome\n\
            S-1,C-2,{NPI},2026-02-26,14:00,90837,Psychotherapy,150.00,completed\n"
        );
        self.taken(&[
            (ImportFileKind::Clients, CLIENTS),
            (
                ImportFileKind::OpeningBalances,
                "client_id,amount,as_of_date\nC-1,40.00,2026-02-27\n",
            ),
            (
                ImportFileKind::Credits,
                "client_id,amount,date\nC-2,25.50,2026-02-27\n",
            ),
            (ImportFileKind::Sessions, &session),
        ])
        .await
    }

    pub async fn only_bill(&self) -> Bill {
        let request = ListBillsRequest {
            practice_id: self.practice.to_string(),
            ..ListBillsRequest::default()
        };
        let listed = self.bills().list_bills(request).await.expect("listed");
        listed.into_inner().bills.pop().expect("a bill")
    }
}

/// Random histories: what comes in is what the files say, and what goes leaves every account as it was.
#[tokio::test]
async fn r10_sums_in_are_sums_out_and_an_undone_import_leaves_every_balance_as_before() {
    let app = TestApp::start().await;
    app.clinician_with_npi().await;
    // Something of the practice's own beside it.
    app.issue(4_000, 11_000).await;
    app.post(&app.payment(1_500, &[])).await;
    let before = (
        app.standing().await,
        app.owed_and_held().await,
        app.pending_minor().await,
    );
    let mut runner = TestRunner::deterministic();
    for _ in 0..12 {
        let history = history()
            .new_tree(&mut runner)
            .expect("a history")
            .current();
        let import = app.take_history(&history).await;
        let (owed, held) = before.1;
        assert_eq!(
            app.owed_and_held().await,
            (
                owed + history.owed(),
                held + history.credits.iter().sum::<i64>()
            ),
            "{history:?}"
        );
        assert_eq!(
            app.pending_minor().await,
            before.2 + history.pending(),
            "{history:?}"
        );
        assert_eq!(app.violations().await, []);
        let undone = app.undo(&import).await.expect("taken back");
        assert_eq!(undone.state(), ImportState::Undone);
        let after = (
            app.standing().await,
            app.owed_and_held().await,
            app.pending_minor().await,
        );
        assert_eq!(after, before, "{history:?}");
        assert_eq!(app.client_named("C-0").await, None, "its id is free again");
    }
    app.finish().await;
}

#[tokio::test]
async fn r10_what_was_taken_back_can_be_imported_again_corrected() {
    let app = TestApp::start().await;
    let import = app.taken_by_two().await;
    let bill = app.only_bill().await;
    let share = ShareBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        ..ShareBillRequest::default()
    };
    app.bills()
        .share_bill(share)
        .await
        .expect("a bill that was told of");
    let grace = app.client_named("C-1").await.expect("a client");
    app.undo(&import).await.expect("taken back");
    let cancelled = app.bill(&bill).await;
    assert_eq!(
        cancelled.status(),
        proto::billing::v1::BillStatus::Cancelled
    );
    let removed = GetClientRequest {
        practice_id: app.practice.to_string(),
        client_id: grace.client_id.clone(),
    };
    let read = app.people().get_client(removed).await;
    read.expect("the cancelled bill's client can still be read");
    let session = RecordSessionRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        session: Some(session_of(&app, &grace.client_id).await),
    };
    assert_eq!(
        reason(app.sessions().record_session(session).await),
        "CLIENT_NOT_FOUND"
    );
    assert_eq!(
        app.count_events("evenkeel.billing.v1.SessionRemoved").await,
        1
    );
    assert_eq!(
        app.count_events("evenkeel.billing.v1.BillCancelled").await,
        1
    );

    let corrected = app
        .taken(&[
            (ImportFileKind::Clients, CLIENTS),
            (
                ImportFileKind::OpeningBalances,
                "client_id,amount,as_of_date\nC-1,40.00,2026-02-27\n",
            ),
        ])
        .await;
    assert_eq!(corrected.state(), ImportState::Committed);
    let again = app.only_bill().await;
    assert_eq!(
        app.bill(&again).await.number,
        1,
        "the first one's number stays its own"
    );
    app.finish().await;
}

async fn session_of(app: &TestApp, client_id: &str) -> Session {
    let clinician: uuid::Uuid = sqlx::query_scalar(
        "select clinician_id from billing.clinicians where practice_id = $1 limit 1",
    )
    .bind(app.practice.uuid())
    .fetch_one(app.db.owner_pool())
    .await
    .expect("a clinician");
    Session {
        client_id: client_id.to_owned(),
        clinician_id: ids::ClinicianId::from(clinician).to_string(),
        start_time: Some(prost_types::Timestamp {
            seconds: app.clock.now().as_second(),
            nanos: 0,
        }),
        outcome: proto::billing::v1::Outcome::Completed.into(),
        lines: vec![ServiceLine {
            service_code: "90837".to_owned(),
            description: "Psychotherapy".to_owned(),
            units: 1,
            unit_price: Some(usd(15_000)),
            ..ServiceLine::default()
        }],
        ..Session::default()
    }
}

/// What of the refusal names what is in the way.
pub fn in_use(refused: Result<Import, Status>) -> Vec<String> {
    let status = refused.expect_err("in use");
    let named = status
        .get_details_precondition_failure()
        .expect("what is in the way");
    assert_eq!(reason::<()>(Err(status)), "IMPORT_IN_USE");
    let mut told: Vec<_> = named
        .violations
        .into_iter()
        .map(|it| it.description)
        .collect();
    told.sort();
    told
}

#[tokio::test]
async fn r10_an_import_whose_bill_was_paid_is_not_undone() {
    let app = TestApp::start().await;
    let import = app.taken_by_two().await;
    let grace = app.client_named("C-1").await.expect("a client");
    let bill = app.only_bill().await;
    let hold = app.hold(&bill, 4_000);
    app.as_payments()
        .place_hold(hold.clone())
        .await
        .expect("held");
    assert_eq!(in_use(app.undo(&import).await), ["(1) is being paid"]);
    let payment = PostPaymentRequest {
        payment_id: hold.payment_id,
        client_id: grace.client_id,
        ..app.payment(1_000, &[(&bill, 1_000)])
    };
    let before = app.standing().await;
    app.post(&payment).await;
    let kept = |left: &str| {
        let of = format!(
            "of {} is not refunded: {left} is left of it",
            payment.client_id
        );
        vec!["(1) has payments".to_owned(), of]
    };
    assert_eq!(in_use(app.undo(&import).await), kept("$10.00"));
    app.refund(&payment, 400).await;
    assert_eq!(in_use(app.undo(&import).await), kept("$6.00"));
    app.refund(&payment, 600).await;
    assert_eq!(app.standing().await, before);
    app.finish().await;
}

#[tokio::test]
async fn r10_an_import_whose_credit_or_session_was_used_is_not_undone() {
    let app = TestApp::start().await;
    let import = app.taken_by_two().await;
    let alan = app.client_named("C-2").await.expect("a client");
    let request = ListSessionsRequest {
        practice_id: app.practice.to_string(),
        client_id: alan.client_id.clone(),
        ..ListSessionsRequest::default()
    };
    let listed = app.sessions().list_sessions(request).await.expect("listed");
    let session = listed.into_inner().sessions.pop().expect("a session");
    let issue = IssueBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: alan.client_id.clone(),
        sessions: vec![SessionToBill {
            session_id: session.session_id,
            ..SessionToBill::default()
        }],
        ..IssueBillRequest::default()
    };
    let issued = app.bills().issue_bill(issue).await.expect("issued");
    let bill = issued.into_inner().bill.expect("a bill");
    let credit = ApplyCreditRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id.clone(),
        amount: Some(usd(550)),
    };
    app.ledger().apply_credit(credit).await.expect("applied");
    let contact = AddContactRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: alan.client_id.clone(),
        contact: Some(Contact {
            given_name: "Sara".to_owned(),
            family_name: "Turing".to_owned(),
            ..Contact::default()
        }),
    };
    app.people().add_contact(contact).await.expect("added");
    let before = app.standing().await;
    assert_eq!(
        in_use(app.undo(&import).await),
        [
            "has a bill that did not come with it",
            "has a contact that did not come with it",
            "has used credit: $20.00 is left of $25.50",
            "is on bill 2",
        ]
    );
    assert_eq!(app.standing().await, before);
    assert!(
        app.client_named("C-1").await.is_some(),
        "nothing of it went"
    );
    app.finish().await;
}

#[tokio::test]
async fn r10_a_contact_that_goes_gives_the_bills_back_to_whom_they_went_before() {
    let app = TestApp::start().await;
    let own = app.client.to_string();
    let contact = AddContactRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: own.clone(),
        contact: Some(Contact {
            given_name: "Byron".to_owned(),
            family_name: "King".to_owned(),
            billing_contact: true,
            ..Contact::default()
        }),
    };
    let added = app.people().add_contact(contact).await.expect("added");
    let first = added.into_inner().contact.expect("a contact").contact_id;
    let billed = async || {
        let request = GetClientRequest {
            practice_id: app.practice.to_string(),
            client_id: own.clone(),
        };
        let read = app
            .people()
            .get_client(request)
            .await
            .expect("read")
            .into_inner();
        (
            read.client.expect("a client").billing_contact_id,
            read.contacts.len(),
        )
    };
    let text = format!("client_id,given_name,family_name,billing_contact\n{own},Anne,Blunt,yes\n");
    let import = app.taken(&[(ImportFileKind::Contacts, &text)]).await;
    let (now, count) = billed().await;
    assert!(now != first && count == 2);
    app.undo(&import).await.expect("taken back");
    assert_eq!(billed().await, (first, 1));
    app.finish().await;
}

#[tokio::test]
async fn r10_what_was_brought_stays_on_its_bill_while_terms_and_reductions_are_the_practices() {
    let app = TestApp::start().await;
    let import = app.taken_by_two().await;
    let bill = app.only_bill().await;
    let anew = EditBillRequest {
        content: Some(BillContent {
            products: vec![ProductLine {
                name: "Workbook".to_owned(),
                price: Some(usd(4_000)),
            }],
            ..BillContent::default()
        }),
        ..app.edit_request(&bill)
    };
    assert_eq!(reason(app.edit(anew).await), "BILL_WAS_BROUGHT");
    let later = EditBillRequest {
        due_date: Some(Date { day: 30, ..TODAY }),
        ..app.edit_request(&bill)
    };
    let edited = app.edit(later).await.expect("edited");
    assert_eq!(app.bill(&edited).await.lines.len(), 1);
    let adjust = AdjustBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: bill.bill_id,
        reduction: Some(off(500)),
    };
    app.bills().adjust_bill(adjust).await.expect("taken off");
    assert_eq!(
        in_use(app.undo(&import).await),
        ["(1) was changed: adjustment"]
    );
    app.finish().await;
}

#[tokio::test]
async fn r10_a_bill_that_was_cancelled_by_hand_is_no_obstacle() {
    let app = TestApp::start().await;
    let before = app.standing().await;
    let import = app.taken_by_two().await;
    let cancel = CancelBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: app.only_bill().await.bill_id,
        reason: "forgiven".to_owned(),
    };
    app.bills().cancel_bill(cancel).await.expect("cancelled");
    app.undo(&import).await.expect("taken back");
    assert_eq!(app.standing().await, before);
    app.finish().await;
}

/// Of undoing and building on it at once, whichever comes first, the other one is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r10_undoing_and_building_on_it_at_once_never_do_both() {
    let app = TestApp::start().await;
    app.clinician_with_npi().await;
    for round in 0..6 {
        let clients = format!("client_id,given_name,family_name\nR-{round},Round,{round}\n");
        let import = app.taken(&[(ImportFileKind::Clients, &clients)]).await;
        let client = app
            .client_named(&format!("R-{round}"))
            .await
            .expect("a client");
        let session = session_of(&app, &client.client_id).await;
        let records = (0..3).map(|_| {
            let request = RecordSessionRequest {
                practice_id: app.practice.to_string(),
                request_id: request_id(),
                session: Some(session.clone()),
            };
            let mut sessions = app.sessions();
            async move { sessions.record_session(request).await }
        });
        let (undone, recorded) = tokio::join!(app.undo(&import), join_all(records));
        let recorded_any = recorded.iter().any(Result::is_ok);
        assert_ne!(undone.is_ok(), recorded_any, "round {round}: {undone:?}");
    }
    app.finish().await;
}
