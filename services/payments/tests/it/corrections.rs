//! R18: an offline payment is corrected, and what it said is kept.

use crate::stage::{Stage, VISA, reason, usd};
use prost::Message as _;
use proto::billing::v1::PaymentKind;
use proto::payments::v1::*;
use testkit::request_id;

async fn cash(stage: &Stage) -> Payment {
    stage.bill(4_000).await;
    let request = RecordPaymentRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        client_id: stage.client.to_string(),
        kind: PaymentKind::Cash.into(),
        amount: Some(usd(2_000)),
        note: "in an envelope".to_owned(),
        ..RecordPaymentRequest::default()
    };
    let recorded = stage.owner().record_payment(request).await;
    recorded
        .expect("recorded")
        .into_inner()
        .payment
        .expect("it")
}

/// Of this payment, to the hour of the story's first day.
fn request(stage: &Stage, payment: &Payment, note: &str, time: &str) -> CorrectPaymentRequest {
    let time: jiff::Timestamp = time.parse().expect("an instant");
    CorrectPaymentRequest {
        practice_id: stage.practice.to_string(),
        request_id: request_id(),
        payment_id: payment.payment_id.clone(),
        etag: payment.etag.clone(),
        note: note.to_owned(),
        receive_time: Some(rpc::wire::time(time)),
        check_number: None,
    }
}

async fn correct(stage: &Stage, request: CorrectPaymentRequest) -> Result<Payment, tonic::Status> {
    let answer = stage.owner().correct_payment(request).await?;
    Ok(answer.into_inner().payment.expect("it"))
}

#[tokio::test]
async fn r18_an_offline_payment_is_corrected_and_what_it_said_is_kept() {
    let stage = Stage::start().await;
    let recorded = cash(&stage).await;
    let first = request(
        &stage,
        &recorded,
        "at the front desk",
        "2026-03-02T14:00:00Z",
    );
    let corrected = correct(&stage, first.clone()).await.expect("corrected");
    assert_eq!(corrected.note, "at the front desk");
    assert_eq!(corrected.receive_time, first.receive_time);
    assert_eq!(corrected.corrections.len(), 1);
    let before = &corrected.corrections[0];
    assert_eq!(before.note, "in an envelope");
    assert_eq!(before.receive_time, recorded.receive_time);
    assert!(before.corrected_by.starts_with("user_"));
    let again = correct(&stage, first.clone()).await.expect("the same");
    assert_eq!(again, corrected);
    let other = CorrectPaymentRequest {
        note: "elsewhere".to_owned(),
        ..first
    };
    assert_eq!(reason(correct(&stage, other).await), "REQUEST_ID_REUSED");
    assert_eq!(stage.payment(&recorded).await, corrected);
    stage.finish().await;
}

#[tokio::test]
async fn r18_a_correction_that_cannot_be_is_refused_and_changes_nothing() {
    let stage = Stage::start().await;
    let recorded = cash(&stage).await;
    let bill = stage.bill(4_000).await;
    let online = stage.pay(bill, 4_000, VISA).await;
    let online = stage.payment(&online).await;
    let morning = "2026-03-02T14:00:00Z";
    let with = |payment: &Payment, note: &str, time: &str| request(&stage, payment, note, time);
    for (request, expected) in [
        (with(&online, "x", morning), "PAYMENT_IS_ONLINE"),
        (
            CorrectPaymentRequest {
                check_number: Some("1042".to_owned()),
                ..with(&recorded, "x", morning)
            },
            "INVALID_FIELD",
        ),
        (
            with(&recorded, "x", "2026-03-02T23:00:00Z"),
            "RECEIVED_IN_FUTURE",
        ),
        (
            with(&recorded, "4242 4242 4242 4242", morning),
            "CARD_NUMBER_IN_TEXT",
        ),
        (
            CorrectPaymentRequest {
                etag: "r7".to_owned(),
                ..with(&recorded, "x", morning)
            },
            "ETAG_MISMATCH",
        ),
        (
            CorrectPaymentRequest {
                payment_id: ids::PaymentId::new(&stage.clock).to_string(),
                ..with(&recorded, "x", morning)
            },
            "PAYMENT_NOT_FOUND",
        ),
    ] {
        assert_eq!(reason(correct(&stage, request).await), expected);
    }
    assert_eq!(stage.payment(&recorded).await.note, "in an envelope");
    let stranger = ids::PracticeId::new(&stage.clock);
    crate::neighbours::register(stage.db.pool(), stranger).await;
    let theirs = CorrectPaymentRequest {
        practice_id: stranger.to_string(),
        ..request(&stage, &recorded, "x", morning)
    };
    let refused = stage.owner_of(stranger).correct_payment(theirs).await;
    assert_eq!(reason(refused), "PAYMENT_NOT_FOUND");
    stage.finish().await;
}

#[tokio::test]
async fn r18_of_two_corrections_from_the_same_reading_one_is_told_to_read_again() {
    let stage = Stage::start().await;
    let recorded = cash(&stage).await;
    let of = |note| request(&stage, &recorded, note, "2026-03-02T14:00:00Z");
    let (one, other) = tokio::join!(correct(&stage, of("one")), correct(&stage, of("another")));
    let (corrected, refused) = if one.is_ok() {
        (one, other)
    } else {
        (other, one)
    };
    assert_eq!(corrected.expect("one is made").corrections.len(), 1);
    assert_eq!(reason(refused), "ETAG_MISMATCH");
    stage.finish().await;
}

impl Stage {
    async fn check(&self, number: &str) -> Payment {
        self.bill(4_000).await;
        let request = RecordPaymentRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: self.client.to_string(),
            kind: PaymentKind::Check.into(),
            amount: Some(usd(2_000)),
            check_number: number.to_owned(),
            ..RecordPaymentRequest::default()
        };
        let recorded = self.owner().record_payment(request).await;
        let recorded = recorded.expect("recorded").into_inner();
        recorded.payment.expect("it")
    }

    /// What others were told of corrections, oldest first: its number, the payment's day, and how it is printed.
    async fn told_of_corrections(&self) -> Vec<(i32, i32, String)> {
        let told: Vec<Vec<u8>> = sqlx::query_scalar(
            "select payload from payments.outbox
            where event_type = 'evenkeel.payments.v1.PaymentCorrected' order by seq",
        )
        .fetch_all(self.db.owner_pool())
        .await
        .expect("read");
        let told = told.iter().map(|told| {
            let told = PaymentCorrected::decode(&**told).expect("an event");
            let facts = told.payment.expect("facts");
            let day = facts.receive_date.expect("a day").day;
            (told.revision, day, facts.method_text)
        });
        told.collect()
    }
}

#[tokio::test]
async fn r18_a_check_of_another_day_and_number_is_corrected_and_told_once() {
    let stage = Stage::start().await;
    let recorded = stage.check("1042").await;
    assert_eq!(recorded.method_text, "Check #1042");
    // New York's Monday begins at five: this is the last second of Sunday.
    let sunday = "2026-03-02T04:59:59Z";
    let first = CorrectPaymentRequest {
        check_number: Some(" 2042 ".to_owned()),
        ..request(&stage, &recorded, "mailed", sunday)
    };
    let (one, twin) = tokio::join!(
        correct(&stage, first.clone()),
        correct(&stage, first.clone())
    );
    let corrected = one.expect("corrected");
    assert_eq!(corrected, twin.expect("the same"));
    assert_eq!(corrected.method_text, "Check #2042");
    assert_eq!(corrected.receive_time, first.receive_time);
    assert_eq!(corrected.corrections[0].method_text, "Check #1042");
    let nothing = CorrectPaymentRequest {
        check_number: None,
        receive_time: None,
        ..request(&stage, &corrected, "only the note", sunday)
    };
    let noted = correct(&stage, nothing).await.expect("corrected");
    assert_eq!(noted.receive_time, corrected.receive_time);
    assert_eq!(noted.method_text, "Check #2042");
    let without = CorrectPaymentRequest {
        check_number: Some(String::new()),
        receive_time: None,
        ..request(&stage, &noted, "only the note", sunday)
    };
    let without = correct(&stage, without).await.expect("corrected");
    assert_eq!(without.method_text, "Check");
    assert_eq!(without.corrections.len(), 3);
    let told = stage.told_of_corrections().await;
    let expected = [(1, 1, "Check #2042".to_owned()), (3, 1, "Check".to_owned())];
    assert_eq!(told, expected, "a note is nobody else's");
    stage.finish().await;
}

#[tokio::test]
async fn r18_a_payment_is_not_moved_past_what_was_given_back_of_it() {
    let stage = Stage::start().await;
    let recorded = cash(&stage).await;
    stage.refund(&recorded, 500, false).await.expect("refunded");
    stage.minutes(24 * 60);
    let recorded = stage.payment(&recorded).await;
    let later = request(&stage, &recorded, "x", "2026-03-03T14:00:00Z");
    let refused = correct(&stage, later).await;
    assert_eq!(reason(refused), "REFUNDED_BEFORE");
    assert_eq!(stage.told_of_corrections().await, []);
    let earlier = request(&stage, &recorded, "x", "2026-02-27T14:00:00Z");
    correct(&stage, earlier).await.expect("corrected");
    let told = stage.told_of_corrections().await;
    assert_eq!(told, [(1, 27, "Cash".to_owned())]);
    stage.finish().await;
}
