//! The main job from end to end: import, bill, share, pay by card, report, and check every figure against the files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clock::Clock;
use futures::{StreamExt, TryStreamExt};
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::gateway::Gateway;
use super::plan::{self, Plan};
use super::screen::{self, Step};
use super::synthea::Synthea;
use super::{practice, step};

/// Calls under way at once.
const WIDTH: usize = 16;

/// Where everything is.
pub struct Options {
    /// `http://host:port`.
    pub gateway: String,
    /// The operator's secret that registers the practice; none when it is registered already.
    pub setup_token: Option<String>,
    /// Folder of the CSV files.
    pub files: PathBuf,
    /// `demo-check/expected.py`.
    pub checker: PathBuf,
    /// Where the mail sink keeps its `.eml` files.
    pub mails: PathBuf,
    /// Where documents are written.
    pub documents: PathBuf,
    /// Bills to share besides, by Invoice # or number.
    pub share: Vec<String>,
    /// A folder with time zones for the checker, for machines without tzdata.
    pub time_zones: Option<PathBuf>,
    /// The system's.
    pub clock: Clock,
}

/// A run under way.
pub struct Run {
    pub options: Options,
    pub gateway: Gateway,
    pub plan: Plan,
    pub zone: TimeZone,
    pub practice_id: String,
    pub known: Known,
}

/// The suite's ids by the files' ids.
#[derive(Default)]
pub struct Known {
    pub clients: BTreeMap<Uuid, String>,
    pub clinicians: BTreeMap<Uuid, String>,
    pub payers: BTreeMap<Uuid, String>,
    pub policies: BTreeMap<Uuid, String>,
    /// By claim.
    pub sessions: BTreeMap<Uuid, String>,
    /// By claim.
    pub bills: BTreeMap<Uuid, String>,
    /// Insurers' and clients' recorded payments, by transaction.
    pub payments: BTreeMap<Uuid, String>,
}

/// Runs the demo.
///
/// # Errors
/// Rows that cannot be read, calls that were refused, and every figure that differs from the files, with its rows.
pub async fn run(options: Options) -> Result<()> {
    let synthea = Synthea::read(&options.files)?;
    let plan = Plan::of(&synthea)?;
    let mut gateway = Gateway::at(&options.gateway, options.clock.clone())?;
    if let Some(token) = &options.setup_token {
        let registration = practice::registration(token);
        let _: proto::portal_auth::v1::RegisterPracticeResponse = gateway
            .post("/v1/practices", &registration)
            .await
            .context("register the practice")?;
    }
    let practice_id = gateway
        .sign_in(practice::owner())
        .await
        .context("sign in as the owner")?;
    let zone = TimeZone::get(practice::TIME_ZONE)?;
    let mut run = Run {
        options,
        gateway,
        plan,
        zone,
        practice_id,
        known: Known::default(),
    };

    screen::say("")?;
    step::import::people(&mut run).await?;
    step::import::sessions(&mut run).await?;
    run.gateway.renew().await?;
    step::bill::issue(&mut run).await?;
    step::bill::insurers(&mut run).await?;
    run.gateway.renew().await?;
    step::bill::clients(&mut run).await?;
    run.gateway.renew().await?;
    step::card::share_and_pay(&run).await?;
    step::share::chosen(&run).await?;
    let books = step::books::read(&run).await?;
    let documents = step::documents::write(&run, &books).await?;
    step::mails::sent(&run).await?;
    step::report::print(&run, &books, &documents)?;
    step::check::check(&run, &books)
}

impl Run {
    /// The path of something of the practice: `/v1/practices/prac_…/clients`.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/practices/{}/{rest}", self.practice_id)
    }

    /// The idempotency key of an act on what the files call `subject`.
    pub fn request_id(&self, act: &str, subject: Uuid) -> String {
        plan::request_id(act, &self.practice_id, subject).to_string()
    }
}

impl Known {
    /// The suite's id of what the files call `id`.
    ///
    /// # Errors
    /// It was not sent yet: a mistake of the plan's order.
    pub fn get<'a>(map: &'a BTreeMap<Uuid, String>, id: &Uuid) -> Result<&'a str> {
        map.get(id)
            .map(String::as_str)
            .with_context(|| format!("{id} was not sent"))
    }
}

/// Makes the calls, several at once, and collects what they give; stops at the first that fails.
///
/// # Errors
/// That of the first call that failed.
pub async fn at_once<I, T, F>(
    step: &Step,
    items: impl IntoIterator<Item = I>,
    call: impl Fn(I) -> F,
) -> Result<Vec<T>>
where
    F: Future<Output = Result<T>>,
{
    let calls = futures::stream::iter(items)
        .map(call)
        .buffer_unordered(WIDTH);
    calls.inspect_ok(|_| step.tick()).try_collect().await
}
