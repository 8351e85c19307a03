use super::*;
use jiff::ToSpan as _;
use jiff::civil::date;
use money::Currency;
use proptest::prelude::*;

const TODAY: Date = date(2026, 3, 31);

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn due() -> Facts {
    Facts {
        open: true,
        client_balance: usd(4_000),
        due_date: TODAY,
        last_service_date: Some(TODAY),
        on: true,
        old: false,
        held: false,
        disputed: false,
        on_plan: false,
        under_review: false,
        refunded: false,
        in_progress: false,
        has_method: true,
        authorization_revoked: false,
        former_account: false,
        no_account: false,
        needs_notice: false,
        announced: None,
        declines: None,
    }
}

fn told(days: i32, minor: i64) -> Option<Announced> {
    Some(Announced {
        charge_date: TODAY.saturating_add(days.days()),
        amount: usd(minor),
    })
}

type Change = fn(&mut Facts, Date);

#[test]
fn what_is_due_today_is_charged_and_everything_that_stands_in_the_way_is_named() {
    assert_eq!(choose(&due(), TODAY), Choice::Charge(usd(4_000)));
    let cases: [(Change, SkipReason); 16] = [
        (|it, _| it.open = false, SkipReason::NothingDue),
        (|it, _| it.client_balance = usd(0), SkipReason::NothingDue),
        (|it, _| it.on = false, SkipReason::Off),
        (|it, _| it.old = true, SkipReason::OldBalance),
        (|it, later| it.due_date = later, SkipReason::NotDue),
        (
            |it, later| it.last_service_date = Some(later),
            SkipReason::BeforeService,
        ),
        (|it, _| it.held = true, SkipReason::Held),
        (
            |it, _| it.authorization_revoked = true,
            SkipReason::AuthorizationRevoked,
        ),
        (|it, _| it.former_account = true, SkipReason::FormerAccount),
        (|it, _| it.no_account = true, SkipReason::NoAccount),
        (|it, _| it.disputed = true, SkipReason::Disputed),
        (|it, _| it.on_plan = true, SkipReason::OnPlan),
        (|it, _| it.under_review = true, SkipReason::UnderReview),
        (|it, _| it.refunded = true, SkipReason::Refunded),
        (|it, _| it.in_progress = true, SkipReason::PaymentInProgress),
        (|it, _| it.has_method = false, SkipReason::NoMethod),
    ];
    for (change, reason) in cases {
        let mut facts = due();
        change(&mut facts, TODAY.saturating_add(1.day()));
        assert_eq!(choose(&facts, TODAY), Choice::Skip(reason), "{facts:?}");
    }
}

#[test]
fn a_payer_who_is_to_be_told_is_charged_from_the_day_on_that_was_told_and_no_more() {
    let facts = |announced| Facts {
        needs_notice: true,
        announced,
        ..due()
    };
    assert_eq!(choose(&facts(None), TODAY), Choice::Announce(usd(4_000)));
    assert_eq!(
        choose(&facts(told(1, 4_000)), TODAY),
        Choice::Skip(SkipReason::UpcomingCharge)
    );
    assert_eq!(
        choose(&facts(told(0, 4_000)), TODAY),
        Choice::Charge(usd(4_000))
    );
    // Less than was told is charged, more is told first.
    assert_eq!(
        choose(&facts(told(0, 5_000)), TODAY),
        Choice::Charge(usd(4_000))
    );
    assert_eq!(
        choose(&facts(told(0, 3_999)), TODAY),
        Choice::Announce(usd(4_000))
    );
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let flags = proptest::collection::vec(any::<bool>(), 14);
    let announced = proptest::option::of((-40_i32..40, 1_i64..9_000));
    let declines = proptest::option::of((-20_i32..0, 0_i32..20, any::<bool>()));
    (
        flags,
        -100_i64..9_000,
        -40_i32..40,
        proptest::option::of(-40_i32..40),
        announced,
        declines,
    )
        .prop_map(|(flag, balance, due, served, announced, declines)| {
            let day = |offset: i32| TODAY.saturating_add(offset.days());
            Facts {
                open: flag[0],
                client_balance: usd(balance),
                due_date: day(due),
                last_service_date: served.map(day),
                on: flag[1],
                old: flag[2],
                held: flag[3],
                disputed: flag[4],
                on_plan: flag[5],
                under_review: flag[6],
                refunded: flag[7],
                in_progress: flag[8],
                has_method: flag[9],
                authorization_revoked: flag[11],
                needs_notice: flag[10],
                former_account: flag[12],
                no_account: flag[13],
                announced: announced.and_then(|(days, minor)| told(days, minor)),
                declines: declines.map(|(first, after, hard)| Attempts {
                    first: day(first),
                    last: day((first + after).min(-1)),
                    hard,
                }),
            }
        })
}

proptest! {
    #[test]
    fn never_more_than_is_owed_never_before_its_day_and_never_what_people_have_to_settle(facts in any_facts()) {
        if let Choice::Charge(amount) = choose(&facts, TODAY) {
            prop_assert_eq!(amount, facts.client_balance);
            prop_assert!(facts.open && amount.is_positive() && facts.on && !facts.old && facts.has_method);
            prop_assert!(facts.due_date <= TODAY && facts.last_service_date.is_none_or(|date| date <= TODAY));
            prop_assert!(!facts.held && !facts.disputed && !facts.on_plan && !facts.under_review);
            prop_assert!(!facts.refunded && !facts.in_progress);
            prop_assert!(!facts.former_account && !facts.no_account);
            if facts.needs_notice {
                let told = facts.announced.expect("told before");
                prop_assert!(told.charge_date <= TODAY && told.amount.minor() >= amount.minor());
            }
            prop_assert!(facts.declines.is_none_or(|before| before.retry(TODAY) == Retry::Now));
        }
    }

    #[test]
    fn one_thing_in_the_way_is_enough(facts in any_facts(), which in 0_usize..5) {
        let mut facts = facts;
        match which {
            0 => facts.held = true,
            1 => facts.disputed = true,
            2 => facts.on_plan = true,
            3 => facts.under_review = true,
            _ => facts.on = false,
        }
        prop_assert!(matches!(choose(&facts, TODAY), Choice::Skip(_)));
    }
}
