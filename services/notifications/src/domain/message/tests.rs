use super::*;
use ids::{BillId, PaymentId, ShareId};
use jiff::civil::Date;
use money::{Currency, Money};
use uuid::Uuid;

#[test]
fn particulars_read_back_as_they_were_kept() {
    let amount = Money::from_minor(4000, Currency::USD);
    let kept = Particulars::Receipt {
        payment: PaymentId::from(Uuid::from_u128(7)),
        amount,
        receive_date: Date::constant(2026, 3, 2),
        method_text: "Cash".to_owned(),
        allocations: vec![Allocation {
            bill: BillId::from(Uuid::from_u128(8)),
            amount,
        }],
        credited: Money::from_minor(0, Currency::USD),
        to: None,
    };
    let text = serde_json::to_string(&kept).expect("written");
    assert_eq!(
        serde_json::from_str::<Particulars>(&text).expect("read"),
        kept
    );
    assert!(kept.dedupe_key().starts_with("receipt/pay_"));
}

#[test]
fn a_bill_that_was_queued_by_the_version_before_reads_as_one() {
    let (bill, share) = (
        BillId::from(Uuid::from_u128(7)),
        ShareId::from(Uuid::from_u128(8)),
    );
    let kept = format!(r#"{{"kind":"bill","bill":"{bill}","share":"{share}","without_pdf":true}}"#);
    let read = serde_json::from_str::<Particulars>(&kept).expect("read");
    let expected = Particulars::Bill {
        bill,
        share,
        without_pdf: true,
        to_be_paid: false,
    };
    assert_eq!(read, expected);
}

#[test]
fn kinds_and_states_are_known_by_name() {
    assert_eq!(Kind::named("decline"), Some(Kind::Decline));
    assert_eq!(Kind::named("superbill"), Some(Kind::Superbill));
    assert_eq!(Kind::named("sent"), None);
    assert_eq!(State::named("sent"), Some(State::Sent));
}
