//! What the processor's published codes mean here: of issuers' declines, of bank debits' failures, and of its own errors.

use super::DeclineReason::{self, *};

/// The reason, and whether the decline is hard; none for a code that is newer than this program.
pub(super) fn find(code: &str) -> Option<(DeclineReason, bool)> {
    soft(code)
        .map(|reason| (reason, false))
        .or_else(|| hard(code).map(|reason| (reason, true)))
}

/// The same method may pay later.
fn soft(code: &str) -> Option<DeclineReason> {
    match code {
        "insufficient_funds" | "bank_account_insufficient_funds" => Some(InsufficientFunds),
        "card_velocity_exceeded"
        | "withdrawal_count_limit_exceeded"
        | "pin_try_exceeded"
        | "card_decline_rate_limit_exceeded"
        | "charge_exceeds_source_limit"
        | "charge_exceeds_transaction_limit"
        | "debit_limit_exceeded" => Some(LimitExceeded),
        "generic_decline"
        | "card_declined"
        | "bank_account_declined"
        | "payment_method_provider_decline"
        | "payment_method_customer_decline"
        | "call_issuer"
        | "do_not_honor"
        | "no_action_taken"
        | "refer_to_customer"
        | "declined"
        | "testmode_decline" => Some(BankRefused),
        "processing_error"
        | "try_again_later"
        | "reenter_transaction"
        | "issuer_not_available"
        | "approve_with_id"
        | "duplicate_transaction"
        | "could_not_process"
        | "payment_method_provider_timeout"
        | "payment_intent_payment_attempt_expired"
        | "payment_intent_payment_attempt_failed"
        | "parameter_invalid" => Some(ProcessingError),
        _hard_or_unknown => None,
    }
}

/// It will not, whenever it is tried.
fn hard(code: &str) -> Option<DeclineReason> {
    match code {
        "expired_card" | "invalid_expiry_month" | "invalid_expiry_year" => Some(Expired),
        "do_not_try_again" | "service_not_allowed" | "security_violation" => Some(BankRefused),
        "incorrect_number"
        | "invalid_number"
        | "incorrect_cvc"
        | "invalid_cvc"
        | "incorrect_zip"
        | "incorrect_address"
        | "incorrect_pin"
        | "invalid_pin"
        | "invalid_account"
        | "account_number_invalid"
        | "invalid_account_number"
        | "routing_number_invalid"
        | "no_account"
        | "incorrect_account_holder_name"
        | "incorrect_account_holder_address"
        | "incorrect_account_holder_tax_id"
        | "new_account_information_available"
        | "resource_missing"
        | "payment_method_unactivated"
        | "payment_method_billing_details_address_missing"
        | "bank_account_unverified"
        | "bank_account_verification_failed"
        | "payment_method_microdeposit_failed"
        | "payment_method_microdeposit_verification_amounts_invalid"
        | "payment_method_microdeposit_verification_amounts_mismatch"
        | "payment_method_microdeposit_verification_attempts_exceeded" => Some(WrongDetails),
        "authentication_required"
        | "authentication_not_handled"
        | "payment_intent_authentication_failure"
        | "setup_intent_authentication_failure"
        | "mobile_device_authentication_required"
        | "offline_pin_required"
        | "online_or_offline_pin_required" => Some(AuthenticationNeeded),
        "lost_card" | "stolen_card" | "pickup_card" | "restricted_card" | "fraudulent"
        | "merchant_blacklist" => Some(LostOrStolen),
        "card_not_supported"
        | "currency_not_supported"
        | "invalid_currency"
        | "not_permitted"
        | "transaction_not_allowed"
        | "live_mode_test_card"
        | "payment_method_currency_mismatch"
        | "payment_method_not_available"
        | "payment_method_unsupported_type"
        | "payment_intent_incompatible_payment_method" => Some(NotSupported),
        "account_closed"
        | "account_frozen"
        | "bank_account_closed"
        | "bank_account_restricted"
        | "bank_account_unusable"
        | "payment_method_bank_account_blocked" => Some(AccountClosed),
        "revocation_of_authorization"
        | "revocation_of_all_authorizations"
        | "stop_payment_order"
        | "payment_stopped"
        | "debit_not_authorized"
        | "bank_ownership_changed"
        | "payment_intent_mandate_invalid" => Some(NotAuthorized),
        "amount_too_small" | "amount_too_large" | "invalid_amount" => Some(AmountNotAccepted),
        _soft_or_unknown => None,
    }
}
