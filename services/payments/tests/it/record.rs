//! R18: money that came outside the processor.

use crate::audit::CANARY;
use crate::stage::{Stage, reason, usd};
use ids::{BillId, ClientId, PracticeId};
use proto::billing::v1::{Allocation, PaymentKind};
use proto::payments::v1::*;
use testkit::request_id;

pub fn cash(stage: &Stage, amount: i64, wanted: &[(BillId, i64)]) -> RecordPaymentRequest {
    let wanted = wanted.iter();
    RecordPaymentRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        client_id: stage.client.to_string(),
        kind: PaymentKind::Cash.into(),
        amount: Some(usd(amount)),
        allocations: wanted
            .map(|(bill, amount)| Allocation {
                bill_id: bill.to_string(),
                amount: Some(usd(*amount)),
            })
            .collect(),
        note: CANARY.to_owned(),
        ..RecordPaymentRequest::default()
    }
}

async fn record(stage: &Stage, request: RecordPaymentRequest) -> Result<Payment, tonic::Status> {
    Ok(stage
        .owner()
        .record_payment(request)
        .await?
        .into_inner()
        .payment
        .expect("a payment"))
}

#[tokio::test]
async fn r18_cash_for_a_bill_is_booked_at_once_and_the_rest_is_credit() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let paid = record(&stage, cash(&stage, 5_000, &[(bill, 4_000)]))
        .await
        .expect("recorded");
    assert_eq!(paid.state(), PaymentState::Succeeded);
    assert_eq!(
        (paid.method_text.as_str(), paid.note.as_str()),
        ("Cash", CANARY)
    );
    assert!(paid.posted, "the ledger has it already");
    assert_eq!(
        (stage.billing.balance(bill), stage.billing.books().credit),
        (0, 1_000)
    );
    stage.finish().await;
}

#[tokio::test]
async fn r18_every_offline_kind_is_recorded_as_it_is_printed() {
    let stage = Stage::start().await;
    stage.bill(100_000).await;
    for (kind, label, check_number, text) in [
        (PaymentKind::Cash, "", "", "Cash"),
        (PaymentKind::Check, "", "1042", "Check #1042"),
        (PaymentKind::Check, "", "", "Check"),
        (PaymentKind::CardElsewhere, "", "", "Card"),
        (PaymentKind::BankElsewhere, "", "", "Bank transfer"),
        (PaymentKind::Other, "Venmo", "", "Venmo"),
    ] {
        let request = RecordPaymentRequest {
            kind: kind.into(),
            label: label.to_owned(),
            check_number: check_number.to_owned(),
            ..cash(&stage, 1_000, &[])
        };
        let paid = record(&stage, request).await.expect(text);
        assert_eq!((paid.kind(), paid.method_text.as_str()), (kind, text));
    }
    stage.finish().await;
}

#[tokio::test]
async fn r18_a_replay_is_the_same_payment_and_other_content_is_refused() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let request = cash(&stage, 4_000, &[(bill, 4_000)]);
    let first = record(&stage, request.clone()).await.expect("recorded");
    let again = record(&stage, request.clone()).await.expect("the same");
    assert_eq!(again.payment_id, first.payment_id);
    let other = RecordPaymentRequest {
        amount: Some(usd(4_001)),
        ..request.clone()
    };
    assert_eq!(reason(record(&stage, other).await), "REQUEST_ID_REUSED");

    // Twenty at once are one, too.
    let request = cash(&stage, 700, &[]);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (mut owner, request) = (stage.owner(), request.clone());
        tasks.spawn(async move {
            owner
                .record_payment(request)
                .await
                .expect("recorded")
                .into_inner()
        });
    }
    let answers = tasks.join_all().await;
    let ids: std::collections::BTreeSet<String> = answers
        .into_iter()
        .map(|answer| answer.payment.expect("a payment").payment_id)
        .collect();
    assert_eq!(ids.len(), 1);
    stage.finish().await;
}

async fn refused(stage: &Stage, cases: Vec<(RecordPaymentRequest, &str)>) {
    for (request, expected) in cases {
        let shown = format!("{request:?}");
        assert_eq!(reason(record(stage, request).await), expected, "{shown}");
    }
    assert!(stage.billing.books().payments.is_empty());
}

#[tokio::test]
async fn r18_a_wrong_field_is_refused_with_its_reason_and_leaves_nothing() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let good = cash(&stage, 4_000, &[(bill, 4_000)]);
    let but = |change: fn(&mut RecordPaymentRequest)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    let tomorrow = stage.clock.now() + jiff::SignedDuration::from_hours(24);
    let future = RecordPaymentRequest {
        receive_time: Some(rpc::wire::time(tomorrow)),
        ..good.clone()
    };
    let card =
        |asked: &mut RecordPaymentRequest| asked.note = "card 4242 4242 4242 4242".to_owned();
    let euros = |asked: &mut RecordPaymentRequest| {
        asked.amount.as_mut().expect("an amount").currency_code = "EUR".to_owned();
        asked.allocations.clear();
    };
    let cases = vec![
        (future, "RECEIVED_IN_FUTURE"),
        (but(card), "CARD_NUMBER_IN_TEXT"),
        (but(euros), "CURRENCY_MISMATCH"),
        (
            but(|asked| asked.kind = PaymentKind::Other.into()),
            "INVALID_FIELD",
        ),
        (
            but(|asked| asked.kind = PaymentKind::Card.into()),
            "INVALID_FIELD",
        ),
        (
            but(|asked| asked.check_number = "17".to_owned()),
            "INVALID_FIELD",
        ),
        (but(|asked| asked.amount = Some(usd(0))), "INVALID_FIELD"),
        (but(|asked| asked.amount = Some(usd(-1))), "INVALID_FIELD"),
        (
            cash(&stage, 3_999, &[(bill, 4_000)]),
            "ALLOCATIONS_EXCEED_AMOUNT",
        ),
        (
            cash(&stage, 3_999, &[(bill, 1), (bill, 2)]),
            "INVALID_FIELD",
        ),
    ];
    refused(&stage, cases).await;
    stage.finish().await;
}

#[tokio::test]
async fn r18_money_for_what_is_not_there_is_refused() {
    let stage = Stage::start().await;
    let others = BillId::new(&stage.clock);
    stage
        .billing
        .issue(others, ClientId::new(&stage.clock), 4_000);
    let cancelled = stage.untold_bill(4_000);
    stage.billing.cancel(cancelled);
    let stranger = RecordPaymentRequest {
        client_id: ClientId::new(&stage.clock).to_string(),
        ..cash(&stage, 4_000, &[])
    };
    let nobodys = BillId::new(&stage.clock);
    let cases = vec![
        (cash(&stage, 4_000, &[(others, 4_000)]), "BILL_NOT_FOUND"),
        (cash(&stage, 4_000, &[(nobodys, 1)]), "BILL_NOT_FOUND"),
        (cash(&stage, 4_000, &[(cancelled, 4_000)]), "BILL_CANCELLED"),
        (stranger, "CLIENT_NOT_FOUND"),
    ];
    refused(&stage, cases).await;
    stage.finish().await;
}

#[tokio::test]
async fn r18_a_bill_that_the_feed_has_not_told_of_is_asked_of_billing() {
    let stage = Stage::start().await;
    let bill = stage.untold_bill(4_000);
    record(&stage, cash(&stage, 4_000, &[(bill, 4_000)]))
        .await
        .expect("recorded");
    assert_eq!(stage.billing.balance(bill), 0);
    // Credit for a client whose bills are not known here.
    let newcomer = ClientId::new(&stage.clock);
    stage.billing.issue(BillId::new(&stage.clock), newcomer, 1);
    let credit = RecordPaymentRequest {
        client_id: newcomer.to_string(),
        ..cash(&stage, 500, &[])
    };
    record(&stage, credit).await.expect("recorded");
    assert_eq!(stage.billing.books().credit, 500);
    stage.finish().await;
}

#[tokio::test]
async fn r18_billing_away_is_no_reason_to_refuse_money_that_came() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    stage.billing.books().down = true;
    let paid = record(&stage, cash(&stage, 4_000, &[(bill, 4_000)]))
        .await
        .expect("recorded");
    assert_eq!(paid.state(), PaymentState::Succeeded);
    assert!(!paid.posted);
    // `finish` follows the feed, as billing does when it is back.
    stage.finish().await;
}

#[tokio::test]
async fn t_another_practice_sees_nothing() {
    let stage = Stage::start().await;
    let bill = stage.bill(4_000).await;
    let paid = record(&stage, cash(&stage, 4_000, &[(bill, 4_000)]))
        .await
        .expect("recorded");
    let other = PracticeId::new(&stage.clock);
    crate::neighbours::register(stage.db.pool(), other).await;
    let mut stranger = stage.owner_of(other);
    let in_theirs = GetPaymentRequest {
        practice_id: other.to_string(),
        payment_id: paid.payment_id.clone(),
    };
    let in_ours = GetPaymentRequest {
        practice_id: stage.practice.to_string(),
        ..in_theirs.clone()
    };
    assert_eq!(
        reason(stranger.get_payment(in_theirs).await),
        "PAYMENT_NOT_FOUND"
    );
    assert_eq!(
        stranger
            .get_payment(in_ours)
            .await
            .expect_err("refused")
            .code(),
        tonic::Code::NotFound
    );
    let refund = RefundPaymentRequest {
        practice_id: other.to_string(),
        request_id: request_id(),
        payment_id: paid.payment_id,
        amount: Some(usd(1)),
        reason: "theirs".to_owned(),
        to_credit: true,
    };
    assert_eq!(
        reason(stranger.refund_payment(refund).await),
        "PAYMENT_NOT_FOUND"
    );
    let list = ListPaymentsRequest {
        practice_id: other.to_string(),
        ..ListPaymentsRequest::default()
    };
    assert!(
        stranger
            .list_payments(list)
            .await
            .expect("a list")
            .into_inner()
            .payments
            .is_empty()
    );
    stage.finish().await;
}

#[tokio::test]
async fn payments_are_listed_newest_first_in_pages() {
    let stage = Stage::start().await;
    stage.bill(1).await;
    let mut recorded = Vec::new();
    for amount in 1..=5 {
        recorded.push(
            record(&stage, cash(&stage, amount, &[]))
                .await
                .expect("recorded")
                .payment_id,
        );
    }
    recorded.reverse();
    let mut request = ListPaymentsRequest {
        practice_id: stage.practice.to_string(),
        page_size: 2,
        client_id: stage.client.to_string(),
        states: vec![PaymentState::Succeeded.into()],
        ..ListPaymentsRequest::default()
    };
    let mut listed = Vec::new();
    loop {
        let page = stage
            .owner()
            .list_payments(request.clone())
            .await
            .expect("a page")
            .into_inner();
        listed.extend(page.payments.into_iter().map(|payment| payment.payment_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(listed, recorded);
    request.page_token = "bm9uc2Vuc2U".to_owned();
    assert_eq!(
        reason(stage.owner().list_payments(request).await),
        "PAGE_TOKEN_INVALID"
    );
    stage.finish().await;
}

#[tokio::test]
async fn a_payment_is_marked_once_billing_has_posted_it() {
    let stage = Stage::start().await;
    stage.bill(1).await;
    let paid = record(&stage, cash(&stage, 5, &[]))
        .await
        .expect("recorded");
    assert!(
        !stage.payment(&paid).await.posted,
        "the feed has not said so"
    );
    let posted = proto::billing::v1::PaymentPosted {
        payment_id: paid.payment_id.clone(),
        ..Default::default()
    };
    for _ in 0..2 {
        crate::neighbours::apply(
            stage.db.pool(),
            &payments::work::Bills,
            stage.practice,
            &posted,
        )
        .await;
    }
    assert!(stage.payment(&paid).await.posted);
    stage.finish().await;
}
