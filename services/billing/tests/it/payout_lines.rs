//! R30: for whom the money of payouts was.

use crate::app::{TestApp, minor};
use crate::payouts_stage::{About, payout};
use proto::billing::v1::payout_service_client::PayoutServiceClient;
use proto::billing::v1::{IssueBillRequest, ListPayoutLinesRequest, PayoutLineKind, SessionToBill};
use proto::payments::v1::*;
use testkit::request_id;
use tonic::Code;

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one payout, every share of it")]
async fn r30_a_payouts_money_is_shared_out_to_bills_and_clinicians_to_the_cent() {
    let app = TestApp::start().await;
    let mut sessions = Vec::new();
    let mut clinicians = Vec::new();
    for _ in 0..2 {
        let session = app.record(app.session_request().await).await;
        clinicians.push(session.clinician_id.clone());
        sessions.push(SessionToBill {
            session_id: session.session_id,
            ..SessionToBill::default()
        });
    }
    let request = IssueBillRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: app.client.to_string(),
        sessions,
        ..IssueBillRequest::default()
    };
    let issued = app.bills().issue_bill(request).await.expect("issued");
    let bill = issued.into_inner().bill.expect("a bill");
    // All of the bill, and 10.01 ahead.
    let payment = app.payment(31_001, &[(&bill, 30_000)]);
    app.post(&payment).await;
    let refund = app.refund_request(&payment, 2_001);
    app.as_payments()
        .post_refund(refund.clone())
        .await
        .expect("booked");
    let told = [
        (
            PayoutItemKind::Charge,
            31_001,
            929,
            About::Payment(&payment),
        ),
        (
            PayoutItemKind::Refund,
            -2_001,
            0,
            About::Refund(&payment, &refund.refund_id),
        ),
        (PayoutItemKind::ProcessorFee, -200, 0, About::Nothing),
    ];
    let paid = payout(&app, &told);
    app.hear(&paid).await;
    let lines = app.lines().await;
    let shown: Vec<_> = lines
        .iter()
        .map(|it| {
            let of = (it.kind(), it.bill_number, it.clinician_id.as_str());
            (of, minor(&it.gross), minor(&it.fee), minor(&it.net))
        })
        .collect();
    let (one, two) = (clinicians[0].as_str(), clinicians[1].as_str());
    let billed = |clinician| (PayoutLineKind::Bill, bill.number, clinician);
    let ahead = (PayoutLineKind::Credit, 0, "");
    assert_eq!(
        shown,
        [
            (billed(one), 15_000, 450, 14_550),
            (billed(two), 15_000, 449, 14_551),
            (ahead, 1_001, 30, 971),
            // What was paid ahead went back first, then the bill opened.
            (ahead, -1_001, 0, -1_001),
            (billed(one), -500, 0, -500),
            (billed(two), -500, 0, -500),
            ((PayoutLineKind::ProcessorFee, 0, ""), -200, 0, -200),
        ]
    );
    assert!(lines[0].clinician_name.contains("Rivera"));
    assert_eq!(lines[0].client_id, app.client.to_string());

    // A page has the lines of so many items.
    let request = |page_size, page_token| ListPayoutLinesRequest {
        page_size,
        page_token,
        payout_id: paid.payout.as_ref().expect("facts").payout_id.clone(),
        ..ListPayoutLinesRequest::default()
    };
    let first = app
        .lines_of(request(1, String::new()))
        .await
        .expect("a page");
    assert_eq!(first.lines.len(), 3);
    let second = app
        .lines_of(request(2, first.next_page_token))
        .await
        .expect("a page");
    assert_eq!(
        (second.lines.len(), second.next_page_token.as_str()),
        (4, "")
    );
    assert_eq!([first.lines, second.lines].concat(), lines);
    app.finish().await;
}

#[tokio::test]
async fn r41_another_practices_payouts_are_not_there() {
    let app = TestApp::start().await;
    let (_, payment) = app.paid_bill(20_000).await;
    let told = [(
        PayoutItemKind::Charge,
        20_000,
        610,
        About::Payment(&payment),
    )];
    app.hear(&payout(&app, &told)).await;
    let other = ids::PracticeId::new(&app.clock);
    app.register(other).await;
    let mut stranger = PayoutServiceClient::new(app.owner_of(other));
    let own = ListPayoutLinesRequest {
        practice_id: other.to_string(),
        ..ListPayoutLinesRequest::default()
    };
    let listed = stranger.list_payout_lines(own).await.expect("listed");
    assert_eq!(listed.into_inner().lines, []);
    let foreign = ListPayoutLinesRequest {
        practice_id: app.practice.to_string(),
        ..ListPayoutLinesRequest::default()
    };
    let refused = stranger.list_payout_lines(foreign).await;
    assert_eq!(refused.expect_err("not theirs").code(), Code::NotFound);
    app.finish().await;
}
