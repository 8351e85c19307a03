//! What is asked of PayBill and PayBalance.

use crate::Result;
use crate::domain::allocation::Allocation;
use crate::ops::{PayBalance, PayBill};
use ::rpc::{Invalid, parse};
use ids::{BillId, PracticeId};
use proto::billing::v1 as billing;
use proto::payments::v1 as contract;

/// What is to be paid. Errors: INVALID_FIELD.
pub fn pay_bill(practice: PracticeId, asked: contract::PayBillRequest) -> Result<PayBill> {
    Ok(PayBill {
        practice,
        bill: parse(&asked.bill_id, "bill_id")?,
        amount: parse::positive(asked.amount, "amount")?,
        processor_method: asked.processor_method,
    })
}

/// Which bills are to be paid. Errors: INVALID_FIELD.
pub fn pay_balance(practice: PracticeId, asked: contract::PayBalanceRequest) -> Result<PayBalance> {
    if !asked.bill_ids.is_empty() && !asked.allocations.is_empty() {
        return Err(Invalid::new("bill_ids", "must be left out when allocations are given").into());
    }
    let bill = |(at, id): (usize, &String)| parse(id, &format!("bill_ids[{at}]"));
    let bills = asked.bill_ids.iter().enumerate().map(bill);
    Ok(PayBalance {
        practice,
        client: parse(&asked.client_id, "client_id")?,
        amount: parse::positive(asked.amount, "amount")?,
        bills: bills.collect::<Result<Vec<BillId>, _>>()?,
        allocations: allocations(asked.allocations)?,
        processor_method: asked.processor_method,
    })
}

/// What of an amount is meant for which bill. Errors: INVALID_FIELD.
pub fn allocations(asked: Vec<billing::Allocation>) -> Result<Vec<Allocation>> {
    let allocations = asked.into_iter().enumerate().map(|(at, wanted)| {
        let field = |name: &str| format!("allocations[{at}].{name}");
        Ok(Allocation {
            bill: parse(&wanted.bill_id, &field("bill_id"))?,
            amount: parse::positive(wanted.amount, &field("amount"))?,
        })
    });
    allocations.collect()
}
