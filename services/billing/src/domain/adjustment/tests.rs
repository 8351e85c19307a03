use super::*;
use crate::domain::bill::Item;
use crate::domain::books::{bill, id, usd};
use crate::domain::shares::Shares;
use proptest::prelude::*;

fn line(number: i32, client: i64) -> Line {
    Line {
        number,
        item: Item::Product,
        description: String::new(),
        units: 1,
        price: usd(client),
        shares: Shares {
            client: usd(client),
            insurance: usd(0),
        },
        fee: None,
    }
}

fn reduction(extent: Extent, line: Option<i32>) -> Reduction {
    Reduction {
        kind: AdjustmentKind::Discount,
        reason: AdjustmentReason::Courtesy,
        extent,
        line,
        client_text: String::new(),
    }
}

fn percent(text: &str) -> Extent {
    Extent::Percent(text.parse().expect("a rate"))
}

fn on<'a>(bill: &'a Standing, lines: &'a [Line], adjustments: &'a [Adjustment]) -> Adjustable<'a> {
    Adjustable {
        bill,
        lines,
        adjustments,
        held: usd(0),
    }
}

fn taken(number: u128, line: Option<i32>, amount: i64) -> Adjustment {
    Adjustment {
        id: id(number),
        reduction: reduction(Extent::Amount(usd(amount)), line),
        amount: usd(amount),
        entry: id(number),
        create_time: Timestamp::UNIX_EPOCH,
        reverse_time: None,
    }
}

#[test]
fn a_tenth_off_150_leaves_135() {
    let before = bill(7, 15_000, 0);
    let reduced = adjust(on(&before, &[], &[]), &reduction(percent("10"), None)).expect("reduced");
    assert_eq!(reduced.amount, usd(1_500));
    assert_eq!(
        (reduced.bill.client_owes, reduced.bill.client_balance),
        (usd(13_500), usd(13_500))
    );
    let [transfer] = reduced.transfers.as_slice() else {
        panic!("one transfer");
    };
    assert_eq!(transfer.debit, Account::practice(AccountKind::Discounts));
    assert_eq!(transfer.credit, Account::client_receivable(id(7), id(1)));
}

#[test]
fn a_waiver_takes_all_that_is_left_and_keeps_what_was_paid() {
    let before = Standing {
        client_balance: usd(9_000),
        ..bill(7, 15_000, 0)
    };
    let reduced = adjust(on(&before, &[], &[]), &reduction(Extent::Whole, None)).expect("reduced");
    assert_eq!(
        (
            reduced.amount,
            reduced.bill.client_owes,
            reduced.bill.client_balance
        ),
        (usd(9_000), usd(6_000), usd(0))
    );
}

#[test]
fn no_more_is_taken_off_a_line_than_is_left_of_it() {
    let before = bill(7, 15_000, 0);
    let lines = [line(1, 10_000), line(2, 5_000)];
    let earlier = [taken(1, Some(1), 4_000), taken(2, Some(2), 1_000)];
    let before = Standing {
        client_owes: usd(10_000),
        client_balance: usd(10_000),
        ..before
    };
    let ask = |amount, line| {
        let asked = reduction(Extent::Amount(usd(amount)), Some(line));
        adjust(on(&before, &lines, &earlier), &asked).map(|reduced| reduced.amount)
    };
    assert_eq!(ask(6_000, 1), Ok(usd(6_000)));
    assert_eq!(
        ask(6_001, 1),
        Err(AdjustmentRefusal::ExceedsLine(usd(6_000)))
    );
    assert_eq!(
        ask(4_001, 2),
        Err(AdjustmentRefusal::ExceedsLine(usd(4_000)))
    );
    assert_eq!(ask(1, 3), Err(AdjustmentRefusal::NoSuchLine(3)));
    let half = reduction(percent("50"), Some(1));
    let half = adjust(on(&before, &lines, &earlier), &half).expect("reduced");
    assert_eq!(half.amount, usd(5_000), "of the line's share as billed");
}

#[test]
fn what_was_taken_off_stays_off_when_insurance_decides() {
    let taken_back = Adjustment {
        reverse_time: Some(Timestamp::UNIX_EPOCH),
        ..taken(3, None, 500)
    };
    let made = [taken(1, None, 1_000), taken(2, Some(1), 500), taken_back];
    assert_eq!(less_taken(usd(4_000), &made), Ok(usd(2_500)));
    assert_eq!(less_taken(usd(1_200), &made), Ok(usd(0)));
}

#[test]
fn what_is_paid_or_held_is_not_taken_off() {
    let before = Standing {
        client_balance: usd(4_000),
        ..bill(7, 15_000, 0)
    };
    let held = Adjustable {
        held: usd(3_000),
        ..on(&before, &[], &[])
    };
    let asked = reduction(Extent::Amount(usd(1_001)), None);
    assert_eq!(
        adjust(held, &asked),
        Err(AdjustmentRefusal::ExceedsBalance(usd(1_000)))
    );
    let whole = adjust(held, &reduction(Extent::Whole, None)).expect("reduced");
    assert_eq!(whole.amount, usd(1_000));
    let paid = bill(7, 0, 11_000);
    assert_eq!(
        adjust(on(&paid, &[], &[]), &reduction(Extent::Whole, None)),
        Err(AdjustmentRefusal::Nothing)
    );
}

proptest! {
    #[test]
    fn an_adjustment_and_its_reversal_are_nothing(
        (owes, paid) in (0_i64..1_000_000).prop_flat_map(|owes| (Just(owes), 0..=owes)),
        amount in 1_i64..1_000_000,
    ) {
        let before = Standing { client_balance: usd(owes - paid), ..bill(7, owes, 0) };
        let asked = reduction(Extent::Amount(usd(amount)), None);
        match adjust(on(&before, &[], &[]), &asked) {
            Ok(reduced) => {
                prop_assert!(amount <= owes - paid);
                let posted: Vec<_> = reduced.transfers.as_slice().iter().map(|transfer| (id(9), *transfer)).collect();
                let (_, after) = reverse_adjustment(&reduced.bill, reduced.amount, &posted).expect("reversed");
                prop_assert_eq!(after, before);
            }
            Err(refusal) => {
                prop_assert!(amount > owes - paid);
                prop_assert_eq!(refusal, AdjustmentRefusal::ExceedsBalance(usd(owes - paid)));
            }
        }
    }
}

#[test]
fn every_kind_is_read_by_its_name() {
    for kind in AdjustmentKind::ALL {
        assert_eq!(AdjustmentKind::of(kind.name()), Some(*kind));
    }
}
