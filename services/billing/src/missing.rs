use crate::domain::sharing::SentWith;
use ids::{
    AdjustmentId, BillId, ClientId, ClinicianId, ContactId, DocumentId, ImportId, PayerId,
    PaymentId, PolicyId, RunId, SessionId,
};
use jiff::civil::Date;

/// What was asked for and is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A client.
    Client(ClientId),
    /// A contact.
    Contact(ContactId),
    /// A clinician.
    Clinician(ClinicianId),
    /// A payer.
    Payer(PayerId),
    /// A policy, or not this client's.
    Policy(PolicyId),
    /// A session, or not this client's.
    Session(SessionId),
    /// A bill.
    Bill(BillId),
    /// An adjustment, or not of this bill.
    Adjustment(AdjustmentId),
    /// A payment that was booked.
    Payment(PaymentId),
    /// An import.
    Import(ImportId),
    /// A document that was sent with it.
    Share(SentWith),
    /// A night's run of automation.
    Run(Date),
    /// A run by hand.
    RunByHand(RunId),
    /// A monthly superbill, or one that was withheld.
    Superbill(DocumentId),
}

impl Missing {
    /// Its kind and its id.
    pub(crate) fn named(self) -> (&'static str, String) {
        match self {
            Self::Client(id) => ("client", id.to_string()),
            Self::Contact(id) => ("contact", id.to_string()),
            Self::Clinician(id) => ("clinician", id.to_string()),
            Self::Payer(id) => ("payer", id.to_string()),
            Self::Policy(id) => ("policy", id.to_string()),
            Self::Session(id) => ("session", id.to_string()),
            Self::Bill(id) => ("bill", id.to_string()),
            Self::Adjustment(id) => ("adjustment", id.to_string()),
            Self::Payment(id) => ("payment", id.to_string()),
            Self::Import(id) => ("import", id.to_string()),
            Self::Share(id) => ("share", id.to_string()),
            Self::Run(date) => ("run", date.to_string()),
            Self::RunByHand(id) => ("run", id.to_string()),
            Self::Superbill(id) => ("superbill", id.to_string()),
        }
    }

    pub(crate) fn shown(self) -> String {
        let (kind, id) = self.named();
        format!("{kind} {id}")
    }

    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Client(_) => "CLIENT_NOT_FOUND",
            Self::Contact(_) => "CONTACT_NOT_FOUND",
            Self::Clinician(_) => "CLINICIAN_NOT_FOUND",
            Self::Payer(_) => "PAYER_NOT_FOUND",
            Self::Policy(_) => "POLICY_NOT_FOUND",
            Self::Session(_) => "SESSION_NOT_FOUND",
            Self::Bill(_) => "BILL_NOT_FOUND",
            Self::Adjustment(_) => "ADJUSTMENT_NOT_FOUND",
            Self::Payment(_) => "PAYMENT_NOT_FOUND",
            Self::Import(_) => "IMPORT_NOT_FOUND",
            Self::Share(_) => "SHARE_NOT_FOUND",
            Self::Run(_) | Self::RunByHand(_) => "RUN_NOT_FOUND",
            Self::Superbill(_) => "SUPERBILL_NOT_FOUND",
        }
    }
}
