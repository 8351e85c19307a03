//! The rows of claims_transactions.csv, which say by their order who owed and who paid.

use jiff::Timestamp;
use money::Money;
use uuid::Uuid;

use super::field::{Fields, Reason};
use super::file::Row;

/// What a transaction does to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionKind {
    /// A service and its price.
    Charge,
    /// Money from whoever owes the line.
    Payment,
    /// What is left leaves who owed it.
    TransferOut,
    /// What is left comes to who owes it now.
    TransferIn,
}

const KINDS: &[(&str, TransactionKind)] = &[
    ("CHARGE", TransactionKind::Charge),
    ("PAYMENT", TransactionKind::Payment),
    ("TRANSFEROUT", TransactionKind::TransferOut),
    ("TRANSFERIN", TransactionKind::TransferIn),
];

/// How a payment was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Cash.
    Cash,
    /// Card.
    Cc,
    /// Check.
    Check,
    /// Co-pay at the desk.
    Copay,
    /// An insurer's bank transfer.
    Echeck,
}

const METHODS: &[(&str, Method)] = &[
    ("CASH", Method::Cash),
    ("CC", Method::Cc),
    ("CHECK", Method::Check),
    ("COPAY", Method::Copay),
    ("ECHECK", Method::Echeck),
];

/// Who owes a line from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Responsible {
    /// The primary insurer.
    Primary,
    /// The secondary insurer.
    Secondary,
    /// The patient.
    Patient,
}

const RESPONSIBLES: &[(&str, Responsible)] = &[
    ("1", Responsible::Primary),
    ("2", Responsible::Secondary),
    ("p", Responsible::Patient),
];

/// A charge, a payment, or half of a transfer.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// ID.
    pub id: Uuid,
    /// The claim.
    pub claimid: Uuid,
    /// A running number of transactions, not a reference to a charge.
    pub chargeid: u64,
    /// The claim's patient.
    pub patientid: Uuid,
    /// TYPE.
    pub kind: TransactionKind,
    /// Of a charge and a `TRANSFERIN`.
    pub amount: Option<Money>,
    /// Of a payment.
    pub method: Option<Method>,
    /// When.
    pub fromdate: Timestamp,
    /// What was done, the same for all that follows a charge.
    pub procedurecode: String,
    /// 1 in these files.
    pub units: u32,
    /// What was done, in words.
    pub notes: String,
    /// Of a charge.
    pub unitamount: Option<Money>,
    /// Of a `TRANSFERIN`: the CHARGEID of its `TRANSFEROUT`.
    pub transferoutid: Option<u64>,
    /// Who owes it from here on; of a charge and a `TRANSFERIN`.
    pub transfertype: Option<Responsible>,
    /// Of a payment.
    pub payments: Option<Money>,
    /// Of both halves of a transfer.
    pub transfers: Option<Money>,
    /// What is left of the line after it.
    pub outstanding: Option<Money>,
    /// The claim's encounter.
    pub appointmentid: Uuid,
    /// The claim's provider.
    pub providerid: Uuid,
}

impl Row for Transaction {
    const FILE: &'static str = "claims_transactions.csv";
    const COLUMNS: &'static [&'static str] = &[
        "ID",
        "CLAIMID",
        "CHARGEID",
        "PATIENTID",
        "TYPE",
        "AMOUNT",
        "METHOD",
        "FROMDATE",
        "PROCEDURECODE",
        "UNITS",
        "NOTES",
        "UNITAMOUNT",
        "TRANSFEROUTID",
        "TRANSFERTYPE",
        "PAYMENTS",
        "TRANSFERS",
        "OUTSTANDING",
        "APPOINTMENTID",
        "PROVIDERID",
    ];

    fn of(fields: &Fields<'_>) -> Result<Self, Reason> {
        Ok(Self {
            id: fields.id("ID")?,
            claimid: fields.id("CLAIMID")?,
            chargeid: fields.value("CHARGEID")?,
            patientid: fields.id("PATIENTID")?,
            kind: fields.word("TYPE", KINDS)?,
            amount: fields.amount_or_none("AMOUNT")?,
            method: fields.word_or_none("METHOD", METHODS)?,
            fromdate: fields.time("FROMDATE")?,
            procedurecode: fields.text("PROCEDURECODE").to_owned(),
            units: fields.value("UNITS")?,
            notes: fields.text("NOTES").to_owned(),
            unitamount: fields.amount_or_none("UNITAMOUNT")?,
            transferoutid: fields.value_or_none("TRANSFEROUTID")?,
            transfertype: fields.word_or_none("TRANSFERTYPE", RESPONSIBLES)?,
            payments: fields.amount_or_none("PAYMENTS")?,
            transfers: fields.amount_or_none("TRANSFERS")?,
            outstanding: fields.amount_or_none("OUTSTANDING")?,
            appointmentid: fields.id("APPOINTMENTID")?,
            providerid: fields.id("PROVIDERID")?,
        })
    }
}
