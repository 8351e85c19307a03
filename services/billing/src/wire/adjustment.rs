use crate::Result;
use crate::domain::adjustment::{Adjustment, AdjustmentKind, AdjustmentReason, Extent, Reduction};
use crate::wire::bill::rate;
use crate::wire::line::optional_line;
use ::rpc::{Invalid, parse, wire};
use proto::billing::v1 as contract;
use proto::billing::v1::reduction::Extent as Asked;

/// What is to be taken off. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn reduction(asked: contract::Reduction, field: &str) -> Result<Reduction> {
    let kind = match asked.kind() {
        contract::AdjustmentKind::Unspecified => {
            return Err(Invalid::new(format!("{field}.kind"), "must be chosen").into());
        }
        contract::AdjustmentKind::Discount => AdjustmentKind::Discount,
        contract::AdjustmentKind::Waiver => AdjustmentKind::Waiver,
        contract::AdjustmentKind::WriteOff => AdjustmentKind::WriteOff,
    };
    let reason = adjustment_reason(asked.reason(), &format!("{field}.reason"))?;
    let text = optional_line(asked.client_text, &format!("{field}.client_text"))?;
    let extent = match asked.extent {
        Some(Asked::Amount(amount)) => {
            Extent::Amount(parse::positive(Some(amount), &format!("{field}.amount"))?)
        }
        Some(Asked::Percent(percent)) => {
            Extent::Percent(rate(&percent, &format!("{field}.percent"))?)
        }
        Some(Asked::Whole(_)) => Extent::Whole,
        None => return Err(Invalid::new(field, "must say how much").into()),
    };
    Ok(Reduction {
        kind,
        reason,
        extent,
        line: Some(asked.line_number).filter(|number| *number > 0),
        client_text: if text.trim().is_empty() {
            kind.words().to_owned()
        } else {
            text
        },
    })
}

/// An adjustment that was booked.
#[must_use]
pub fn adjustment(booked: &Adjustment) -> contract::Adjustment {
    let reduction = &booked.reduction;
    let extent = match reduction.extent {
        Extent::Amount(amount) => Asked::Amount(wire::money(amount)),
        Extent::Percent(rate) => Asked::Percent(rate.to_string()),
        Extent::Whole => Asked::Whole(true),
    };
    contract::Adjustment {
        adjustment_id: booked.id.to_string(),
        reduction: Some(contract::Reduction {
            kind: shown_kind(reduction.kind).into(),
            reason: shown_reason(reduction.reason).into(),
            line_number: reduction.line.unwrap_or(0),
            client_text: reduction.client_text.clone(),
            extent: Some(extent),
        }),
        amount: Some(wire::money(booked.amount)),
        entry_id: booked.entry.to_string(),
        create_time: Some(wire::time(booked.create_time)),
    }
}

/// As the contract names it.
#[must_use]
pub const fn shown_kind(kind: AdjustmentKind) -> contract::AdjustmentKind {
    match kind {
        AdjustmentKind::Discount => contract::AdjustmentKind::Discount,
        AdjustmentKind::Waiver => contract::AdjustmentKind::Waiver,
        AdjustmentKind::WriteOff => contract::AdjustmentKind::WriteOff,
    }
}

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
