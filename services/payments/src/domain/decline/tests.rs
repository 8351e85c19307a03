use super::DeclineReason::{self, *};
use super::{Decline, NextStep};
use crate::domain::payment::PaymentKind;
use proptest::prelude::*;

fn of(code: &str, decline_code: Option<&str>) -> Decline {
    Decline::from_codes(code, decline_code, None)
}

#[test]
fn r24_the_issuers_reason_says_more_than_the_code() {
    for (code, decline, reason, hard) in [
        (
            "card_declined",
            Some("insufficient_funds"),
            InsufficientFunds,
            false,
        ),
        ("card_declined", Some("stolen_card"), LostOrStolen, true),
        ("card_declined", Some("generic_decline"), BankRefused, false),
        ("card_declined", Some("do_not_try_again"), BankRefused, true),
        (
            "card_declined",
            Some("card_velocity_exceeded"),
            LimitExceeded,
            false,
        ),
        (
            "card_declined",
            Some("revocation_of_authorization"),
            NotAuthorized,
            true,
        ),
        ("card_declined", None, BankRefused, false),
        ("expired_card", Some("expired_card"), Expired, true),
        ("incorrect_cvc", Some("incorrect_cvc"), WrongDetails, true),
        (
            "authentication_required",
            Some("authentication_required"),
            AuthenticationNeeded,
            true,
        ),
        ("processing_error", None, ProcessingError, false),
        ("expired_card", Some("something_new"), Expired, true),
        (
            "payment_intent_payment_attempt_failed",
            Some("account_closed"),
            AccountClosed,
            true,
        ),
        (
            "payment_intent_payment_attempt_failed",
            Some("insufficient_funds"),
            InsufficientFunds,
            false,
        ),
        (
            "payment_intent_payment_attempt_failed",
            Some("debit_not_authorized"),
            NotAuthorized,
            true,
        ),
        (
            "payment_intent_payment_attempt_failed",
            None,
            ProcessingError,
            false,
        ),
        ("amount_too_small", None, AmountNotAccepted, true),
    ] {
        let found = of(code, decline);
        assert_eq!(
            (found.reason, found.is_hard()),
            (reason, hard),
            "{code} {decline:?}"
        );
    }
}

#[test]
fn r24_the_networks_advice_makes_a_decline_hard_and_never_soft() {
    let advised = |code, advice| Decline::from_codes("card_declined", Some(code), Some(advice));
    assert!(advised("generic_decline", "do_not_try_again").is_hard());
    assert!(advised("something_new", "do_not_try_again").is_hard());
    assert!(!advised("generic_decline", "try_again_later").is_hard());
    assert!(advised("stolen_card", "try_again_later").is_hard());
}

#[test]
fn r24_who_found_a_card_does_not_learn_that_it_was_reported() {
    for code in [
        "stolen_card",
        "lost_card",
        "pickup_card",
        "fraudulent",
        "restricted_card",
    ] {
        let decline = of("card_declined", Some(code));
        let told = decline.told_to_payer();
        assert_eq!(
            (told.reason, told.code.as_str()),
            (BankRefused, ""),
            "{code}"
        );
        let text = decline.payer_text(PaymentKind::Card);
        assert_eq!(text, told.payer_text(PaymentKind::Card), "{code}");
        assert_ne!(
            decline.practice_text(),
            of("card_declined", None).practice_text()
        );
    }
}

#[test]
fn r24_every_text_says_what_to_do_and_that_nothing_was_charged() {
    for reason in DeclineReason::ALL {
        let decline = Decline {
            reason: *reason,
            code: String::new(),
            hard: false,
        };
        for kind in [PaymentKind::Card, PaymentKind::BankDebit] {
            let text = decline.payer_text(kind);
            assert!(text.ends_with("Nothing was charged."), "{reason:?}");
            assert!(
                text.matches(". ").count() >= 2,
                "{reason:?} says a next step"
            );
        }
        assert!(
            !decline
                .payer_text(PaymentKind::BankDebit)
                .starts_with("The card")
        );
        assert!(!decline.practice_text().is_empty());
        assert_eq!(DeclineReason::of(reason.name()), Some(*reason));
    }
    for step in NextStep::ALL {
        assert_eq!(NextStep::of(step.name()), Some(*step));
    }
}

proptest! {
    #[test]
    fn r24_whatever_the_codes_there_is_a_reason(code: String, decline: Option<String>, advice: Option<String>) {
        let found = Decline::from_codes(&code, decline.as_deref(), advice.as_deref());
        prop_assert!(!found.payer_text(PaymentKind::Card).is_empty());
        prop_assert!(!found.practice_text().is_empty());
    }
}
