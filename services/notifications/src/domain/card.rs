//! News of cards and bank accounts on file: some go to whoever pays with them, some to the practice.

use ids::{AuthorizationId, ContactId, MethodId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What happened. No name, no amount, nothing that can be charged with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum CardNews {
    /// One came on file.
    Added {
        /// The method.
        method: MethodId,
        /// "Visa ending in 4242".
        method_text: String,
    },
    /// One ends soon.
    Ending {
        /// The method.
        method: MethodId,
        /// "Visa ending in 4242".
        method_text: String,
        /// The last day on which it is good.
        end_date: Date,
        /// Who is told.
        to: Audience,
    },
    /// The practice asks for a card and a signature.
    FormAsked {
        /// The form.
        authorization: AuthorizationId,
        /// 0 for the request itself.
        reminder: i32,
        /// Who is asked.
        to: Audience,
        /// The card that was on file is with an account that the practice does not use any more.
        #[serde(default)]
        new_account: bool,
    },
    /// Somebody has signed.
    FormSigned {
        /// The form.
        authorization: AuthorizationId,
        /// "Visa ending in 4242".
        method_text: String,
    },
}

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The practice.
    Practice,
    /// The client.
    Client,
    /// A contact of the client.
    Contact(ContactId),
}

impl CardNews {
    /// Who is told.
    #[must_use]
    pub const fn audience(&self) -> Audience {
        match self {
            Self::Added { .. } | Self::FormSigned { .. } => Audience::Practice,
            Self::Ending { to, .. } | Self::FormAsked { to, .. } => *to,
        }
    }

    /// One mail for each of these in a practice.
    #[must_use]
    pub fn dedupe_key(&self) -> String {
        match self {
            Self::Added { method, .. } => format!("added/{method}"),
            Self::Ending {
                method,
                end_date,
                to,
                ..
            } => {
                let whom = match to {
                    Audience::Practice => "practice",
                    Audience::Client | Audience::Contact(_) => "payer",
                };
                format!("ending/{method}/{end_date}/{whom}")
            }
            Self::FormAsked {
                authorization,
                reminder,
                ..
            } => format!("asked/{authorization}/{reminder}"),
            Self::FormSigned { authorization, .. } => format!("signed/{authorization}"),
        }
    }

    /// The subject: no name, no digits.
    #[must_use]
    pub fn subject(&self, practice: &str) -> String {
        match self {
            Self::Added { .. } => "A payment method was put on file".to_owned(),
            Self::Ending {
                to: Audience::Practice,
                ..
            } => "A card on file ends soon".to_owned(),
            Self::Ending { .. } => format!("Your card on file with {practice} ends soon"),
            Self::FormAsked { reminder: 0, .. } => {
                format!("{practice} asks you for a card on file")
            }
            Self::FormAsked { .. } => format!("Reminder: {practice} asks you for a card on file"),
            Self::FormSigned { .. } => "A card authorization was signed".to_owned(),
        }
    }

    /// What the letter says, a heading and paragraphs.
    #[must_use]
    pub fn words(&self, practice: &str) -> (&'static str, Vec<String>) {
        match self {
            Self::Added { method_text, .. } => (
                "A payment method was put on file",
                vec![
                    format!("{method_text} was put on file for one of your clients."),
                    "You see whose it is in the client’s account.".to_owned(),
                ],
            ),
            Self::FormAsked {
                new_account: true, ..
            } => (
                "Your card on file, once more, please",
                vec![
                    format!("{practice} uses another account with its payment processor now. What you had put on file cannot be charged there."),
                    "Please put your card or bank account on file again, and sign that it may be charged for what you owe. \
                     Until it is on file nothing is charged by itself."
                        .to_owned(),
                    "It takes a few minutes. The practice does not see your card number; a payment processor keeps it. \
                     You can revoke it at any time."
                        .to_owned(),
                ],
            ),
            Self::FormAsked { .. } => (
                "A card on file, please",
                vec![
                    format!("{practice} asks you to put a card or bank account on file, and to sign that it may be charged for what you owe."),
                    "It takes a few minutes. The practice does not see your card number; a payment processor keeps it. \
                     You can revoke it at any time."
                        .to_owned(),
                ],
            ),
            Self::FormSigned { method_text, .. } => (
                "A card authorization was signed",
                vec![
                    format!("{method_text} is on file and authorized for one of your clients."),
                    "What was signed, by whom and when, is kept in the client’s account.".to_owned(),
                ],
            ),
            Self::Ending {
                method_text,
                end_date,
                to,
                ..
            } => {
                let ends = end_date.strftime("%B %-d, %Y");
                match to {
                    Audience::Practice => (
                        "A card on file ends soon",
                        vec![
                            format!("{method_text}, on file for one of your clients, is good until {ends}."),
                            "Its holder was told. If the bank renews the card, that usually shows here by itself."
                                .to_owned(),
                        ],
                    ),
                    Audience::Client | Audience::Contact(_) => (
                        "Your card ends soon",
                        vec![
                            format!("{method_text}, on file with {practice}, is good until {ends}."),
                            "Please replace it before that day. If your bank has sent you a new card with the same \
                             number, adding it again is enough."
                                .to_owned(),
                        ],
                    ),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn payer_and_practice_are_told_once_each_and_the_subject_says_no_digits() {
        let news = |to| CardNews::Ending {
            method: MethodId::from(Uuid::from_u128(7)),
            method_text: "Visa ending in 4242".to_owned(),
            end_date: Date::constant(2026, 4, 30),
            to,
        };
        let (payer, practice) = (news(Audience::Client), news(Audience::Practice));
        assert_ne!(payer.dedupe_key(), practice.dedupe_key());
        for news in [payer, practice] {
            assert!(!news.subject("Harbor Light").contains("4242"));
            let kept = serde_json::to_string(&news).expect("written");
            assert_eq!(serde_json::from_str::<CardNews>(&kept).expect("read"), news);
            let (_, words) = news.words("Harbor Light");
            assert!(words[0].contains("April 30, 2026"));
        }
    }
}
