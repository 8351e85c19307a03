//! What time brings: debits that clear and refunds that end, some seconds after they began.

use super::rows::RefundStatus;
use super::testcards::Behaviour;
use super::{Act, charges, refunds};

/// Settles everything that began at least `after_seconds` ago; answers how many.
pub fn settle_due(act: &mut Act<'_>, after_seconds: i64) -> usize {
    let horizon = act.now - after_seconds;
    let debits: Vec<_> = act
        .book
        .intents
        .iter()
        .filter(|intent| {
            intent
                .processing_since
                .is_some_and(|since| since <= horizon)
        })
        .filter_map(|intent| {
            let method = act.book.methods.find(intent.method.as_deref()?)?;
            match method.behaviour {
                Behaviour::Debits(outcome) => Some((intent.id.clone(), outcome)),
                Behaviour::Pays
                | Behaviour::Declines(_)
                | Behaviour::DeclinesWhenCharged(_)
                | Behaviour::Authenticates(_)
                | Behaviour::AuthenticatesUntilSetUp
                | Behaviour::RefundsLater
                | Behaviour::RefundsFail
                | Behaviour::Disputes
                | Behaviour::Inquires
                | Behaviour::DebitsOnCommand => None,
            }
        })
        .collect();
    let ends: Vec<(String, RefundStatus)> = act
        .book
        .refunds
        .iter()
        .filter(|refund| refund.created <= horizon)
        .filter_map(|refund| refund.later.map(|status| (refund.id.clone(), status)))
        .collect();
    let mut settled = 0;
    for (id, outcome) in debits {
        let result = charges::settle(act, &id, outcome.map_or(Ok(()), Err));
        settled += usize::from(result.is_ok());
    }
    for (id, status) in ends {
        settled += usize::from(refunds::settle(act, &id, status).is_ok());
    }
    settled
}
