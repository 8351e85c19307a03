//! One payment of one dollar on a bill that chance chooses.

use crate::seed::{self, Seeded, dollars};
use anyhow::Result;
use clock::Clock;
use proto::billing::v1::{Allocation, PaymentKind};
use proto::payments::v1::RecordPaymentRequest;
use proto::payments::v1::payment_service_client::PaymentServiceClient;
use std::time::Duration;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// What each payment pays, in cents.
pub const PAYMENT_MINOR: i64 = 100;
/// How long a request may take before it counts as failed.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// Connections to payments: one HTTP/2 connection is one task at either end.
const CONNECTIONS: usize = 8;

/// Who pays.
pub struct Payer {
    practices: Vec<Seeded>,
    clients: Vec<PaymentServiceClient<Channel>>,
    clock: Clock,
}

/// A request, kept so that it can be repeated.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The place of its practice.
    pub practice: usize,
    message: RecordPaymentRequest,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason the service names, otherwise the status code.
    pub reason: String,
    /// The payment may have been recorded nevertheless.
    pub outcome_unknown: bool,
}

impl Payer {
    /// Connects to payments.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn new(payments_url: &str, practices: Vec<Seeded>, clock: Clock) -> Result<Self> {
        let mut clients = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            clients.push(PaymentServiceClient::new(
                seed::connect(payments_url).await?,
            ));
        }
        Ok(Self {
            practices,
            clients,
            clock,
        })
    }

    /// The practices, in their places.
    pub fn practices(&self) -> &[Seeded] {
        &self.practices
    }

    /// A new request for a bill of any practice.
    pub fn ask(&self) -> Asked {
        self.ask_of(self.below(self.practices.len()))
    }

    /// A new request for a bill of the practice in this place.
    pub fn ask_of(&self, practice: usize) -> Asked {
        let seeded = &self.practices[practice];
        let bill = &seeded.bills[self.below(seeded.bills.len())];
        let message = RecordPaymentRequest {
            practice_id: seeded.practice_id.clone(),
            request_id: self.clock.uuid().to_string(),
            client_id: bill.client_id.clone(),
            kind: PaymentKind::Cash.into(),
            amount: Some(dollars(PAYMENT_MINOR)),
            allocations: vec![Allocation {
                bill_id: bill.bill_id.clone(),
                amount: Some(dollars(PAYMENT_MINOR)),
            }],
            ..RecordPaymentRequest::default()
        };
        Asked { practice, message }
    }

    /// Sends a request over the connection of this number; the same request again is the same payment.
    ///
    /// # Errors
    /// What the service answered.
    pub async fn pay(&self, asked: &Asked, connection: usize) -> Result<(), Refusal> {
        let mut client = self.clients[connection % self.clients.len()].clone();
        let request = self.practices[asked.practice]
            .owner
            .request(asked.message.clone(), TIMEOUT);
        client
            .record_payment(request)
            .await
            .map(drop)
            .map_err(|status| refusal(&status))
    }

    /// A random number below `end`, which is above 0.
    fn below(&self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.clock.fill(&mut bytes);
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(u64::from_le_bytes(bytes) % end).unwrap_or(0)
    }
}

fn refusal(status: &Status) -> Refusal {
    let named = status.get_details_error_info().map(|info| info.reason);
    Refusal {
        reason: named
            .filter(|reason| !reason.is_empty())
            .unwrap_or_else(|| format!("{:?}", status.code())),
        outcome_unknown: outcome_unknown(status.code()),
    }
}

/// Whether a request that ended so may have been carried out. Codes that a service answers with before it does
/// anything are known.
fn outcome_unknown(code: Code) -> bool {
    match code {
        Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => true,
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::ErrorDetails;

    #[test]
    fn a_failure_is_called_by_the_reason_the_service_names() {
        let details = ErrorDetails::with_error_info("BILL_CANCELLED", "evenkeel", []);
        let status = Status::with_error_details(Code::FailedPrecondition, "cancelled", details);
        let expected = Refusal {
            reason: "BILL_CANCELLED".to_owned(),
            outcome_unknown: false,
        };
        assert_eq!(refusal(&status), expected);
    }

    #[test]
    fn a_failure_without_reason_is_called_by_its_code() {
        let expected = Refusal {
            reason: "DeadlineExceeded".to_owned(),
            outcome_unknown: true,
        };
        assert_eq!(refusal(&Status::deadline_exceeded("late")), expected);
    }
}
