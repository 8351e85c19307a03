//! Concurrent requests share a transaction. One that comes alone goes at once; those that come while it is under way
//! are the next batch. So nobody waits for company, and the busier a practice is, the more of its requests one commit
//! pays for.
//!
//! A batch is of one practice, since a transaction sees one practice and its outbox has one row to wait for. It runs in
//! a task of its own: a caller who goes away takes nothing with them. Every answer comes after the commit.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ids::PracticeId;
use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::RequestError;

/// Requests that share a transaction, at most.
const TOGETHER: usize = 64;
/// Requests of a practice that wait for theirs, at most: as many as a server works on at once.
const WAITING: usize = 512;
/// How long others wait for a transaction that does not end, behind somebody's lock for instance; then the next one
/// begins beside it.
const PATIENCE: Duration = Duration::from_millis(250);

/// Collects requests `T` that are answered by `A` or `E`. Clones are the same group.
pub struct Group<T, A, E> {
    together: usize,
    waiting: usize,
    lanes: Arc<Mutex<Lanes<T, A, E>>>,
}

/// Of each practice that something is done for, who waits for the next transaction.
type Lanes<T, A, E> = HashMap<PracticeId, VecDeque<Waiting<T, A, E>>>;

struct Waiting<T, A, E> {
    request: T,
    answer: oneshot::Sender<Result<A, E>>,
}

impl<T, A, E> Group<T, A, E> {
    /// A group that lets at most so many share a transaction, and so many of a practice wait for the next.
    #[must_use]
    pub fn new(together: usize, waiting: usize) -> Self {
        Self {
            together: together.max(1),
            waiting,
            lanes: Arc::default(),
        }
    }
}

impl<T, A, E> Default for Group<T, A, E> {
    fn default() -> Self {
        Self::new(TOGETHER, WAITING)
    }
}

impl<T, A, E> Clone for Group<T, A, E> {
    fn clone(&self) -> Self {
        Self {
            lanes: Arc::clone(&self.lanes),
            ..*self
        }
    }
}

impl<T, A, E> Group<T, A, E>
where
    T: Send + 'static,
    A: Send + 'static,
    E: Display + Send + 'static,
{
    /// Has the request carried out by `run`, with others or alone, and answers when that is committed. `run` is one
    /// transaction; it answers each request in its place, with an error where that request breaks a rule, or fails as a
    /// whole. Whoever comes first brings the `run` for those that join.
    ///
    /// None when the batch failed as a whole, by one of its requests or by the database: nothing was committed that is
    /// known of, and the caller does it alone, so that each fails by its own fault only.
    ///
    /// # Errors
    /// [`RequestError::Crowded`].
    pub async fn join<R, F>(
        &self,
        practice: PracticeId,
        request: T,
        run: R,
    ) -> Result<Option<Result<A, E>>, RequestError>
    where
        R: Fn(Vec<T>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<Result<A, E>>, E>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        if self.enter(practice, Waiting { request, answer })? {
            tokio::spawn(self.clone().work_off(practice, run));
        }
        Ok(answered.await.ok())
    }

    /// Whether nobody works for the practice yet.
    fn enter(&self, practice: PracticeId, waiting: Waiting<T, A, E>) -> Result<bool, RequestError> {
        match self.lanes().entry(practice) {
            Entry::Vacant(lane) => {
                lane.insert(VecDeque::from([waiting]));
                Ok(true)
            }
            Entry::Occupied(lane) if lane.get().len() >= self.waiting => Err(RequestError::Crowded),
            Entry::Occupied(mut lane) => {
                lane.get_mut().push_back(waiting);
                Ok(false)
            }
        }
    }

    /// One batch after the other, until nobody waits.
    async fn work_off<R, F>(self, practice: PracticeId, run: R)
    where
        R: Fn(Vec<T>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<Result<A, E>>, E>> + Send + 'static,
    {
        // Who is read from the network in the same moment comes along.
        tokio::task::yield_now().await;
        while let Some(batch) = self.next(practice) {
            let (requests, callers): (Vec<T>, Vec<_>) = batch
                .into_iter()
                .map(|waiting| (waiting.request, waiting.answer))
                .unzip();
            let span =
                tracing::debug_span!(parent: None, "batch", %practice, requests = requests.len());
            let answering = answer(run(requests), callers).instrument(span);
            if tokio::time::timeout(PATIENCE, tokio::spawn(answering))
                .await
                .is_err()
            {
                tracing::debug!(%practice, "a batch takes long; the next begins beside it");
            }
        }
    }

    /// Who shares the next transaction; none when nobody waits, and then nobody works for the practice any more.
    fn next(&self, practice: PracticeId) -> Option<Vec<Waiting<T, A, E>>> {
        let mut lanes = self.lanes();
        let lane = lanes.get_mut(&practice)?;
        if lane.is_empty() {
            lanes.remove(&practice);
            return None;
        }
        let count = lane.len().min(self.together);
        Some(lane.drain(..count).collect())
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes<T, A, E>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells each caller their answer. A caller who is not told, by an error or a panic, hears that nobody answers.
async fn answer<A, E: Display>(
    running: impl Future<Output = Result<Vec<Result<A, E>>, E>>,
    mut callers: Vec<oneshot::Sender<Result<A, E>>>,
) {
    match running.await {
        Ok(answers) => {
            for (caller, answer) in callers.into_iter().zip(answers) {
                // One who has gone need not hear it.
                drop(caller.send(answer));
            }
        }
        Err(error) if callers.len() == 1 => {
            if let Some(only) = callers.pop() {
                drop(only.send(Err(error)));
            }
        }
        Err(error) => {
            tracing::warn!(%error, requests = callers.len(), "a batch failed; each is done alone");
        }
    }
}
