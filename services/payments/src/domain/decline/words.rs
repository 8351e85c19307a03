//! What payer and practice read. Each says what to do; a payer's always ends with what matters most.

use super::{Decline, DeclineReason};
use crate::domain::payment::PaymentKind;

impl Decline {
    /// What the payer reads.
    #[must_use]
    pub const fn payer_text(&self, kind: PaymentKind) -> &'static str {
        if matches!(kind, PaymentKind::BankDebit) {
            bank_text(self.reason)
        } else {
            card_text(self.reason)
        }
    }

    /// What the practice reads: it may know more, and what to do about it.
    #[must_use]
    pub const fn practice_text(&self) -> &'static str {
        match self.reason {
            DeclineReason::Expired => {
                "The card has expired. Ask for its new expiry date or for another card."
            }
            DeclineReason::InsufficientFunds => {
                "The card or account has not enough funds. It may pay later, or a smaller amount."
            }
            DeclineReason::BankRefused if self.hard => {
                "The bank refused and does not want to be asked again. Ask for another card."
            }
            DeclineReason::BankRefused => {
                "The bank refused without a reason. It may pay later; the client's bank can say why."
            }
            DeclineReason::WrongDetails => {
                "The number, expiry date, security code, name or ZIP is wrong. Ask the client to enter the card or account again."
            }
            DeclineReason::AuthenticationNeeded => {
                "The bank wants the client to confirm. It can only be paid by the client, from the portal or the bill's link."
            }
            DeclineReason::ProcessingError => {
                "Something failed between the processor and the bank. Trying again later usually helps."
            }
            DeclineReason::LostOrStolen => {
                "The card was reported lost or stolen, or the bank suspects fraud. The client was only told that the bank refused. Do not try it again; ask for another card."
            }
            DeclineReason::NotSupported => {
                "The card or account does not allow this kind of payment, for instance an HSA card or one for use abroad only. Ask for another one."
            }
            DeclineReason::LimitExceeded => {
                "The card or account is over its limit or was used too often. It may pay on another day, or a smaller amount."
            }
            DeclineReason::AccountClosed => {
                "The account is closed or frozen. Ask for another card or account."
            }
            DeclineReason::NotAuthorized => {
                "The client's bank says that the client does not allow this charge any more. Do not try it again; talk to the client and ask for a new authorization."
            }
            DeclineReason::AmountNotAccepted => {
                "The processor does not take this amount at once. Charge another amount or take the payment offline."
            }
        }
    }
}

const fn card_text(reason: DeclineReason) -> &'static str {
    match reason {
        DeclineReason::Expired => {
            "The card has expired. Check the expiry date or use another card. Nothing was charged."
        }
        DeclineReason::InsufficientFunds => {
            "The card has not enough funds for this payment. Use another card or a smaller amount. Nothing was charged."
        }
        DeclineReason::BankRefused | DeclineReason::LostOrStolen => {
            "The bank declined the card without giving a reason. Call the bank or use another card. Nothing was charged."
        }
        DeclineReason::WrongDetails => {
            "The card's number, expiry date, security code or ZIP is not right. Enter it again. Nothing was charged."
        }
        DeclineReason::AuthenticationNeeded => {
            "The bank did not get the confirmation it asks for. Try again and confirm with the bank. Nothing was charged."
        }
        DeclineReason::ProcessingError => {
            "The card could not be processed. Try again in a moment or use another card. Nothing was charged."
        }
        DeclineReason::NotSupported => {
            "The card does not allow this kind of payment. Use another card. Nothing was charged."
        }
        DeclineReason::LimitExceeded => {
            "The card is over its limit or was used too often today. Use another card, a smaller amount, or try again tomorrow. Nothing was charged."
        }
        DeclineReason::AccountClosed => {
            "The card's account is closed or blocked. Use another card. Nothing was charged."
        }
        DeclineReason::NotAuthorized => {
            "The bank says that charges like this are not allowed for this card. Use another card or call the bank. Nothing was charged."
        }
        DeclineReason::AmountNotAccepted => {
            "A card payment of this amount cannot be taken. Use another amount or ask the practice. Nothing was charged."
        }
    }
}

const fn bank_text(reason: DeclineReason) -> &'static str {
    match reason {
        DeclineReason::Expired | DeclineReason::WrongDetails => {
            "The bank account's numbers or its owner's name are not right. Enter them again or use another account. Nothing was charged."
        }
        DeclineReason::InsufficientFunds => {
            "The bank account had not enough funds when it was debited. Use a card or another account, or try again later. Nothing was charged."
        }
        DeclineReason::BankRefused | DeclineReason::LostOrStolen => {
            "The bank refused the debit without giving a reason. Call the bank, or use a card or another account. Nothing was charged."
        }
        DeclineReason::AuthenticationNeeded => {
            "The bank account is not confirmed yet. Confirm it or use a card. Nothing was charged."
        }
        DeclineReason::ProcessingError => {
            "The bank account could not be debited. Try again later or use a card. Nothing was charged."
        }
        DeclineReason::NotSupported => {
            "The bank account does not allow debits. Use a card or another account. Nothing was charged."
        }
        DeclineReason::LimitExceeded => {
            "The debit is over the bank account's limit. Use a card or a smaller amount. Nothing was charged."
        }
        DeclineReason::AccountClosed => {
            "The bank account is closed or blocked. Use a card or another account. Nothing was charged."
        }
        DeclineReason::NotAuthorized => {
            "The bank account's owner did not allow this debit, as the bank says. Use a card or another account. Nothing was charged."
        }
        DeclineReason::AmountNotAccepted => {
            "A bank debit of this amount cannot be made. Use another amount or ask the practice. Nothing was charged."
        }
    }
}
