//! Sessions in bulk. One task takes items in and makes batches of them, another writes one batch after the other and
//! answers; between them a batch waits at most, so memory stays flat and a client that is too fast is slowed down by its
//! own connection. Each batch is written in a task of its own: a client that goes away stops none, and only what is
//! committed is acknowledged.

use crate::ops::record_sessions::Item;
use crate::wire::session_result::session_result;
use crate::{Billing, Error, ops, wire};
use ::rpc::{Caller, Invalid, parse};
use ids::{PracticeId, SessionId};
use pg::RequestKey;
use prost::Message as _;
use proto::billing::v1::{RecordSessionRequest, RecordSessionsRequest, RecordSessionsResponse};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};
use tracing::Instrument as _;

/// Of one message, also of the service's other calls.
pub const MESSAGE_BYTES: usize = 1024 * 1024;
/// Of one stream.
const STREAM_ITEMS: i32 = 100_000;
/// Of one transaction.
const BATCH_ITEMS: usize = 256;
/// Of one batch; with the largest message on top of it, what a batch takes of memory is bounded.
const BATCH_BYTES: usize = 1024 * 1024;
/// How long the first item of a batch waits for others.
const BATCH_WAIT: Duration = Duration::from_millis(20);
/// Batches of answers that a slow reader may leave lying.
const ANSWERS: usize = 4;

/// Some items in a row, those that cannot be read with their refusal.
struct Batch {
    practice: PracticeId,
    /// Place of the first.
    index: i32,
    items: Vec<Result<Item, Status>>,
    bytes: usize,
}

/// What the first task hands to the second: batches, and how the stream ended.
enum Step {
    Write(Batch),
    End(Result<(), Status>),
}

/// Records the items of a stream.
pub fn record(
    billing: Billing,
    caller: Caller,
    items: Streaming<RecordSessionsRequest>,
) -> ReceiverStream<Result<RecordSessionsResponse, Status>> {
    let (steps, batches) = mpsc::channel(1);
    let (answers, results) = mpsc::channel(ANSWERS);
    let reader = caller.clone();
    let take_in = async move {
        let ended = take_in(&reader, items, &steps).await;
        // Nobody listens when the client has gone.
        let _ = steps.send(Step::End(ended)).await;
    };
    tokio::spawn(take_in.in_current_span());
    tokio::spawn(write_all(billing, caller, batches, answers).in_current_span());
    ReceiverStream::new(results)
}

/// Makes batches until the client has said everything.
async fn take_in(
    caller: &Caller,
    mut items: Streaming<RecordSessionsRequest>,
    steps: &mpsc::Sender<Step>,
) -> Result<(), Status> {
    let Some(mut next) = items.message().await? else {
        return Ok(());
    };
    let practice: PracticeId = parse(&next.practice_id, "practice_id")?;
    caller.within(practice)?;
    let mut index = 0;
    loop {
        let mut batch = Batch {
            practice,
            index,
            items: Vec::new(),
            bytes: 0,
        };
        let due = Instant::now() + BATCH_WAIT;
        let after = loop {
            if index == STREAM_ITEMS {
                hand_over(steps, batch).await;
                return Err(Error::TooManyItems(STREAM_ITEMS).into());
            }
            index += 1;
            batch.bytes += next.encoded_len();
            match item(practice, next) {
                Ok(item) => batch.items.push(item),
                Err(status) => {
                    hand_over(steps, batch).await;
                    return Err(status);
                }
            }
            if batch.items.len() == BATCH_ITEMS || batch.bytes >= BATCH_BYTES {
                break None;
            }
            match tokio::time::timeout_at(due, items.message()).await {
                Ok(Ok(Some(item))) => next = item,
                Ok(ended) => break Some(ended.map(drop)),
                Err(_) => break None,
            }
        };
        if !hand_over(steps, batch).await {
            return Ok(());
        }
        if let Some(ended) = after {
            return ended;
        }
        match items.message().await? {
            Some(item) => next = item,
            None => return Ok(()),
        }
    }
}

/// False when nobody writes any more.
async fn hand_over(steps: &mpsc::Sender<Step>, batch: Batch) -> bool {
    batch.items.is_empty() || steps.send(Step::Write(batch)).await.is_ok()
}

/// What the item asks for, or why it cannot be; an error of all is another practice's id.
fn item(
    practice: PracticeId,
    asked: RecordSessionsRequest,
) -> Result<Result<Item, Status>, Status> {
    let named = practice.to_string();
    if !asked.practice_id.is_empty() && asked.practice_id != named {
        return Err(Invalid::new("practice_id", "must be the same in the whole stream").into());
    }
    // The request that RecordSession would get: one id means one session, however it is sent.
    let request = RecordSessionRequest {
        practice_id: named,
        request_id: asked.request_id,
        session: asked.session,
    };
    Ok(read(practice, request))
}

fn read(practice: PracticeId, request: RecordSessionRequest) -> Result<Item, Status> {
    proto::codec::validate(&request)?;
    let key = RequestKey::of(practice, "RecordSession", &request.request_id, &request)
        .map_err(Error::from)?;
    Ok(Item {
        key,
        content: wire::session::content(request.session)?,
    })
}

/// Writes batch after batch and answers each, until the stream ends or nobody reads the answers.
async fn write_all(
    billing: Billing,
    caller: Caller,
    mut batches: mpsc::Receiver<Step>,
    answers: mpsc::Sender<Result<RecordSessionsResponse, Status>>,
) {
    let (mut received, mut accepted, mut failed) = (0, 0, 0);
    while let Some(step) = batches.recv().await {
        let batch = match step {
            Step::Write(batch) => batch,
            Step::End(Ok(())) => return,
            Step::End(Err(status)) => {
                let _ = answers.send(Err(status)).await;
                return;
            }
        };
        let first = batch.index;
        let writing = write(billing.clone(), caller.clone(), batch).in_current_span();
        let written = match tokio::spawn(writing).await {
            Ok(written) => written,
            Err(error) => {
                tracing::error!(%error, "a batch of sessions panicked");
                Err(Status::new(Code::Internal, "internal"))
            }
        };
        let answer = written.map(|outcomes| {
            let results = (first..)
                .zip(&outcomes)
                .map(|(index, outcome)| session_result(index, outcome.as_ref().copied()));
            let results: Vec<_> = results.collect();
            for outcome in &outcomes {
                received += 1;
                match outcome {
                    Ok(_) => accepted += 1,
                    Err(_) => failed += 1,
                }
            }
            RecordSessionsResponse {
                results,
                received,
                accepted,
                failed,
            }
        });
        let over = answer.is_err();
        if answers.send(answer).await.is_err() || over {
            return;
        }
    }
    // The first task ended without a word: it panicked.
    let _ = answers
        .send(Err(Status::new(Code::Internal, "internal")))
        .await;
}

/// What became of each item. Errors: the database's, for all that this batch has.
async fn write(
    billing: Billing,
    caller: Caller,
    batch: Batch,
) -> Result<Vec<Result<SessionId, Status>>, Status> {
    let mut asked = Vec::new();
    let mut outcomes: Vec<Option<Status>> = Vec::new();
    for item in batch.items {
        match item {
            Ok(item) => {
                asked.push(item);
                outcomes.push(None);
            }
            Err(refused) => outcomes.push(Some(refused)),
        }
    }
    let recorded = if asked.is_empty() {
        Vec::new()
    } else {
        ::rpc::rerun(|| {
            ops::record_sessions::record_sessions(&billing, &caller, batch.practice, &asked)
        })
        .await?
    };
    let mut recorded = recorded.into_iter();
    outcomes
        .into_iter()
        .map(|refused| match refused {
            Some(refused) => Ok(Err(refused)),
            None => match recorded.next() {
                Some(outcome) => Ok(outcome.map_err(Status::from)),
                None => Err(Status::new(Code::Internal, "internal")),
            },
        })
        .collect()
}
