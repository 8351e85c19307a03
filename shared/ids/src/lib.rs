//! Ids that name their kind: `bill_01k…` is a bill and cannot be passed where a client is meant,
//! neither in code nor in a request. In the database they are plain `uuid`.

mod base32;
mod derived;
mod reference;

pub use derived::derive_uuid;
pub use reference::{Reference, ReferenceError};

/// Why a text is not an id of the expected kind. The text itself is left out: it came from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a {prefix}_ id: {prefix}_ and 26 lower-case Crockford base32 symbols are expected")]
pub struct IdError {
    /// The prefix that was expected, without its underscore.
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
            #[sqlx(transparent)]
            pub struct $name(uuid::Uuid);

            impl $name {
                /// What stands before the underscore in the id's text.
                pub const PREFIX: &'static str = $prefix;

                /// A new id; later ones sort later.
                pub fn new(clock: &clock::Clock) -> Self {
                    Self(clock.uuid())
                }

                /// The bare value, as the database keeps it.
                pub const fn uuid(self) -> uuid::Uuid {
                    self.0
                }
            }

            impl From<uuid::Uuid> for $name {
                fn from(uuid: uuid::Uuid) -> Self {
                    Self(uuid)
                }
            }

            impl From<$name> for uuid::Uuid {
                fn from(id: $name) -> Self {
                    id.0
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    write!(out, "{}_{}", $prefix, base32::encode(self.0.as_u128(), base32::UUID_SYMBOLS))
                }
            }

            impl std::fmt::Debug for $name {
                fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    std::fmt::Display::fmt(self, out)
                }
            }

            impl std::str::FromStr for $name {
                type Err = IdError;

                fn from_str(text: &str) -> Result<Self, IdError> {
                    parse(text, $prefix).map(Self)
                }
            }

            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                }
            }
        )+

        #[cfg(test)]
        const PREFIXES: &[&str] = &[$($prefix),+];
    };
}

ids! {
    /// A practice: the tenant every row belongs to.
    PracticeId "prac";
    /// A person who signs in, of the staff or of the portal.
    UserId "user";
    /// A program that signs in with a secret: an EHR, or one of the suite's services.
    ProgramId "prog";
    /// A client (patient) of a practice.
    ClientId "cli";
    /// Someone who pays or decides for a client: a parent, a guardian.
    ContactId "con";
    /// A clinician of a practice.
    ClinicianId "cln";
    /// An insurer.
    PayerId "pyr";
    /// A client's policy with an insurer.
    PolicyId "pol";
    /// An appointment that took place and has a price.
    SessionId "ses";
    /// A bill (invoice). What people type is its [`Reference`].
    BillId "bill";
    /// A line of a bill.
    LineId "line";
    /// A share of a bill: what one party owes of it.
    ShareId "shr";
    /// A business act in the ledger: several transfers written together.
    EntryId "ent";
    /// A transfer between two accounts of the ledger.
    TransferId "tr";
    /// An account of the ledger.
    AccountId "acct";
    /// A payment by an insurer (an EOB).
    InsurerPaymentId "ins";
    /// A discount, waiver or write-off.
    AdjustmentId "adj";
    /// A run of billing automation that somebody asked for.
    RunId "run";
    /// What a practice brings from its former system.
    ImportId "imp";
    /// A credit a client has with the practice.
    CreditId "crd";
    /// An amount of a bill kept for a payment that is under way.
    HoldId "hold";
    /// A payment by a client, contact or other person.
    PaymentId "pay";
    /// A refund of a payment.
    RefundId "rfd";
    /// A payer's bank questions a payment.
    DisputeId "dsp";
    /// A movement of money at the processor by a dispute: withdrawn, or reinstated.
    DisputeMovementId "dmv";
    /// What the processor pays out to a practice's bank account.
    PayoutId "po";
    /// A movement of money that a payout paid out.
    PayoutItemId "poi";
    /// What the processor's books and ours disagree about.
    DiscrepancyId "dis";
    /// A stored payment method.
    MethodId "pmt";
    /// An account of a practice's own at the processor, from the wish for it to its end.
    ConnectionId "conn";
    /// A payer's adding of a payment method, from its beginning to what came of it.
    SetupId "setup";
    /// A token that the processor is to forget.
    DetachmentId "det";
    /// A card authorization form: asked for, signed, revoked.
    AuthorizationId "auth";
    /// Whoever holds payment methods at the processor; not `cus_`, which are the processor's own
    /// ids.
    PayerAccountId "payer";
    /// An event of a feed.
    EventId "evt";
    /// An e-mail or secure message.
    MessageId "msg";
    /// A document that was made: a bill, receipt, statement.
    DocumentId "doc";
    /// A bill that was shared with someone: the link, the access code, the address.
    AccessId "acc";
}

fn parse(text: &str, prefix: &'static str) -> Result<uuid::Uuid, IdError> {
    text.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .filter(|symbols| symbols.len() == base32::UUID_SYMBOLS)
        .and_then(base32::decode)
        .map(uuid::Uuid::from_u128)
        .ok_or(IdError { prefix })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clock::Clock;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn prefixes_are_distinct_and_short() {
        let distinct: BTreeSet<_> = PREFIXES.iter().collect();
        assert_eq!(distinct.len(), PREFIXES.len());
        assert!(
            PREFIXES
                .iter()
                .all(|prefix| (2..=5).contains(&prefix.len()))
        );
    }

    #[test]
    fn an_id_reads_as_its_kind_and_26_symbols() {
        let bill = BillId::from(Uuid::from_u128(0x0190_a5b2_c3d4_7abc_8def_0123_4567_89ab));
        assert_eq!(bill.to_string(), "bill_01j2jv5gymfay8vvr14d2pf2db");
        assert_eq!(format!("{bill:?}"), bill.to_string());
        assert_eq!(
            BillId::from(Uuid::nil()).to_string(),
            "bill_00000000000000000000000000"
        );
        assert_eq!(
            BillId::from(Uuid::max()).to_string(),
            "bill_7zzzzzzzzzzzzzzzzzzzzzzzzz"
        );
    }

    #[test]
    fn the_id_of_another_kind_is_refused() {
        let client = ClientId::new(&Clock::system());
        assert_eq!(
            client.to_string().parse::<BillId>(),
            Err(IdError { prefix: "bill" })
        );
        assert_eq!(client.to_string().parse(), Ok(client));
    }

    #[test]
    fn an_id_has_one_spelling() {
        for text in [
            "",
            "bill",
            "bill_",
            "bill_0190a5b2-c3d4-7abc-8def-0123456789ab",
            "bill_0000000000000000000000000",
            "bill_000000000000000000000000000",
            "bill_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "bill_7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "BILL_7zzzzzzzzzzzzzzzzzzzzzzzzz",
            "bill_0000000000000000000000000o",
            "bill_000000000000000000000000é",
            "bill_7zzzzzzzzzzzzzzzzzzzzzzzzz ",
        ] {
            assert_eq!(
                text.parse::<BillId>(),
                Err(IdError { prefix: "bill" }),
                "{text:?}"
            );
        }
    }

    #[test]
    fn in_json_an_id_is_its_text() {
        let payment = PaymentId::new(&Clock::system());
        let json = serde_json::to_string(&payment).expect("an id serialises");
        assert_eq!(json, format!("\"{payment}\""));
        assert_eq!(
            serde_json::from_str::<PaymentId>(&json).expect("its own text"),
            payment
        );
        assert!(serde_json::from_str::<RefundId>(&json).is_err());
    }

    proptest! {
        #[test]
        fn every_id_survives_print_and_parse_and_keeps_its_order(left: u128, right: u128) {
            let (left, right) = (BillId::from(Uuid::from_u128(left)), BillId::from(Uuid::from_u128(right)));
            prop_assert_eq!(left.to_string().parse(), Ok(left));
            prop_assert_eq!(left.cmp(&right), left.to_string().cmp(&right.to_string()));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = text.parse::<BillId>();
            let _ = format!("bill_{text}").parse::<BillId>();
        }
    }
}
