use ids::{
    AuthorizationId, BillId, ClientId, ContactId, DisputeId, MethodId, PaymentId, PayoutId,
    PayoutItemId, RefundId, SetupId,
};
use jiff::civil::Date;

/// What was asked for and is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A client.
    Client(ClientId),
    /// A bill, or not this client's.
    Bill(BillId),
    /// A payment, or not this guest's.
    Payment(PaymentId),
    /// A refund.
    Refund(RefundId),
    /// A card or bank account on file, or not this payer's.
    Method(MethodId),
    /// A contact, or another client's.
    Contact(ContactId),
    /// A method that is being added, or not this payer's.
    Setup(SetupId),
    /// A card authorization form, or not this payer's.
    Authorization(AuthorizationId),
    /// A dispute.
    Dispute(DisputeId),
    /// A payout.
    Payout(PayoutId),
    /// What a payout paid out.
    PayoutItem(PayoutItemId),
    /// AutoPay of a client's bills.
    AutoPay(ClientId),
    /// A night of AutoPay.
    Run(Date),
    /// A charge that was announced for a bill that is owed.
    UpcomingCharge(BillId),
}

impl Missing {
    /// Its kind and its id.
    pub(super) fn named(self) -> (&'static str, String) {
        match self {
            Self::Client(id) => ("client", id.to_string()),
            Self::Bill(id) => ("bill", id.to_string()),
            Self::Payment(id) => ("payment", id.to_string()),
            Self::Refund(id) => ("refund", id.to_string()),
            Self::Method(id) => ("method", id.to_string()),
            Self::Contact(id) => ("contact", id.to_string()),
            Self::Setup(id) => ("setup", id.to_string()),
            Self::Authorization(id) => ("authorization", id.to_string()),
            Self::Dispute(id) => ("dispute", id.to_string()),
            Self::Payout(id) => ("payout", id.to_string()),
            Self::PayoutItem(id) => ("payout item", id.to_string()),
            Self::AutoPay(id) => ("AutoPay of", id.to_string()),
            Self::Run(date) => ("run", date.to_string()),
            Self::UpcomingCharge(id) => ("upcoming charge of", id.to_string()),
        }
    }

    pub(super) fn shown(self) -> String {
        let (kind, id) = self.named();
        format!("{kind} {id}")
    }

    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Client(_) => "CLIENT_NOT_FOUND",
            Self::Bill(_) => "BILL_NOT_FOUND",
            Self::Payment(_) => "PAYMENT_NOT_FOUND",
            Self::Refund(_) => "REFUND_NOT_FOUND",
            Self::Method(_) => "METHOD_NOT_FOUND",
            Self::Contact(_) => "CONTACT_NOT_FOUND",
            Self::Setup(_) => "SETUP_NOT_FOUND",
            Self::Authorization(_) => "AUTHORIZATION_NOT_FOUND",
            Self::Dispute(_) => "DISPUTE_NOT_FOUND",
            Self::Payout(_) => "PAYOUT_NOT_FOUND",
            Self::PayoutItem(_) => "PAYOUT_ITEM_NOT_FOUND",
            Self::AutoPay(_) => "AUTO_PAY_NOT_FOUND",
            Self::Run(_) => "RUN_NOT_FOUND",
            Self::UpcomingCharge(_) => "UPCOMING_CHARGE_NOT_FOUND",
        }
    }
}
