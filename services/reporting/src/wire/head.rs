//! billing's word on how far its feed has come.

use crate::{Error, Result};
use ::rpc::{Connection, Retry};
use ids::PracticeId;
use proto::feed::v1::ListEventsRequest;
use proto::feed::v1::event_feed_service_client::EventFeedServiceClient;
use std::time::Duration;
use tonic::{Code, Request, Status};

/// A head is one row; billing answers at once or not at all.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How far billing's feed has come.
#[derive(Clone, Debug)]
pub struct BillingHead {
    feed: EventFeedServiceClient<Connection>,
    retry: Retry,
}

impl BillingHead {
    /// Asks at the other end of a connection.
    #[must_use]
    pub fn new(billing: Connection) -> Self {
        Self {
            feed: EventFeedServiceClient::new(billing),
            retry: Retry::new(),
        }
    }

    /// The number of the practice's last event; 0 when it has none. Errors: `Billing`, without which nobody could say
    /// whether a report is current.
    pub async fn head(&self, practice: PracticeId) -> Result<i64> {
        match self.retry.run(|| self.ask(practice)).await {
            Ok(head) => Ok(head),
            Err(status) if status.code() == Code::NotFound => Ok(0),
            Err(status) => Err(Error::Billing(status)),
        }
    }

    async fn ask(&self, practice: PracticeId) -> Result<i64, Status> {
        let mut request = Request::new(ListEventsRequest {
            practice_id: practice.to_string(),
            after_sequence: i64::MAX,
            page_size: 1,
        });
        request.set_timeout(TIMEOUT);
        let listed = self.feed.clone().list_events(request).await?;
        Ok(listed.into_inner().head_sequence)
    }
}
