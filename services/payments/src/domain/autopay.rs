//! Which bills AutoPay charges in a night, and why it leaves the others (design: AutoPay selection). Dates are local
//! days of the practice.

use super::retry::{Attempts, Retry};
use super::words;
use jiff::civil::Date;
use money::Money;

words! {
    /// Why a bill was left out of a night.
    SkipReason {
        /// Nothing is due, or the bill was cancelled.
        NothingDue "nothing_due",
        /// Nobody has turned AutoPay on for the client's bills, or somebody has turned it off.
        Off "off",
        /// It was owed before AutoPay was turned on.
        OldBalance "old_balance",
        /// Its due date is still to come.
        NotDue "not_due",
        /// The day of a service on it is still to come.
        BeforeService "before_service",
        /// Staff held it back.
        Held "held",
        /// A payment of it is disputed.
        Disputed "disputed",
        /// A payment plan covers it.
        OnPlan "on_plan",
        /// The insurer has paid on account and is yet to decide.
        UnderReview "under_review",
        /// The payer was told that it will be charged on a later day.
        UpcomingCharge "upcoming_charge",
        /// Part of what was paid on it went back: whether it is to be paid again is for people to say.
        Refunded "refunded",
        /// A payment of it is on its way.
        PaymentInProgress "payment_in_progress",
        /// Declined before; it is tried again on a later day.
        RetryLater "retry_later",
        /// Declined as often as it is tried, or for good; it waits for another payment method.
        Declined "declined",
        /// The payer has no payment method on file.
        NoMethod "no_method",
        /// The night was interrupted and the next day had begun before it was its turn.
        NightOver "night_over",
    }
}

/// When a charge was announced for, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The day on which it may be charged.
    pub charge_date: Date,
    /// What the payer was told; more than that needs another notice.
    pub amount: Money,
}

/// What AutoPay has to know of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// It is neither paid nor cancelled.
    pub open: bool,
    /// What the client still owes on it.
    pub client_balance: Money,
    /// Local day by whose end it is due.
    pub due_date: Date,
    /// Day of the latest service on it; none for products only.
    pub last_service_date: Option<Date>,
    /// AutoPay is on for the client's bills.
    pub on: bool,
    /// It was owed before AutoPay was turned on, and the practice did not say that it is to be charged all the same.
    pub old: bool,
    /// Staff hold it back.
    pub held: bool,
    /// A payment of it is disputed.
    pub disputed: bool,
    /// A payment plan covers it.
    pub on_plan: bool,
    /// The insurer is yet to decide.
    pub under_review: bool,
    /// Part of what was paid on it went back.
    pub refunded: bool,
    /// A charge of AutoPay is on its way.
    pub in_progress: bool,
    /// The payer has a method that can be charged.
    pub has_method: bool,
    /// The payer is to be told before it is charged.
    pub needs_notice: bool,
    /// What the payer was told.
    pub announced: Option<Announced>,
    /// Charges with the same method that were declined.
    pub declines: Option<Attempts>,
}

/// What becomes of a bill in a night.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It is charged with this.
    Charge(Money),
    /// The payer is told that it will be charged.
    Announce(Money),
    /// It is left out.
    Skip(SkipReason),
}

/// Decides about a bill on a local day.
#[must_use]
pub fn choose(facts: &Facts, today: Date) -> Choice {
    let blocked = standing(facts)
        .or_else(|| people(facts))
        .or_else(|| method(facts, today));
    if let Some(reason) = blocked {
        return Choice::Skip(reason);
    }
    if facts.needs_notice {
        match facts.announced {
            Some(told) if told.amount.minor() >= facts.client_balance.minor() => {
                if told.charge_date > today {
                    return Choice::Skip(SkipReason::UpcomingCharge);
                }
            }
            // Not told yet, or of less than is owed now.
            Some(_) | None => return Choice::Announce(facts.client_balance),
        }
    }
    match date(facts, today) {
        Some(reason) => Choice::Skip(reason),
        None => Choice::Charge(facts.client_balance),
    }
}

/// What the bill itself says.
fn standing(facts: &Facts) -> Option<SkipReason> {
    let blocks = [
        (
            !facts.open || !facts.client_balance.is_positive(),
            SkipReason::NothingDue,
        ),
        (!facts.on, SkipReason::Off),
        (facts.old, SkipReason::OldBalance),
    ];
    first(&blocks)
}

/// What people and insurers have to settle first.
fn people(facts: &Facts) -> Option<SkipReason> {
    let blocks = [
        (facts.held, SkipReason::Held),
        (facts.disputed, SkipReason::Disputed),
        (facts.on_plan, SkipReason::OnPlan),
        (facts.under_review, SkipReason::UnderReview),
        (facts.refunded, SkipReason::Refunded),
    ];
    first(&blocks)
}

fn date(facts: &Facts, today: Date) -> Option<SkipReason> {
    let served_later = facts.last_service_date.is_some_and(|date| date > today);
    let blocks = [
        (served_later, SkipReason::BeforeService),
        (facts.due_date > today, SkipReason::NotDue),
    ];
    first(&blocks)
}

fn method(facts: &Facts, today: Date) -> Option<SkipReason> {
    let retry = facts
        .declines
        .map_or(Retry::Now, |attempts| attempts.retry(today));
    let blocks = [
        (facts.in_progress, SkipReason::PaymentInProgress),
        (!facts.has_method, SkipReason::NoMethod),
        (matches!(retry, Retry::On(_)), SkipReason::RetryLater),
        (retry == Retry::Never, SkipReason::Declined),
    ];
    first(&blocks)
}

fn first(blocks: &[(bool, SkipReason)]) -> Option<SkipReason> {
    blocks.iter().find(|(is, _)| *is).map(|(_, reason)| *reason)
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn what_is_due_today_is_charged_and_everything_that_stands_in_the_way_is_named() {
        assert_eq!(choose(&due(), TODAY), Choice::Charge(usd(4_000)));
        let tomorrow = TODAY.saturating_add(1.day());
        for (facts, reason) in [
            (
                Facts {
                    open: false,
                    ..due()
                },
                SkipReason::NothingDue,
            ),
            (
                Facts {
                    client_balance: usd(0),
                    ..due()
                },
                SkipReason::NothingDue,
            ),
            (Facts { on: false, ..due() }, SkipReason::Off),
            (Facts { old: true, ..due() }, SkipReason::OldBalance),
            (
                Facts {
                    due_date: tomorrow,
                    ..due()
                },
                SkipReason::NotDue,
            ),
            (
                Facts {
                    last_service_date: Some(tomorrow),
                    ..due()
                },
                SkipReason::BeforeService,
            ),
            (
                Facts {
                    held: true,
                    ..due()
                },
                SkipReason::Held,
            ),
            (
                Facts {
                    disputed: true,
                    ..due()
                },
                SkipReason::Disputed,
            ),
            (
                Facts {
                    on_plan: true,
                    ..due()
                },
                SkipReason::OnPlan,
            ),
            (
                Facts {
                    under_review: true,
                    ..due()
                },
                SkipReason::UnderReview,
            ),
            (
                Facts {
                    refunded: true,
                    ..due()
                },
                SkipReason::Refunded,
            ),
            (
                Facts {
                    in_progress: true,
                    ..due()
                },
                SkipReason::PaymentInProgress,
            ),
            (
                Facts {
                    has_method: false,
                    ..due()
                },
                SkipReason::NoMethod,
            ),
        ] {
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
        let flags = proptest::collection::vec(any::<bool>(), 11);
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
                    needs_notice: flag[10],
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
}
