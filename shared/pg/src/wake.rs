//! How a commit tells the feed's readers that a stream has grown.
//!
//! Not within the transaction: Postgres lets transactions that notify commit only one after the other, over all schemas,
//! each waiting for the other's disk. And not for every commit: one that comes alone is told at once, those that follow
//! it are told together, and so are read, sent and applied together. On a busy practice that is one transaction of each
//! follower instead of many.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ids::PracticeId;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::Pool;
use crate::plumbing::wake_channel;

/// Between two tellings of a process.
const BREATH: Duration = Duration::from_millis(50);

/// That a practice's stream has grown, told to readers after the commit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wake {
    pub(crate) schema: &'static str,
    pub(crate) practice: Uuid,
    /// The stream's last number.
    pub(crate) head: i64,
}

impl Wake {
    fn statement(&self) -> String {
        format!(
            "select pg_notify('{}', '{}:{}'); ",
            wake_channel(self.schema),
            self.practice,
            self.head
        )
    }

    /// Reads a notification's payload; none when it is not one of ours.
    pub(crate) fn read(payload: &str) -> Option<(PracticeId, i64)> {
        let (practice, head) = payload.split_once(':')?;
        Some((
            PracticeId::from(Uuid::parse_str(practice).ok()?),
            head.parse().ok()?,
        ))
    }
}

/// Tells readers, at once or in a moment. A wake that gets lost is made good by the reader's poll.
pub(crate) fn tell(pool: &Pool, wakes: Vec<Wake>) {
    if let Some(telling) = Untold::of(pool).add(wakes) {
        tokio::spawn(telling.run(pool.clone()));
    }
}

/// What a process has to tell the readers of one database.
#[derive(Default)]
struct Untold(Mutex<State>);

#[derive(Default)]
struct State {
    heads: HashMap<(&'static str, Uuid), i64>,
    /// Somebody is telling, and will come by again.
    telling: bool,
}

/// By host, port and database: every pool of a process goes through here.
static UNTOLD: LazyLock<Mutex<HashMap<String, Arc<Untold>>>> = LazyLock::new(Mutex::default);

impl Untold {
    fn of(pool: &Pool) -> Arc<Self> {
        let options = pool.connect_options();
        let database = format!(
            "{}:{}/{}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap_or_default()
        );
        Arc::clone(locked(&UNTOLD).entry(database).or_default())
    }

    /// Somebody has to tell it when nobody does.
    fn add(self: Arc<Self>, wakes: Vec<Wake>) -> Option<Telling> {
        let mut state = locked(&self.0);
        for wake in wakes {
            let head = state.heads.entry((wake.schema, wake.practice)).or_default();
            *head = wake.head.max(*head);
        }
        if state.telling {
            return None;
        }
        state.telling = true;
        drop(state);
        Some(Telling {
            untold: self,
            done: false,
        })
    }

    /// All there is; nobody tells any more when there is nothing.
    fn take(&self) -> Vec<Wake> {
        let mut state = locked(&self.0);
        state.telling = !state.heads.is_empty();
        let heads = state.heads.drain();
        heads
            .map(|((schema, practice), head)| Wake {
                schema,
                practice,
                head,
            })
            .collect()
    }
}

/// Whoever tells. Another begins where it ended, also when its runtime was stopped in the middle.
struct Telling {
    untold: Arc<Untold>,
    /// There was nothing left: somebody else may be telling by now.
    done: bool,
}

impl Telling {
    async fn run(mut self, pool: Pool) {
        loop {
            let wakes = self.untold.take();
            if wakes.is_empty() {
                self.done = true;
                return;
            }
            if let Err(error) = notify(&pool, &wakes).await {
                tracing::warn!(%error, "the feed's readers were not woken; their poll will find the events");
            }
            tokio::time::sleep(BREATH).await;
        }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if !self.done {
            locked(&self.untold.0).telling = false;
        }
    }
}

async fn notify(pool: &Pool, wakes: &[Wake]) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let mut statements = "begin; set local synchronous_commit = off; ".to_owned();
    for wake in wakes {
        statements.push_str(&wake.statement());
    }
    statements.push_str("commit");
    let told = sqlx::raw_sql(AssertSqlSafe(statements))
        .execute(&mut *connection)
        .await;
    if told.is_err() {
        connection.close_on_drop();
    }
    told.map(|_| ())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wake(practice: u128, head: i64) -> Wake {
        Wake {
            schema: "billing",
            practice: Uuid::from_u128(practice),
            head,
        }
    }

    #[test]
    fn a_wake_reads_back_as_it_was_sent() {
        let statement = wake(7, 41).statement();
        let payload = statement.split('\'').nth(3).expect("a payload");
        assert_eq!(
            Wake::read(payload),
            Some((PracticeId::from(Uuid::from_u128(7)), 41))
        );
        assert_eq!(Wake::read("nonsense"), None);
        assert_eq!(Wake::read("7:x"), None);
    }

    #[test]
    fn one_tells_for_all_and_the_last_head_of_each_practice() {
        let untold = Arc::new(Untold::default());
        let first = untold
            .clone()
            .add(vec![wake(1, 3)])
            .expect("the first tells");
        assert!(untold.clone().add(vec![wake(1, 5), wake(2, 1)]).is_none());
        assert!(untold.clone().add(vec![wake(1, 4)]).is_none());
        let mut told = untold.take();
        told.sort_by_key(|wake| wake.practice);
        assert_eq!(told, [wake(1, 5), wake(2, 1)]);
        assert_eq!(untold.take(), []);
        drop(first);
        assert!(untold.add(vec![wake(1, 6)]).is_some());
    }

    #[test]
    fn who_has_told_all_does_not_end_for_the_next_who_tells() {
        let untold = Arc::new(Untold::default());
        let mut first = untold
            .clone()
            .add(vec![wake(1, 3)])
            .expect("the first tells");
        untold.take();
        assert_eq!(untold.take(), []);
        first.done = true;
        let _second = untold.clone().add(vec![wake(1, 4)]).expect("another tells");
        drop(first);
        assert!(untold.add(vec![wake(1, 5)]).is_none());
    }

    #[test]
    fn another_tells_when_one_was_stopped() {
        let untold = Arc::new(Untold::default());
        drop(
            untold
                .clone()
                .add(vec![wake(1, 3)])
                .expect("the first tells"),
        );
        assert!(untold.clone().add(vec![wake(1, 4)]).is_some());
        assert_eq!(untold.take(), [wake(1, 4)]);
    }
}
