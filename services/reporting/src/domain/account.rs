//! The accounts of the ledger, and what the reports make of them.

/// What the reports make of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// What clients and insurers owe.
    Owed,
    /// What the practice holds for others or was paid ahead.
    Held,
    /// What was earned.
    Revenue,
    /// What of it will not be collected.
    Reduction,
    /// Money the practice has.
    Money,
    /// What having it cost.
    Cost,
    /// Balances brought from another system.
    Opening,
    /// Money whose meaning nobody has said yet.
    Unidentified,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $text:literal $class:ident;)+) => {
        /// What an account of the ledger is for.
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

            /// What the reports make of it.
            #[must_use]
            pub const fn class(self) -> Class {
                match self {
                    $(Self::$name => Class::$class,)+
                }
            }
        }
    };
}

kinds! {
    /// What a client or contact owes on one bill.
    ClientReceivable "client_receivable" Owed;
    /// What an insurer owes on one bill.
    InsuranceReceivable "insurance_receivable" Owed;
    /// Money the practice holds for a client.
    ClientCredit "client_credit" Held;
    /// Sold ahead.
    DeferredRevenue "deferred_revenue" Held;
    /// Sessions.
    ServiceRevenue "service_revenue" Revenue;
    /// Products.
    ProductRevenue "product_revenue" Revenue;
    /// No-show and late-cancellation fees.
    FeeRevenue "fee_revenue" Revenue;
    /// Discounts.
    Discounts "discounts" Reduction;
    /// Waivers.
    Waivers "waivers" Reduction;
    /// Write-offs.
    WriteOffs "write_offs" Reduction;
    /// What an insurer's contract does not allow.
    ContractualAdjustments "contractual_adjustments" Reduction;
    /// Referral rewards.
    ReferralRewards "referral_rewards" Reduction;
    /// At the card processor, not yet paid out.
    ProcessorClearing "processor_clearing" Money;
    /// Withdrawn by the processor for a dispute whose outcome is open.
    DisputedFunds "disputed_funds" Money;
    /// Cash received.
    Cash "cash" Money;
    /// Checks received.
    Checks "checks" Money;
    /// Cards and bank transfers run elsewhere.
    CardElsewhere "card_elsewhere" Money;
    /// Received in other ways.
    OtherReceived "other_received" Money;
    /// Received from insurers.
    InsurancePayments "insurance_payments" Money;
    /// Received from platforms and other third parties.
    ThirdPartyPayments "third_party_payments" Money;
    /// The practice's bank account.
    Bank "bank" Money;
    /// Fees of the processor.
    ProcessorFees "processor_fees" Cost;
    /// Lost disputes.
    DisputeLosses "dispute_losses" Cost;
    /// Paid out by the processor, and no payment that is known.
    UnmatchedPayouts "unmatched_payouts" Unidentified;
    /// Counterpart of balances brought from another system.
    OpeningBalanceEquity "opening_balance_equity" Opening;
}

impl AccountKind {
    /// The kind of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_by_its_name() {
        for kind in AccountKind::ALL {
            assert_eq!(AccountKind::of(kind.name()), Some(*kind));
        }
        assert_eq!(AccountKind::of("petty_cash"), None);
    }
}
