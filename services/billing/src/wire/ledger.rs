use crate::domain::account::AccountKind;
use crate::domain::entry::{Act, Entry};
use crate::ops::verify_books::{TrialBalance, Verified};
use crate::store::accounts::ClientBalance;
use ::rpc::wire;
use ids::PracticeId;
use money::Money;
use proto::billing::v1 as contract;

/// An entry with its transfers.
#[must_use]
pub fn entry(practice: PracticeId, entry: &Entry) -> contract::Entry {
    let transfers = entry
        .transfers
        .iter()
        .map(|(id, transfer)| contract::Transfer {
            transfer_id: id.to_string(),
            debit_account_kind: account_kind(transfer.debit.kind).into(),
            credit_account_kind: account_kind(transfer.credit.kind).into(),
            debit_account_id: transfer.debit.id(practice).to_string(),
            credit_account_id: transfer.credit.id(practice).to_string(),
            amount: Some(wire::money(transfer.amount)),
            reversed_transfer_id: transfer
                .reverses
                .map(|id| id.to_string())
                .unwrap_or_default(),
        });
    let mut shown = contract::Entry {
        entry_id: entry.id.to_string(),
        kind: entry_kind(entry.act).into(),
        entry_date: Some(wire::date(entry.date)),
        client_id: entry
            .client
            .map(|client| client.to_string())
            .unwrap_or_default(),
        bill_id: entry
            .act
            .bill()
            .map(|bill| bill.to_string())
            .unwrap_or_default(),
        transfers: transfers.collect(),
        ..contract::Entry::default()
    };
    match entry.act {
        Act::BillIssued(_)
        | Act::BillEdited(_)
        | Act::BillCancelled(_)
        | Act::CreditApplied(_)
        | Act::CreditReversed(_)
        | Act::OpeningBalance(_)
        | Act::CreditBrought
        | Act::CreditTakenBack => {}
        Act::Payment(payment) => shown.payment_id = payment.to_string(),
        Act::Refund(refund) => shown.refund_id = refund.to_string(),
        Act::InsurerPayment(paid, _) => shown.insurer_payment_id = paid.to_string(),
        Act::Adjusted(adjustment, _) | Act::AdjustmentReversed(adjustment, _) => {
            shown.adjustment_id = adjustment.to_string();
        }
        Act::RefundReturned(refund) => shown.refund_id = refund.to_string(),
        Act::DisputeMoved(movement) => shown.dispute_movement_id = movement.to_string(),
        Act::DisputeLost(dispute) => shown.dispute_id = dispute.to_string(),
        Act::PaidOut(item) | Act::PayoutFailed(item) | Act::PayoutMatched(item) => {
            shown.payout_item_id = item.to_string();
        }
        Act::PaymentReversed(entry) | Act::PaymentRebooked(entry) => {
            shown.corrected_entry_id = entry.to_string();
        }
    }
    shown
}

const fn entry_kind(act: Act) -> contract::EntryKind {
    match act {
        Act::BillIssued(_) => contract::EntryKind::BillIssued,
        Act::BillCancelled(_) => contract::EntryKind::BillCancelled,
        Act::Payment(_) => contract::EntryKind::Payment,
        Act::InsurerPayment(..) => contract::EntryKind::InsurerPayment,
        Act::Refund(_) => contract::EntryKind::Refund,
        Act::CreditApplied(_) => contract::EntryKind::CreditApplied,
        Act::BillEdited(_) => contract::EntryKind::BillEdited,
        Act::Adjusted(..) => contract::EntryKind::Adjustment,
        Act::AdjustmentReversed(..) => contract::EntryKind::AdjustmentReversed,
        Act::OpeningBalance(_) => contract::EntryKind::OpeningBalance,
        Act::CreditBrought => contract::EntryKind::CreditBrought,
        Act::CreditTakenBack => contract::EntryKind::CreditTakenBack,
        Act::CreditReversed(_) => contract::EntryKind::CreditReversed,
        Act::RefundReturned(_) => contract::EntryKind::RefundReturned,
        Act::DisputeMoved(_) => contract::EntryKind::DisputeMoved,
        Act::DisputeLost(_) => contract::EntryKind::DisputeLost,
        Act::PaidOut(_) => contract::EntryKind::PaidOut,
        Act::PayoutFailed(_) => contract::EntryKind::PayoutFailed,
        Act::PayoutMatched(_) => contract::EntryKind::PayoutMatched,
        Act::PaymentReversed(_) => contract::EntryKind::PaymentReversed,
        Act::PaymentRebooked(_) => contract::EntryKind::PaymentRebooked,
    }
}

/// What an account is for.
#[must_use]
pub const fn account_kind(kind: AccountKind) -> contract::AccountKind {
    match kind {
        AccountKind::ClientReceivable => contract::AccountKind::ClientReceivable,
        AccountKind::InsuranceReceivable => contract::AccountKind::InsuranceReceivable,
        AccountKind::ClientCredit => contract::AccountKind::ClientCredit,
        AccountKind::DeferredRevenue => contract::AccountKind::DeferredRevenue,
        AccountKind::ServiceRevenue => contract::AccountKind::ServiceRevenue,
        AccountKind::ProductRevenue => contract::AccountKind::ProductRevenue,
        AccountKind::FeeRevenue => contract::AccountKind::FeeRevenue,
        AccountKind::Discounts => contract::AccountKind::Discounts,
        AccountKind::Waivers => contract::AccountKind::Waivers,
        AccountKind::WriteOffs => contract::AccountKind::WriteOffs,
        AccountKind::ContractualAdjustments => contract::AccountKind::ContractualAdjustments,
        AccountKind::ReferralRewards => contract::AccountKind::ReferralRewards,
        AccountKind::ProcessorClearing => contract::AccountKind::ProcessorClearing,
        AccountKind::DisputedFunds => contract::AccountKind::DisputedFunds,
        AccountKind::Cash => contract::AccountKind::Cash,
        AccountKind::Checks => contract::AccountKind::Checks,
        AccountKind::CardElsewhere => contract::AccountKind::CardElsewhere,
        AccountKind::OtherReceived => contract::AccountKind::OtherReceived,
        AccountKind::InsurancePayments => contract::AccountKind::InsurancePayments,
        AccountKind::ThirdPartyPayments => contract::AccountKind::ThirdPartyPayments,
        AccountKind::Bank => contract::AccountKind::Bank,
        AccountKind::ProcessorFees => contract::AccountKind::ProcessorFees,
        AccountKind::DisputeLosses => contract::AccountKind::DisputeLosses,
        AccountKind::UnmatchedPayouts => contract::AccountKind::UnmatchedPayouts,
        AccountKind::OpeningBalanceEquity => contract::AccountKind::OpeningBalanceEquity,
    }
}

/// A client's balance and what of it is on its way, also in words.
#[must_use]
pub fn client_balance(
    balance: &ClientBalance,
    on_its_way: Money,
) -> contract::GetClientBalanceResponse {
    let summary = if !balance.owed.is_positive() {
        "Nothing is due.".to_owned()
    } else if on_its_way.is_positive() {
        format!(
            "{} is due, of which {on_its_way} is on its way.",
            balance.owed
        )
    } else {
        format!("{} is due.", balance.owed)
    };
    contract::GetClientBalanceResponse {
        owed: Some(wire::money(balance.owed)),
        credit: Some(wire::money(balance.credit)),
        pending_insurance: Some(wire::money(balance.pending_insurance)),
        summary,
        pending_payments: Some(wire::money(on_its_way)),
    }
}

/// Debits and credits of every kind.
#[must_use]
pub fn trial_balance(balance: &TrialBalance) -> contract::GetTrialBalanceResponse {
    let lines = balance.lines.iter().map(|line| contract::TrialBalanceLine {
        account_kind: account_kind(line.kind).into(),
        debits: Some(wire::money(line.debits)),
        credits: Some(wire::money(line.credits)),
    });
    contract::GetTrialBalanceResponse {
        lines: lines.collect(),
        total_debits: Some(wire::money(balance.total_debits)),
        total_credits: Some(wire::money(balance.total_credits)),
        balances_match_transfers: balance.balances_match_transfers,
    }
}

/// What the check of the books found.
#[must_use]
pub fn verified(verified: Verified) -> contract::VerifyBooksResponse {
    let violations = verified
        .violations
        .into_iter()
        .map(|found| contract::Violation {
            invariant: found.invariant.code.to_owned(),
            subject: found.subject,
            explanation: found.explanation,
        });
    contract::VerifyBooksResponse {
        violations: violations.collect(),
        transfer_count: verified.transfer_count,
    }
}
