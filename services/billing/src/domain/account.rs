use ids::{AccountId, BillId, ClientId, PolicyId, PracticeId, derive_uuid};
use std::fmt;

/// On which side an account grows; audits need it.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Receivables, money received, reductions.
    Debit,
    /// Credit, revenue, equity.
    Credit,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $text:literal $side:ident;)+) => {
        /// What an account is for. The order is the order in which balances are locked: what belongs to one bill or
        /// client before what the whole practice shares.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AccountKind {
            $($(#[$doc])* $name,)+
        }

        impl AccountKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As the database keeps it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The side on which it grows.
            #[cfg(test)]
            #[must_use]
            pub const fn normal_side(self) -> Side {
                match self {
                    $(Self::$name => Side::$side,)+
                }
            }
        }
    };
}

kinds! {
    /// What a client or contact owes on one bill.
    ClientReceivable "client_receivable" Debit;
    /// What an insurer owes on one bill.
    InsuranceReceivable "insurance_receivable" Debit;
    /// Money the practice holds for a client.
    ClientCredit "client_credit" Credit;
    /// Sold ahead.
    DeferredRevenue "deferred_revenue" Credit;
    /// Sessions.
    ServiceRevenue "service_revenue" Credit;
    /// Products.
    ProductRevenue "product_revenue" Credit;
    /// No-show and late-cancellation fees.
    FeeRevenue "fee_revenue" Credit;
    /// Discounts.
    Discounts "discounts" Debit;
    /// Waivers.
    Waivers "waivers" Debit;
    /// Write-offs.
    WriteOffs "write_offs" Debit;
    /// What an insurer's contract does not allow.
    ContractualAdjustments "contractual_adjustments" Debit;
    /// Referral rewards.
    ReferralRewards "referral_rewards" Debit;
    /// At the card processor, not yet paid out.
    ProcessorClearing "processor_clearing" Debit;
    /// Withdrawn by the processor for a dispute whose outcome is open.
    DisputedFunds "disputed_funds" Debit;
    /// Cash received.
    Cash "cash" Debit;
    /// Checks received.
    Checks "checks" Debit;
    /// Cards and bank transfers run elsewhere.
    CardElsewhere "card_elsewhere" Debit;
    /// Received in other ways.
    OtherReceived "other_received" Debit;
    /// Received from insurers.
    InsurancePayments "insurance_payments" Debit;
    /// Received from platforms and other third parties.
    ThirdPartyPayments "third_party_payments" Debit;
    /// The practice's bank account.
    Bank "bank" Debit;
    /// Fees of the processor.
    ProcessorFees "processor_fees" Debit;
    /// Lost disputes.
    DisputeLosses "dispute_losses" Debit;
    /// Paid out by the processor, and no payment that is known, closed or not.
    UnmatchedPayouts "unmatched_payouts" Credit;
    /// Counterpart of balances brought from another system.
    OpeningBalanceEquity "opening_balance_equity" Credit;
}

impl AccountKind {
    /// The kind of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for AccountKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// An account by its purpose. Accounts come into being when they are first posted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// What it is for.
    pub kind: AccountKind,
    /// The bill of a receivable.
    pub bill: Option<BillId>,
    /// Whose receivable or credit.
    pub client: Option<ClientId>,
    /// The policy of an insurance receivable.
    pub policy: Option<PolicyId>,
}

impl Account {
    /// One of the practice as a whole: revenue, money received, reductions.
    #[must_use]
    pub const fn practice(kind: AccountKind) -> Self {
        Self {
            kind,
            bill: None,
            client: None,
            policy: None,
        }
    }

    /// What the client owes on a bill.
    #[must_use]
    pub const fn client_receivable(bill: BillId, client: ClientId) -> Self {
        Self {
            kind: AccountKind::ClientReceivable,
            bill: Some(bill),
            client: Some(client),
            policy: None,
        }
    }

    /// What insurance owes on a bill.
    #[must_use]
    pub const fn insurance_receivable(bill: BillId, client: ClientId, policy: PolicyId) -> Self {
        Self {
            kind: AccountKind::InsuranceReceivable,
            bill: Some(bill),
            client: Some(client),
            policy: Some(policy),
        }
    }

    /// What the practice holds for a client.
    #[must_use]
    pub const fn client_credit(client: ClientId) -> Self {
        Self {
            kind: AccountKind::ClientCredit,
            bill: None,
            client: Some(client),
            policy: None,
        }
    }

    /// The account's id, which follows from its purpose: the same in every transaction, without a look-up.
    #[must_use]
    pub fn id(&self, practice: PracticeId) -> AccountId {
        let uuid = |id: Option<uuid::Uuid>| id.map(uuid::Uuid::into_bytes);
        let (bill, client) = (
            uuid(self.bill.map(Into::into)),
            uuid(self.client.map(Into::into)),
        );
        let policy = uuid(self.policy.map(Into::into));
        let bytes = |id: &'_ Option<[u8; 16]>| id.map_or_else(Vec::new, |id| id.to_vec());
        AccountId::from(derive_uuid(
            "account",
            &[
                practice.uuid().as_bytes(),
                self.kind.name().as_bytes(),
                &bytes(&bill),
                &bytes(&client),
                &bytes(&policy),
            ],
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_purpose_has_one_account_and_two_purposes_have_two() {
        let practice = PracticeId::from(Uuid::from_u128(1));
        let (bill, client) = (
            BillId::from(Uuid::from_u128(2)),
            ClientId::from(Uuid::from_u128(3)),
        );
        let policy = PolicyId::from(Uuid::from_u128(4));
        let accounts = [
            Account::practice(AccountKind::Cash),
            Account::practice(AccountKind::Checks),
            Account::client_credit(client),
            Account::client_receivable(bill, client),
            Account::insurance_receivable(bill, client, policy),
        ];
        for (at, left) in accounts.iter().enumerate() {
            assert_eq!(left.id(practice), left.id(practice));
            assert_ne!(
                left.id(practice),
                left.id(PracticeId::from(Uuid::from_u128(9)))
            );
            assert!(
                accounts[at + 1..]
                    .iter()
                    .all(|right| left.id(practice) != right.id(practice))
            );
        }
    }

    #[test]
    fn every_kind_is_read_by_its_name() {
        for kind in AccountKind::ALL {
            assert_eq!(AccountKind::of(kind.name()), Some(*kind));
        }
        assert_eq!(AccountKind::of("petty_cash"), None);
    }
}
