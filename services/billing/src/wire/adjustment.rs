use crate::domain::adjustment::AdjustmentReason;
use ::rpc::Invalid;
use proto::billing::v1 as contract;

/// Why something is adjusted. Errors: INVALID_FIELD.
pub fn adjustment_reason(
    reason: contract::AdjustmentReason,
    field: &str,
) -> Result<AdjustmentReason, Invalid> {
    use contract::AdjustmentReason as Asked;
    match reason {
        Asked::Unspecified => Err(Invalid::new(field, "must be chosen")),
        Asked::Courtesy => Ok(AdjustmentReason::Courtesy),
        Asked::FinancialHardship => Ok(AdjustmentReason::FinancialHardship),
        Asked::PromptPay => Ok(AdjustmentReason::PromptPay),
        Asked::Referral => Ok(AdjustmentReason::Referral),
        Asked::ServiceRecovery => Ok(AdjustmentReason::ServiceRecovery),
        Asked::ExcusedAbsence => Ok(AdjustmentReason::ExcusedAbsence),
        Asked::SmallBalance => Ok(AdjustmentReason::SmallBalance),
        Asked::Uncollectible => Ok(AdjustmentReason::Uncollectible),
        Asked::BillingCorrection => Ok(AdjustmentReason::BillingCorrection),
        Asked::Other => Ok(AdjustmentReason::Other),
    }
}

/// As the contract names it.
#[must_use]
pub const fn shown_reason(reason: AdjustmentReason) -> contract::AdjustmentReason {
    use contract::AdjustmentReason as Shown;
    match reason {
        AdjustmentReason::Courtesy => Shown::Courtesy,
        AdjustmentReason::FinancialHardship => Shown::FinancialHardship,
        AdjustmentReason::PromptPay => Shown::PromptPay,
        AdjustmentReason::Referral => Shown::Referral,
        AdjustmentReason::ServiceRecovery => Shown::ServiceRecovery,
        AdjustmentReason::ExcusedAbsence => Shown::ExcusedAbsence,
        AdjustmentReason::SmallBalance => Shown::SmallBalance,
        AdjustmentReason::Uncollectible => Shown::Uncollectible,
        AdjustmentReason::BillingCorrection => Shown::BillingCorrection,
        AdjustmentReason::Other => Shown::Other,
    }
}
