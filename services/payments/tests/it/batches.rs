//! R18 under load: payments of a practice that are recorded at once share a transaction, and nobody can tell.

use crate::record::cash;
use crate::stage::{Client, Stage, reason, usd};
use futures::future::join_all;
use ids::{BillId, ClientId};
use proto::billing::v1::Allocation;
use proto::payments::v1::*;
use std::collections::BTreeSet;
use std::time::Duration;
use testkit::request_id;
use tokio::task::JoinSet;
use tonic::Status;

/// Records all at once; the answers in their places.
async fn at_once(
    owner: &Client,
    requests: &[RecordPaymentRequest],
) -> Vec<Result<Payment, Status>> {
    let recording = requests.iter().map(|request| {
        let (mut owner, request) = (owner.clone(), request.clone());
        async move {
            let answer = owner.record_payment(request).await?.into_inner();
            Ok(answer.payment.expect("a payment"))
        }
    });
    join_all(recording).await
}

/// How many payments are recorded, and by how many transactions.
async fn recorded(stage: &Stage) -> (i64, i64) {
    sqlx::query_as("select count(*), count(distinct xmin::text) from payments.payments")
        .fetch_one(stage.db.owner_pool())
        .await
        .expect("counted")
}

fn to(bill: BillId) -> Vec<Allocation> {
    vec![Allocation {
        bill_id: bill.to_string(),
        amount: Some(usd(100)),
    }]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r18_two_hundred_recorded_at_once_share_transactions_and_the_bad_ones_fail_alone() {
    let stage = Stage::start().await;
    let bill = stage.bill(1_000_000).await;
    let untold = stage.untold_bill(1_000_000);
    let (cancelled, nobodys) = (stage.untold_bill(100), BillId::new(&stage.clock));
    stage.billing.cancel(cancelled);
    let mut requests = Vec::new();
    for _ in 0..40 {
        let good = cash(&stage, 500, &[(bill, 400)]);
        let mut euros = cash(&stage, 500, &[]);
        euros.amount.as_mut().expect("an amount").currency_code = "EUR".to_owned();
        let stranger = RecordPaymentRequest {
            client_id: ClientId::new(&stage.clock).to_string(),
            ..cash(&stage, 500, &[])
        };
        requests.extend([
            good.clone(),
            cash(&stage, 300, &[(untold, 300)]),
            euros,
            cash(&stage, 100, &[(cancelled, 100)]),
            cash(&stage, 100, &[(nobodys, 100)]),
            stranger,
            good,
        ]);
    }
    let answers = at_once(&stage.owner(), &requests).await;
    for seven in answers.chunks(7) {
        let paid = |at: usize| seven[at].as_ref().expect("recorded");
        assert_eq!(paid(0).payment_id, paid(6).payment_id, "twins are one");
        assert_eq!(paid(1).state(), PaymentState::Succeeded);
        let refused = |at: usize| reason(seven[at].clone());
        assert_eq!(refused(2), "CURRENCY_MISMATCH");
        assert_eq!(refused(3), "BILL_CANCELLED");
        assert_eq!(refused(4), "BILL_NOT_FOUND");
        assert_eq!(refused(5), "CLIENT_NOT_FOUND");
    }
    let (count, transactions) = recorded(&stage).await;
    assert_eq!(count, 80);
    assert!(transactions < 70, "{transactions} transactions");
    assert_eq!(stage.billing.balance(bill), 1_000_000 - 40 * 400);
    assert_eq!(stage.billing.balance(untold), 1_000_000 - 40 * 300);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r18_of_two_requests_with_one_id_at_once_one_is_recorded_and_the_other_refused() {
    let stage = Stage::start().await;
    let bill = stage.bill(1_000_000).await;
    let cancelled = stage.untold_bill(100);
    stage.billing.cancel(cancelled);
    let mut requests = Vec::new();
    for at in 0..40 {
        let one = cash(&stage, 500, &[(bill, 400)]);
        let mut other = RecordPaymentRequest {
            amount: Some(usd(600)),
            ..one.clone()
        };
        if at % 4 == 0 {
            // It could not be recorded anyway, but that is not what it hears when the other is.
            other.allocations = to(cancelled);
        }
        requests.extend([one, other]);
    }
    let answers = at_once(&stage.owner(), &requests).await;
    for (at, two) in answers.chunks(2).enumerate() {
        let refused: Vec<String> = two
            .iter()
            .filter(|answer| answer.is_err())
            .map(|answer| reason(answer.clone()))
            .collect();
        assert_eq!(refused.len(), 1, "{two:?}");
        let cancelled_first = at % 4 == 0 && refused[0] == "BILL_CANCELLED";
        assert!(
            cancelled_first || refused[0] == "REQUEST_ID_REUSED",
            "{two:?}"
        );
    }
    assert_eq!(recorded(&stage).await.0, 40);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f12_callers_who_go_away_at_any_moment_are_recorded_once_when_they_come_again() {
    let stage = Stage::start().await;
    let bill = stage.bill(1_000_000).await;
    let owner = stage.owner();
    let (mut all, mut acknowledged) = (Vec::new(), Vec::new());
    for patience in 0..60 {
        let mut callers = JoinSet::new();
        for _ in 0..5 {
            let request = cash(&stage, 10, &[(bill, 10)]);
            all.push(request.clone());
            let mut owner = owner.clone();
            callers.spawn(async move {
                let id = request.request_id.clone();
                let calling = owner.record_payment(request);
                let patience = Duration::from_micros(patience * 500);
                let answer = tokio::time::timeout(patience, calling).await.ok()?;
                let paid = answer.expect("recorded").into_inner().payment;
                Some((id, paid.expect("a payment").payment_id))
            });
        }
        acknowledged.extend(callers.join_all().await.into_iter().flatten());
    }
    let answers = at_once(&owner, &all).await;
    let mut payments = BTreeSet::new();
    for (request, answer) in all.iter().zip(answers) {
        let paid = answer.expect("recorded").payment_id;
        let first = acknowledged
            .iter()
            .find(|(id, _)| *id == request.request_id);
        assert!(first.is_none_or(|(_, first)| *first == paid));
        payments.insert(paid);
    }
    assert_eq!(payments.len(), all.len());
    let count = i64::try_from(all.len()).expect("a few");
    assert_eq!(recorded(&stage).await.0, count);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r18_two_replicas_record_the_same_requests_once() {
    let stage = Stage::start().await;
    let bill = stage.bill(1_000_000).await;
    let (one, other) = (stage.owner(), stage.replica().await.owner);
    for _ in 0..5 {
        let requests: Vec<_> = (0..60)
            .map(|_| RecordPaymentRequest {
                request_id: request_id(),
                ..cash(&stage, 100, &[(bill, 100)])
            })
            .collect();
        let mut opposite = requests.clone();
        opposite.reverse();
        let (here, there) = tokio::join!(at_once(&one, &requests), at_once(&other, &opposite));
        for (here, there) in here.into_iter().zip(there.into_iter().rev()) {
            let (here, there) = (here.expect("recorded"), there.expect("recorded"));
            assert_eq!(here.payment_id, there.payment_id);
        }
    }
    assert_eq!(recorded(&stage).await.0, 300);
    stage.finish().await;
}

/// A server that stops finishes what it has taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f34_a_replica_that_stops_answers_everybody_it_has_taken() {
    let stage = Stage::start().await;
    let bill = stage.bill(1_000_000).await;
    let requests: Vec<_> = (0..120)
        .map(|_| cash(&stage, 100, &[(bill, 100)]))
        .collect();
    let leaving = stage.replica().await;
    let mut callers = JoinSet::new();
    for request in requests.clone() {
        let mut owner = leaving.owner.clone();
        callers.spawn(async move { owner.record_payment(request).await.map(drop) });
    }
    let first = callers.join_next().await.expect("some").expect("a task");
    first.expect("recorded");
    leaving.stop.cancel();
    leaving.server.await.expect("it ends well");
    let mut acknowledged = 1;
    for answer in callers.join_all().await {
        acknowledged += i64::from(answer.is_ok());
    }
    let (recorded_by_it, _) = recorded(&stage).await;
    assert_eq!(recorded_by_it, acknowledged, "nothing was left half-way");
    for answer in at_once(&stage.owner(), &requests).await {
        answer.expect("recorded");
    }
    assert_eq!(recorded(&stage).await.0, 120);
    stage.finish().await;
}
