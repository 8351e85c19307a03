//! What is asked of PayBill and PayBalance.

use crate::Result;
use crate::domain::allocation::Allocation;
use crate::ops::{PayBalance, PayBill, PayWith};
use ::rpc::{Invalid, parse};
use ids::{BillId, PracticeId};
use proto::billing::v1 as billing;
use proto::payments::v1 as contract;

/// What is to be paid. Errors: INVALID_FIELD.
pub fn pay_bill(
    (practice, user_agent): (PracticeId, String),
    asked: contract::PayBillRequest,
) -> Result<PayBill> {
    Ok(PayBill {
        practice,
        bill: parse(&asked.bill_id, "bill_id")?,
        amount: parse::positive(asked.amount, "amount")?,
        pay_with: pay_with(
            (asked.processor_method, user_agent),
            &asked.method_id,
            (asked.save_method, &asked.contact_id),
        )?,
    })
}

/// Either a token or a method on file. Errors: INVALID_FIELD.
fn pay_with(
    (token, user_agent): (String, String),
    method: &str,
    (save, contact): (bool, &str),
) -> Result<PayWith, Invalid> {
    let contact = parse::optional(contact, "contact_id")?;
    match (token.is_empty(), method.is_empty()) {
        (false, false) => Err(Invalid::new(
            "method_id",
            "must be left out when processor_method is given",
        )),
        (true, true) => Err(Invalid::new(
            "processor_method",
            "must be given, or method_id",
        )),
        (true, false) if save || contact.is_some() => Err(Invalid::new(
            "save_method",
            "is for methods that are not on file",
        )),
        (true, false) => Ok(PayWith::OnFile(parse(method, "method_id")?)),
        (false, true) if contact.is_some() && !save => {
            Err(Invalid::new("contact_id", "is for methods that are saved"))
        }
        (false, true) => Ok(PayWith::Token {
            token,
            save,
            contact,
            user_agent,
        }),
    }
}

/// Which bills are to be paid. Errors: INVALID_FIELD.
pub fn pay_balance(
    (practice, user_agent): (PracticeId, String),
    asked: contract::PayBalanceRequest,
) -> Result<PayBalance> {
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
        pay_with: pay_with(
            (asked.processor_method, user_agent),
            &asked.method_id,
            (asked.save_method, &asked.contact_id),
        )?,
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
