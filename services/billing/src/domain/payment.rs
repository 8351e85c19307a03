//! Money that arrives: to its bills first, what exceeds them to the client's credit. It is never refused.

use super::account::{Account, AccountKind};
use super::bill::Standing;
use super::entry::Transfers;
use ids::{BillId, ClientId, ContactId, PaymentId};
use money::{Money, MoneyError};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $text:literal $account:ident;)+) => {
        /// How a payment came.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum PaymentKind {
            $($(#[$doc])* $name,)+
        }

        impl PaymentKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As the database keeps it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// Where the money is.
            #[must_use]
            pub const fn account(self) -> Account {
                Account::practice(match self {
                    $(Self::$name => AccountKind::$account,)+
                })
            }
        }
    };
}

kinds! {
    /// Card through the processor.
    Card "card" ProcessorClearing;
    /// Bank debit through the processor.
    BankDebit "bank_debit" ProcessorClearing;
    /// Cash.
    Cash "cash" Cash;
    /// Check.
    Check "check" Checks;
    /// A card run on another terminal.
    CardElsewhere "card_elsewhere" CardElsewhere;
    /// A bank transfer run elsewhere.
    BankElsewhere "bank_elsewhere" CardElsewhere;
    /// Anything else, named by its text.
    Other "other" OtherReceived;
}

impl PaymentKind {
    /// The kind of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// Whoever paid with a card or account of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaidBy {
    /// The client.
    Client,
    /// A contact of the client.
    Contact(ContactId),
}

/// What of a payment goes to which bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The bill.
    pub bill: BillId,
    /// Above 0.
    pub amount: Money,
}

/// Money that came.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// Whose.
    pub client: ClientId,
    /// How.
    pub kind: PaymentKind,
    /// Above 0.
    pub amount: Money,
    /// The bills it is meant for, in order.
    pub wanted: Vec<Allocation>,
}

/// What a payment does to the books.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// To write.
    pub transfers: Transfers,
    /// What went to which bill, in order.
    pub allocations: Vec<Allocation>,
    /// What became the client's credit.
    pub credited: Money,
    /// The bills it changed, as they stand after it.
    pub bills: Vec<Standing>,
}

/// Books a payment. `bills` are the client's, locked; what is meant for a bill that is not among them, is cancelled, or
/// needs less, becomes credit.
///
/// # Errors
/// Amounts of two currencies.
pub fn receive_payment(receipt: &Receipt, bills: &[Standing]) -> Result<Received, MoneyError> {
    let mut bills = bills.to_vec();
    let mut transfers = Transfers::new();
    let mut allocations: Vec<Allocation> = Vec::new();
    let mut left = receipt.amount;
    let from = receipt.kind.account();
    for wanted in &receipt.wanted {
        let Some(bill) = bills
            .iter_mut()
            .find(|bill| bill.bill == wanted.bill && !bill.cancelled)
        else {
            continue;
        };
        let amount = wanted.amount.at_most(left)?.at_most(bill.client_balance)?;
        if !amount.is_positive() {
            continue;
        }
        bill.client_balance = bill.client_balance.minus(amount)?;
        left = left.minus(amount)?;
        transfers.post(
            from,
            Account::client_receivable(bill.bill, bill.client),
            amount,
        );
        match allocations.iter_mut().find(|made| made.bill == wanted.bill) {
            Some(made) => made.amount = made.amount.plus(amount)?,
            None => allocations.push(Allocation {
                bill: wanted.bill,
                amount,
            }),
        }
    }
    transfers.post(from, Account::client_credit(receipt.client), left);
    bills.retain(|bill| allocations.iter().any(|made| made.bill == bill.bill));
    Ok(Received {
        transfers,
        allocations,
        credited: left,
        bills,
    })
}

/// What of a payment still pays a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The payment.
    pub payment: PaymentId,
    /// The bill.
    pub bill: BillId,
    /// 0 or more.
    pub left: Money,
}

#[cfg(test)]
mod tests {
    use super::super::books::{bill, id, usd};
    use super::*;

    fn receipt(amount: i64, wanted: &[(u128, i64)]) -> Receipt {
        let wanted = wanted.iter().map(|(bill, amount)| Allocation {
            bill: id(*bill),
            amount: usd(*amount),
        });
        Receipt {
            client: id(1),
            kind: PaymentKind::Cash,
            amount: usd(amount),
            wanted: wanted.collect(),
        }
    }

    #[test]
    fn forty_dollars_pay_a_bill_of_forty() {
        let received =
            receive_payment(&receipt(4_000, &[(7, 4_000)]), &[bill(7, 4_000, 0)]).expect("booked");
        assert_eq!(received.bills[0].client_balance, usd(0));
        assert_eq!(received.credited, usd(0));
        assert_eq!(received.transfers.as_slice().len(), 1);
    }

    #[test]
    fn what_exceeds_the_bill_becomes_credit() {
        let received =
            receive_payment(&receipt(5_000, &[(7, 5_000)]), &[bill(7, 4_000, 0)]).expect("booked");
        assert_eq!(
            received.allocations,
            [Allocation {
                bill: id(7),
                amount: usd(4_000)
            }]
        );
        assert_eq!(received.credited, usd(1_000));
    }

    #[test]
    fn money_for_a_cancelled_or_unknown_bill_becomes_credit() {
        let cancelled = Standing {
            cancelled: true,
            ..bill(7, 0, 0)
        };
        let received =
            receive_payment(&receipt(500, &[(7, 250), (8, 250)]), &[cancelled]).expect("booked");
        assert_eq!(received.credited, usd(500));
        assert!(received.bills.is_empty() && received.allocations.is_empty());
    }

    #[test]
    fn a_bill_named_twice_is_one_allocation() {
        let received = receive_payment(&receipt(500, &[(7, 200), (7, 200)]), &[bill(7, 4_000, 0)])
            .expect("booked");
        assert_eq!(
            received.allocations,
            [Allocation {
                bill: id(7),
                amount: usd(400)
            }]
        );
        assert_eq!(received.credited, usd(100));
    }
}
