//! All that is shared: the books behind one lock, the data file, faults, plans, keys in flight.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::book::endpoints::{self, NewEndpoint};
use crate::book::rows::{Delivery, DeliveryState, Event, Standing};
use crate::book::{Act, Book, Origin, random_id, settlement};
use crate::config::{Config, Webhook};
use crate::error::ApiError;
use crate::faults::Faults;
use crate::journal::{Journal, JournalError};
use crate::request_log::RequestLog;
use crate::seeded::Seeded;
use crate::webhooks::plan::{Fate, Plans};

/// The API version events are written in when the request names none.
pub const API_VERSION: &str = "2026-09-30.endive";

/// Events and answered deliveries older than this are left out when the data file is rewritten.
const KEEP_SECONDS: i64 = 30 * 24 * 3600;

/// The sandbox.
#[derive(Debug)]
pub struct Sandbox {
    pub config: Config,
    /// Where people reach it, `http://host:port`.
    pub base_url: String,
    pub stop: CancellationToken,
    pub faults: Mutex<Faults>,
    pub plans: Mutex<Plans>,
    pub seeded: Mutex<Seeded>,
    pub log: Mutex<RequestLog>,
    /// (account, key) of requests that run now.
    pub in_flight: Mutex<HashSet<(String, String)>>,
    /// Deliveries to be sent: (account, delivery id), oldest first.
    pub outgoing: Mutex<VecDeque<(String, String)>>,
    /// Rings when there may be something in `outgoing`.
    pub wake: Notify,
    books: Mutex<Books>,
}

#[derive(Debug)]
struct Books {
    accounts: BTreeMap<String, Book>,
    journal: Option<Journal>,
}

/// A lock is taken even after a panic: rows are written whole, and one request must not stop all.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sandbox {
    /// Opens the books. Deliveries that were pending are taken up again.
    pub fn open(
        config: Config,
        addr: SocketAddr,
        stop: CancellationToken,
    ) -> Result<Self, JournalError> {
        let horizon = config.clock.now().as_second() - KEEP_SECONDS;
        let (journal, accounts) = match &config.data {
            None => (None, BTreeMap::new()),
            Some(path) => {
                let (journal, accounts) = Journal::open(path, horizon)?;
                (Some(journal), accounts)
            }
        };
        let pending = |book: &Book| -> Vec<(String, String)> {
            let rows = book
                .deliveries
                .iter()
                .filter(|row| row.state == DeliveryState::Pending);
            rows.map(|row| (book.account.clone(), row.id.clone()))
                .collect()
        };
        let outgoing = accounts.values().flat_map(pending).collect();
        Ok(Self {
            config,
            base_url: format!("http://{addr}"),
            stop,
            faults: Mutex::default(),
            plans: Mutex::default(),
            seeded: Mutex::default(),
            log: Mutex::default(),
            in_flight: Mutex::default(),
            outgoing: Mutex::new(outgoing),
            wake: Notify::new(),
            books: Mutex::new(Books { accounts, journal }),
        })
    }

    /// Runs one act on one account's book, sends its events on their way and writes down what changed, all under
    /// one lock.
    ///
    /// # Errors
    /// When the data file cannot be written; the act has happened in memory all the same.
    pub fn act<T>(
        &self,
        account: &str,
        origin: Origin,
        work: impl FnOnce(&mut Act<'_>) -> T,
    ) -> std::io::Result<T> {
        let mut books = lock(&self.books);
        let standing = self.connected(&books.accounts, account).cloned();
        let book = books
            .accounts
            .entry(account.to_owned())
            .or_insert_with(|| Book::new(account));
        let clock = &self.config.clock;
        let now = clock.now().as_second();
        let mut act = Act {
            book,
            clock,
            now,
            origin,
            standing,
            announced: Vec::new(),
            base_url: &self.base_url,
        };
        let outcome = work(&mut act);
        let announced = act.announced;
        for event in announced {
            self.dispatch(&mut books.accounts, account, &event);
        }
        let Books { accounts, journal } = &mut *books;
        for book in accounts.values_mut() {
            let rows = book.drain();
            if let Some(journal) = journal
                && !rows.is_empty()
            {
                journal.append(&book.account, rows)?;
            }
        }
        drop(books);
        self.wake.notify_one();
        Ok(outcome)
    }

    /// The row of an account that is connected with the platform's.
    fn connected<'a>(
        &self,
        accounts: &'a BTreeMap<String, Book>,
        account: &str,
    ) -> Option<&'a Standing> {
        let platform = accounts.get(&self.config.account)?;
        let known = platform.standings.find(account);
        known.filter(|row| row.id != self.config.account)
    }

    /// Whether a request may act for this account: the key's own, or one that is connected with it.
    pub fn may_act_for(&self, account: &str) -> bool {
        let known = |accounts: &BTreeMap<String, Book>| {
            self.connected(accounts, account)
                .is_some_and(|row| !row.deauthorized)
        };
        account == self.config.account || self.read(known)
    }

    /// Makes the deliveries of an event: to its account's endpoints, and to the platform's that hear of all accounts.
    fn dispatch(&self, accounts: &mut BTreeMap<String, Book>, account: &str, event: &str) {
        let connected = account != self.config.account;
        let Some(mut event) = accounts
            .get(account)
            .and_then(|book| book.events.find(event))
            .cloned()
        else {
            return;
        };
        // What was planned for it comes before what it draws.
        let planned = lock(&self.plans).planned(&event.kind);
        let fate = planned.or_else(|| lock(&self.seeded).fate(&event.kind));
        let fate = fate.unwrap_or(Fate::NORMAL);
        if let Some(book) = accounts.get_mut(account) {
            self.deliver_in(book, &event, false, &fate);
        }
        if connected && let Some(platform) = accounts.get_mut(&self.config.account) {
            event.account = Some(account.to_owned());
            self.deliver_in(platform, &event, true, &fate);
        }
    }

    fn deliver_in(&self, book: &mut Book, event: &Event, connect: bool, fate: &Fate) {
        let wanted = book
            .endpoints
            .iter()
            .filter(|row| !row.deleted && row.connect == connect && row.wants(&event.kind));
        let targets: Vec<String> = wanted.map(|row| row.id.clone()).collect();
        if connect && !targets.is_empty() {
            book.events.put(event.clone());
        }
        for endpoint in targets {
            for _ in 0..fate.copies {
                let id = random_id(&self.config.clock, "whd_", 24);
                if fate.state == DeliveryState::Pending {
                    lock(&self.outgoing).push_back((book.account.clone(), id.clone()));
                }
                book.deliveries.put(Delivery {
                    id,
                    created: event.created,
                    event: event.id.clone(),
                    endpoint: endpoint.clone(),
                    state: fate.state,
                    wait_ms: u64::try_from(fate.wait.as_millis()).unwrap_or(u64::MAX),
                    attempts: Vec::new(),
                });
            }
        }
    }

    /// Sends an event again to every endpoint that wants it, whatever the plans say; answers how many times.
    pub fn resend(&self, account: &str, event: &str) -> std::io::Result<Option<usize>> {
        self.act(account, Origin::none(API_VERSION), |act| {
            let kind = act.book.events.find(event)?.kind.clone();
            let targets: Vec<String> = act
                .book
                .endpoints
                .iter()
                .filter(|row| !row.deleted && row.wants(&kind))
                .map(|row| row.id.clone())
                .collect();
            for endpoint in &targets {
                let delivery = Delivery {
                    id: act.new_id("whd_"),
                    created: act.now,
                    event: event.to_owned(),
                    endpoint: endpoint.clone(),
                    state: DeliveryState::Pending,
                    wait_ms: 0,
                    attempts: Vec::new(),
                };
                lock(&self.outgoing).push_back((account.to_owned(), delivery.id.clone()));
                act.book.deliveries.put(delivery);
            }
            Some(targets.len())
        })
    }

    /// Sends the held deliveries of this event (none named: of all), in the order they were made or
    /// reversed; answers how many.
    pub fn release(
        &self,
        account: &str,
        event: Option<&str>,
        reversed: bool,
    ) -> std::io::Result<usize> {
        self.act(account, Origin::none(API_VERSION), |act| {
            let held = act
                .book
                .deliveries
                .iter()
                .filter(|row| row.state == DeliveryState::Held);
            let mut ids: Vec<String> = held
                .filter(|row| event.is_none_or(|event| event == row.event))
                .map(|row| row.id.clone())
                .collect();
            if reversed {
                ids.reverse();
            }
            for id in &ids {
                if let Some(row) = act.book.deliveries.change(id) {
                    row.state = DeliveryState::Pending;
                }
                lock(&self.outgoing).push_back((account.to_owned(), id.clone()));
            }
            ids.len()
        })
    }

    /// Reads every book.
    pub fn read<T>(&self, work: impl FnOnce(&BTreeMap<String, Book>) -> T) -> T {
        work(&lock(&self.books).accounts)
    }

    /// Registers the endpoint of the configuration for all events, those of connected accounts too, or renews its secret.
    pub fn ensure_endpoint(&self, webhook: &Webhook) -> Result<(), ApiError> {
        for connect in [false, true] {
            let new = NewEndpoint {
                url: webhook.url.clone(),
                secret: Some(webhook.secret.clone()),
                events: vec!["*".to_owned()],
                connect,
                ..NewEndpoint::default()
            };
            let made = self.act(&self.config.account, Origin::none(API_VERSION), |act| {
                endpoints::ensure(act, new)
            });
            made.map_err(|_| ApiError::internal())??;
        }
        Ok(())
    }

    /// The accounts that have a book.
    pub fn account_names(&self) -> Vec<String> {
        self.read(|accounts| accounts.keys().cloned().collect())
    }
}

/// Lets bank debits and slow refunds end when their time has come.
pub async fn settle_on_time(sandbox: Arc<Sandbox>) {
    let Some(after) = sandbox.config.settle_after else {
        return;
    };
    let after = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        for account in sandbox.account_names() {
            let settled = sandbox.act(&account, Origin::none(API_VERSION), |act| {
                settlement::settle_due(act, after)
            });
            if let Err(error) = settled {
                tracing::error!(%error, "the data file cannot be written");
            }
        }
    }
}
