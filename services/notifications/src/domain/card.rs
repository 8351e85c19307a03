//! News of cards and bank accounts on file: some go to whoever pays with them, some to the practice.

use ids::{ContactId, MethodId};
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
            Self::Added { .. } => Audience::Practice,
            Self::Ending { to, .. } => *to,
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
