use crate::app::{TestApp, due, minor, reason, usd};
use crate::documents::{pdf, says};
use crate::importing::{CLIENTS, NPI};
use futures::future::join_all;
use proto::billing::v1::{
    AccountKind, ApplyCreditRequest, Bill, BillStatus, DownloadBillRequest,
    DownloadStatementRequest, ExpectedTotals, GetClientRequest, GetImportRequest,
    GetStatementRequest, GetTrialBalanceRequest, Import, ImportFileKind, ImportState,
    ListBillsRequest, ListSessionsRequest, PostPaymentRequest, SessionState,
};
use testkit::request_id;
use tonic_types::StatusExt as _;

const BALANCES: &str = "client_id,amount,as_of_date,note\nC-1,40.00,2026-02-27,January\n";
const CREDITS: &str = "client_id,amount,date\nC-2,25.50,2026-02-28\n";
const BILLS: &str = "client_id,invoice_number,issue_date,due_date,description,total,paid,client_owes\n\
    C-2,2025-7,2025-12-15,2026-01-14,Psychotherapy,450.00,300.00,150.00\n";
const CONTACTS: &str = "client_id,given_name,family_name,email,relationship,billing_contact\n\
    C-2,Sara,Turing,sara@example.org,mother,yes\n";

fn sessions() -> String {
    format!(
        "session_id,client_id,clinician_npi,date,time,service_code,description,unit_price,outcome\n\
        S-1,C-1,{NPI},2026-02-26,14:00,90837,Psychotherapy,150.00,completed\n\
        S-1,C-1,{NPI},2026-02-26,14:00,90785,Interactive complexity,15.00,completed\n\
        S-2,C-2,{NPI},2026-02-27,09:30,90834,Psychotherapy,120.00,cancelled_by_client\n"
    )
}

/// Everything that a practice can bring.
async fn everything(app: &TestApp) -> Import {
    app.clinician_with_npi().await;
    let sessions = sessions();
    app.prepared(&[
        (ImportFileKind::Clients, CLIENTS),
        (ImportFileKind::Contacts, CONTACTS),
        (ImportFileKind::OpeningBalances, BALANCES),
        (ImportFileKind::Credits, CREDITS),
        (ImportFileKind::OpenBills, BILLS),
        (ImportFileKind::Sessions, &sessions),
    ])
    .await
}

async fn bills(app: &TestApp) -> Vec<Bill> {
    let request = ListBillsRequest {
        practice_id: app.practice.to_string(),
        ..ListBillsRequest::default()
    };
    let listed = app.bills().list_bills(request).await.expect("listed");
    listed.into_inner().bills
}

async fn read(app: &TestApp, import: &Import) -> Import {
    let request = GetImportRequest {
        practice_id: app.practice.to_string(),
        import_id: import.import_id.clone(),
    };
    let read = app.imports().get_import(request).await.expect("read");
    read.into_inner().import.expect("an import")
}

#[tokio::test]
async fn r10_codes_that_no_session_may_have_are_shown_with_their_line_before_anything_is_taken() {
    let app = TestApp::start().await;
    app.clinician_with_npi().await;
    let header = "session_id,client_id,clinician_npi,date,time,service_code,description,unit_price,outcome,\
        diagnosis_codes,place_of_service\n";
    let row = |session: &str, codes: &str| {
        format!(
            "{session},C-1,{NPI},2026-02-26,14:00,90837,Psychotherapy,150.00,completed,{codes}\n"
        )
    };
    let wrong = [
        row("S-1", "F41.1,11"),
        row("S-2", "ANXIETY,11"),
        row("S-3", "F41.1,00"),
    ];
    let wrong = format!("{header}{}", wrong.concat());
    let import = app
        .prepared(&[
            (ImportFileKind::Clients, CLIENTS),
            (ImportFileKind::Sessions, &wrong),
        ])
        .await;
    let told: Vec<_> = import
        .errors
        .iter()
        .map(|error| (error.kind(), error.line, error.column.as_str()))
        .collect();
    let sessions = ImportFileKind::Sessions;
    assert_eq!(
        told,
        [
            (sessions, 3, "diagnosis_codes"),
            (sessions, 4, "place_of_service")
        ]
    );
    let right = format!("{header}{}", row("S-1", "f411,10"));
    app.upload(&import, sessions, &right).await;
    let import = app.prepare(&import).await;
    app.commit(&import).await.expect("taken");
    let taken = &app.pending().await.sessions[0];
    assert_eq!(taken.diagnosis_codes, ["F41.1"]);
    assert_eq!(taken.place_of_service, "10");
    app.finish().await;
}

#[tokio::test]
async fn r10_what_was_owed_and_held_in_the_former_system_is_owed_and_held_here() {
    let app = TestApp::start().await;
    let prepared = everything(&app).await;
    assert_eq!(
        (prepared.state(), prepared.error_count),
        (ImportState::Prepared, 0)
    );
    let found: Vec<_> = prepared
        .files
        .iter()
        .map(|file| {
            (
                file.row_count,
                file.amount.as_ref().map_or(0, |it| it.minor_units),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (2, 0),
            (1, 0),
            (1, 4_000),
            (1, 2_550),
            (1, 15_000),
            (3, 28_500)
        ]
    );
    let taken = app.commit(&prepared).await.expect("taken");
    assert_eq!(taken.state(), ImportState::Committed);
    assert_eq!(taken, read(&app, &prepared).await);
    assert_eq!(app.rows_of("import_parts").await, 0, "the content goes");

    let grace = app.client_named("C-1").await.expect("a client");
    let alan = app.client_named("C-2").await.expect("a client");
    let bills = bills(&app).await;
    let said: Vec<_> = bills.iter().map(|bill| (bill.number, due(bill))).collect();
    assert_eq!(
        said,
        [
            (2, (15_000, 0, BillStatus::Open)),
            (1, (4_000, 0, BillStatus::Open))
        ]
    );
    let old = app.bill(&bills[0]).await;
    assert_eq!(old.client_id, alan.client_id);
    assert_eq!(old.lines[0].former_invoice_number, "2025-7");
    assert_eq!(old.lines[0].brought_date, old.issue_date);
    assert_eq!(
        old.lines[0].description,
        "Psychotherapy (invoice 2025-7 of the former system: $450.00, of which $300.00 was paid there)"
    );
    let balance = app.bill(&bills[1]).await;
    assert_eq!(balance.client_id, grace.client_id);
    assert_eq!(
        balance.lines[0].description,
        "Balance brought from the former system: January"
    );
    app.finish().await;
}

#[tokio::test]
async fn r10_contacts_get_the_bills_and_sessions_are_pending_as_soon_as_they_came() {
    let app = TestApp::start().await;
    let prepared = everything(&app).await;
    app.commit(&prepared).await.expect("taken");
    let alan = app.client_named("C-2").await.expect("a client");
    let shown = GetClientRequest {
        practice_id: app.practice.to_string(),
        client_id: alan.client_id,
    };
    let shown = app
        .people()
        .get_client(shown)
        .await
        .expect("read")
        .into_inner();
    assert_eq!(
        shown.client.expect("a client").billing_contact_id,
        shown.contacts[0].contact_id
    );
    let pending = ListSessionsRequest {
        practice_id: app.practice.to_string(),
        states: vec![SessionState::Unbilled.into()],
        ..ListSessionsRequest::default()
    };
    let pending = app.sessions().list_sessions(pending).await.expect("listed");
    let pending = pending.into_inner();
    assert_eq!(
        (pending.total_count, minor(&pending.total_amount)),
        (1, 16_500)
    );
    assert_eq!(pending.sessions[0].external_reference, "S-1");
    assert_eq!(pending.sessions[0].lines.len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn r10_what_came_is_paid_and_used_like_anything_else_and_is_nobodys_revenue() {
    let app = TestApp::start().await;
    let prepared = everything(&app).await;
    app.commit(&prepared).await.expect("taken");
    let alan = app.client_named("C-2").await.expect("a client");
    let [old, _] = bills(&app).await.try_into().expect("two bills");
    let credit = ApplyCreditRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        bill_id: old.bill_id.clone(),
        amount: Some(usd(2_550)),
    };
    let applied = app.ledger().apply_credit(credit).await.expect("applied");
    assert_eq!(minor(&applied.into_inner().credit), 0);
    let payment = PostPaymentRequest {
        client_id: alan.client_id.clone(),
        ..app.payment(12_450, &[(&old, 12_450)])
    };
    app.post(&payment).await;
    assert_eq!(due(&app.bill(&old).await), (0, 0, BillStatus::Paid));

    let statement = GetStatementRequest {
        practice_id: app.practice.to_string(),
        client_id: alan.client_id,
        ..GetStatementRequest::default()
    };
    let told = app
        .documents()
        .get_statement(statement)
        .await
        .expect("read");
    let told: Vec<_> = told
        .into_inner()
        .movements
        .iter()
        .map(|movement| (movement.description.clone(), minor(&movement.amount)))
        .collect();
    let brought = format!(
        "Balance brought from the former system · Bill {}, Invoice # {}",
        old.number, old.reference
    );
    assert_eq!(
        told,
        [
            (brought, 15_000),
            ("Credit brought from the former system".to_owned(), -2_550),
            (
                format!(
                    "Payment, thank you · Visa ending in 4242 for bill {}",
                    old.number
                ),
                -12_450
            ),
        ]
    );
    let request = GetTrialBalanceRequest {
        practice_id: app.practice.to_string(),
    };
    let trial = app.ledger().get_trial_balance(request).await.expect("read");
    let of = |kind: AccountKind| {
        let lines = trial.get_ref().lines.iter();
        lines.filter(|line| line.account_kind() == kind).count()
    };
    assert_eq!(of(AccountKind::OpeningBalanceEquity), 1);
    use AccountKind::{FeeRevenue, ProductRevenue, ServiceRevenue};
    for revenue in [ServiceRevenue, ProductRevenue, FeeRevenue] {
        assert_eq!(of(revenue), 0, "{revenue:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn r11_what_came_from_a_former_system_can_be_printed() {
    let app = TestApp::start().await;
    let prepared = everything(&app).await;
    app.commit(&prepared).await.expect("taken");
    let [old, balance] = bills(&app).await.try_into().expect("two bills");
    let printed = DownloadStatementRequest {
        practice_id: app.practice.to_string(),
        client_id: old.client_id,
        ..DownloadStatementRequest::default()
    };
    let printed = app.documents().download_statement(printed).await;
    let printed = pdf(printed.expect("rendered"), |answer| answer.body);
    for told in ["Brought from the former system", "Balance brought"] {
        assert!(says(&printed, told), "{told}");
    }
    let printed = DownloadBillRequest {
        practice_id: app.practice.to_string(),
        bill_id: balance.bill_id,
        ..DownloadBillRequest::default()
    };
    let printed = app.documents().download_bill(printed).await;
    pdf(printed.expect("rendered"), |answer| answer.body);
    app.finish().await;
}

#[tokio::test]
async fn r10_a_preview_shows_every_error_and_takes_nothing() {
    let app = TestApp::start().await;
    let before = app.standing().await;
    let wrong = "client_id,amount,as_of_date\nC-1,\"1.234,56\",2026-02-27\nC-9,5.00,27.02.2026\n";
    let import = app
        .prepared(&[
            (ImportFileKind::Clients, CLIENTS),
            (ImportFileKind::OpeningBalances, wrong),
            (
                ImportFileKind::Credits,
                "client_id,amount,date\nC-9,5.00,2026-02-27\n",
            ),
        ])
        .await;
    let told: Vec<_> = import
        .errors
        .iter()
        .map(|error| {
            (
                error.kind().as_str_name(),
                error.line,
                error.column.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("IMPORT_FILE_KIND_OPENING_BALANCES", 2, "amount"),
            ("IMPORT_FILE_KIND_OPENING_BALANCES", 3, "as_of_date"),
            ("IMPORT_FILE_KIND_CREDITS", 2, "client_id"),
        ]
    );
    assert_eq!(import.error_count, 3);
    let refused = app.commit(&import).await;
    assert_eq!(reason(refused), "IMPORT_HAS_ERRORS");
    assert_eq!(app.client_named("C-1").await, None);
    assert_eq!(
        (app.rows_of("bills").await, app.standing().await),
        (0, before)
    );

    app.upload(&import, ImportFileKind::OpeningBalances, BALANCES)
        .await;
    let credits = "client_id,amount,date\nC-2,5.00,2026-02-27\n";
    app.upload(&import, ImportFileKind::Credits, credits).await;
    let refused = app.commit(&import).await;
    assert_eq!(reason(refused), "IMPORT_NOT_PREPARED");
    let import = app.prepare(&import).await;
    assert_eq!(import.error_count, 0);
    app.commit(&import).await.expect("taken");
    app.finish().await;
}

#[tokio::test]
async fn r10_totals_that_are_not_those_of_the_former_system_are_refused() {
    let app = TestApp::start().await;
    let import = app
        .prepared(&[
            (ImportFileKind::Clients, CLIENTS),
            (ImportFileKind::OpeningBalances, BALANCES),
        ])
        .await;
    let good = app.commit_request(&import);
    let balances = ExpectedTotals {
        kind: ImportFileKind::OpeningBalances.into(),
        row_count: 1,
        amount: Some(usd(4_000)),
    };
    let clients = good.expected[0].clone();
    let wrong = [
        vec![
            clients.clone(),
            ExpectedTotals {
                amount: Some(usd(4_001)),
                ..balances.clone()
            },
        ],
        vec![
            clients.clone(),
            ExpectedTotals {
                row_count: 2,
                ..balances.clone()
            },
        ],
        vec![
            clients.clone(),
            ExpectedTotals {
                amount: None,
                ..balances.clone()
            },
        ],
        vec![balances.clone()],
        vec![
            clients.clone(),
            balances.clone(),
            ExpectedTotals {
                kind: ImportFileKind::Credits.into(),
                ..balances.clone()
            },
        ],
    ];
    for expected in wrong {
        let mut request = good.clone();
        (request.request_id, request.expected) = (request_id(), expected);
        let refused = app.imports().commit_import(request).await;
        let status = refused.expect_err("they differ");
        let named = status
            .get_details_precondition_failure()
            .expect("what differs");
        assert_eq!(named.violations.len(), 1, "{named:?}");
        assert_eq!(reason::<()>(Err(status)), "TOTALS_DO_NOT_RECONCILE");
    }
    let mut twice = good.clone();
    (twice.request_id, twice.expected) = (request_id(), vec![clients.clone(), clients]);
    assert_eq!(
        reason(app.imports().commit_import(twice).await),
        "INVALID_FIELD"
    );
    assert_eq!(app.rows_of("bills").await, 0);
    let taken = app.imports().commit_import(good).await;
    taken.expect("the same figures");
    assert_eq!(bills(&app).await[0].number, 1, "refusals take no number");
    app.finish().await;
}

#[tokio::test]
async fn r10_an_import_is_taken_once_however_often_it_is_asked_for() {
    let app = TestApp::start().await;
    let import = everything(&app).await;
    let request = app.commit_request(&import);
    let first = app
        .imports()
        .commit_import(request.clone())
        .await
        .expect("taken");
    let again = app
        .imports()
        .commit_import(request.clone())
        .await
        .expect("replayed");
    assert_eq!(first.into_inner(), again.into_inner());
    let mut other = request;
    other.expected.pop();
    assert_eq!(
        reason(app.imports().commit_import(other).await),
        "REQUEST_ID_REUSED"
    );
    assert_eq!(reason(app.commit(&import).await), "IMPORT_CLOSED");
    let late = app.part(&import, (ImportFileKind::Credits, 0), CREDITS);
    assert_eq!(
        reason(app.imports().upload_import_file(late).await),
        "IMPORT_CLOSED"
    );
    assert_eq!(app.rows_of("bills").await, 2);

    let twin = app.prepared(&[(ImportFileKind::Credits, CREDITS)]).await;
    assert_eq!(twin.error_count, 1, "{:?}", twin.errors);
    assert_eq!(
        twin.errors[0].reason,
        "was taken by an earlier import, byte for byte"
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r10_of_commits_at_once_one_takes_it_and_bills_beside_it_get_their_numbers() {
    let app = TestApp::start().await;
    let import = everything(&app).await;
    let twin = app
        .prepared(&[(
            ImportFileKind::OpenBills,
            &BILLS.replace("C-2", &app.client.to_string()),
        )])
        .await;
    assert_eq!(twin.error_count, 0);
    let commits = [&import, &import, &twin, &import, &twin].map(|import| app.commit(import));
    let issued = async {
        for _ in 0..5 {
            let request = app.product_request(100);
            app.bills().issue_bill(request).await.expect("issued");
        }
    };
    let (commits, ()) = tokio::join!(join_all(commits), issued);
    let mut told = Vec::new();
    for commit in commits {
        told.push(commit.map_or_else(|status| reason::<()>(Err(status)), |_| "taken".to_owned()));
    }
    told.sort();
    // Whichever of the two came first has the old invoice's number; the other one is told so.
    assert_eq!(
        told.iter().filter(|told| *told == "taken").count(),
        1,
        "{told:?}"
    );
    for refused in told.iter().filter(|told| *told != "taken") {
        assert!(
            ["IMPORT_CLOSED", "IMPORT_HAS_ERRORS"].contains(&refused.as_str()),
            "{told:?}"
        );
    }
    let mut numbers: Vec<_> = bills(&app).await.iter().map(|bill| bill.number).collect();
    numbers.sort_unstable();
    let count = i64::try_from(numbers.len()).expect("few");
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>(), "without gaps");
    app.finish().await;
}
