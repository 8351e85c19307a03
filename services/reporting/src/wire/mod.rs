//! proto ↔ what this service works with.

pub mod event;
pub mod head;
pub mod report;

use crate::domain::account::AccountKind;
use proto::billing::v1 as billing;

/// As the contract names it.
#[must_use]
pub const fn account_kind(kind: AccountKind) -> billing::AccountKind {
    match kind {
        AccountKind::ClientReceivable => billing::AccountKind::ClientReceivable,
        AccountKind::InsuranceReceivable => billing::AccountKind::InsuranceReceivable,
        AccountKind::ClientCredit => billing::AccountKind::ClientCredit,
        AccountKind::DeferredRevenue => billing::AccountKind::DeferredRevenue,
        AccountKind::ServiceRevenue => billing::AccountKind::ServiceRevenue,
        AccountKind::ProductRevenue => billing::AccountKind::ProductRevenue,
        AccountKind::FeeRevenue => billing::AccountKind::FeeRevenue,
        AccountKind::Discounts => billing::AccountKind::Discounts,
        AccountKind::Waivers => billing::AccountKind::Waivers,
        AccountKind::WriteOffs => billing::AccountKind::WriteOffs,
        AccountKind::ContractualAdjustments => billing::AccountKind::ContractualAdjustments,
        AccountKind::ReferralRewards => billing::AccountKind::ReferralRewards,
        AccountKind::ProcessorClearing => billing::AccountKind::ProcessorClearing,
        AccountKind::DisputedFunds => billing::AccountKind::DisputedFunds,
        AccountKind::UnmatchedPayouts => billing::AccountKind::UnmatchedPayouts,
        AccountKind::Cash => billing::AccountKind::Cash,
        AccountKind::Checks => billing::AccountKind::Checks,
        AccountKind::CardElsewhere => billing::AccountKind::CardElsewhere,
        AccountKind::OtherReceived => billing::AccountKind::OtherReceived,
        AccountKind::InsurancePayments => billing::AccountKind::InsurancePayments,
        AccountKind::ThirdPartyPayments => billing::AccountKind::ThirdPartyPayments,
        AccountKind::Bank => billing::AccountKind::Bank,
        AccountKind::ProcessorFees => billing::AccountKind::ProcessorFees,
        AccountKind::DisputeLosses => billing::AccountKind::DisputeLosses,
        AccountKind::OpeningBalanceEquity => billing::AccountKind::OpeningBalanceEquity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_contract_is_known_here_and_by_the_same_name() {
        for kind in AccountKind::ALL {
            let name = format!("ACCOUNT_KIND_{}", kind.name().to_uppercase());
            assert_eq!(account_kind(*kind).as_str_name(), name);
        }
        let known = AccountKind::ALL.len();
        let contract = (1..).take_while(|kind| billing::AccountKind::try_from(*kind).is_ok());
        assert_eq!(contract.count(), known);
    }
}
