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
        /// The payer revoked the form that allowed to charge the method.
        AuthorizationRevoked "authorization_revoked",
        /// The payer's payment method is on file with an account that the practice does not use any more.
        FormerAccount "former_account",
        /// The processor takes no charges for the practice's account, or there is none.
        NoAccount "no_account",
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
    /// The payer revoked the form that allowed to charge it.
    pub authorization_revoked: bool,
    /// That is on file with an account that the practice does not use any more.
    pub former_account: bool,
    /// There is no account to charge on.
    pub no_account: bool,
    /// The payer is to be told before it is charged.
    pub needs_notice: bool,
    /// What the payer was told of a charge that was not made yet: one notice is for one charge.
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
        (facts.no_account, SkipReason::NoAccount),
        (!facts.has_method, SkipReason::NoMethod),
        (
            facts.authorization_revoked,
            SkipReason::AuthorizationRevoked,
        ),
        (facts.former_account, SkipReason::FormerAccount),
        (matches!(retry, Retry::On(_)), SkipReason::RetryLater),
        (retry == Retry::Never, SkipReason::Declined),
    ];
    first(&blocks)
}

fn first(blocks: &[(bool, SkipReason)]) -> Option<SkipReason> {
    blocks.iter().find(|(is, _)| *is).map(|(_, reason)| *reason)
}

#[cfg(test)]
mod tests;
