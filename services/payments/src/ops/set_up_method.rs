//! Three phases, each committed: the setup is written down, the processor is asked, and what the payer's browser did there
//! is taken in by whoever hears of it first: the browser's call, the webhook or the reconciler.

use super::{accounts, payers, set_up, turn};
use crate::domain::on_file::MethodState;
use crate::domain::payer::Payer;
use crate::domain::setup::SetupState;
use crate::store::methods::{Method, Whose};
use crate::store::processor_objects::Subject;
use crate::store::setups::Setup;
use crate::{Error, Payments, REQUESTS, Result, store};
use ::rpc::Caller;
use ids::{ClientId, MethodId, PracticeId, SetupId};
use pg::RequestKey;
use secrecy::SecretString;

/// Methods on file of one payer.
const METHODS_MAX: usize = 20;

/// A method that is to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetUpMethod {
    /// The practice.
    pub practice: PracticeId,
    /// The client, or whose contact the payer is.
    pub client: ClientId,
    /// Who pays with it.
    pub payer: Payer,
    /// It becomes the payer's default.
    pub make_default: bool,
    /// The payer says that it is a health savings or flexible spending card.
    pub hsa_fsa: bool,
    /// What it takes the place of.
    pub replaces: Option<MethodId>,
}

/// A setup as its payer or the practice sees it.
#[derive(Clone, Debug)]
pub struct ShownSetup {
    /// The setup.
    pub setup: Setup,
    /// For the browser, while that is what is waited for.
    pub client_secret: Option<SecretString>,
    /// What came of it.
    pub method: Option<Method>,
}

/// Begins to put a method on file. Errors: as MethodService.SetUpMethod and ReplaceMethod say.
pub async fn set_up_method(
    payments: &Payments,
    caller: &Caller,
    key: &RequestKey,
    asked: SetUpMethod,
) -> Result<ShownSetup> {
    caller.within(asked.practice)?;
    let whose = (asked.payer, asked.client);
    payers::may(caller, asked.practice, whose)?;
    let (setup, ours) = loop {
        match begin(payments, key, asked).await? {
            Some(begun) => break begun,
            None => payers::learn(payments, asked.practice, whose).await?,
        }
    };
    crate::crash::point("after_setup");
    if ours {
        set_up::go_on(payments, asked.practice, setup).await?;
    }
    set_up::show(payments, asked.practice, setup).await
}

/// Writes the setup down, leased to this request; a repeat takes the lease when nobody has it. None when the payer is new.
async fn begin(
    payments: &Payments,
    key: &RequestKey,
    asked: SetUpMethod,
) -> Result<Option<(SetupId, bool)>> {
    let (practice, now) = (asked.practice, payments.clock.now());
    let id = SetupId::new(&payments.clock);
    let turn = turn(payments, now);
    let mut tx = pg::begin(&payments.db, practice).await?;
    let before = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await?;
    if let Some(first) = before.map(SetupId::from) {
        let subject = Subject::Setup(first);
        let ours = store::unsettled::claim(&mut tx, subject, now, turn.lease_end).await?;
        tx.commit().await?;
        return Ok(Some((first, ours)));
    }
    let Some(known) = store::customers::find(&mut tx, practice, asked.payer).await? else {
        return Ok(None);
    };
    if known.client != asked.client {
        return Err(payers::not_found(asked.payer));
    }
    store::customers::lock(&mut tx, practice, asked.payer).await?;
    let methods = store::methods::list(&mut tx, practice, Whose::Payer(asked.payer)).await?;
    match asked.replaces {
        Some(old) => check_replaced(&methods, old)?,
        None if methods.len() >= METHODS_MAX => return Err(Error::TooManyMethods(METHODS_MAX)),
        None => {}
    }
    let account = accounts::of_now(payments, &mut tx, practice).await?;
    let setup = Setup {
        setup: id,
        account,
        payer: asked.payer,
        client: asked.client,
        state: SetupState::Created,
        processor_intent: None,
        make_default: asked.make_default,
        hsa_fsa: asked.hsa_fsa,
        replaces: asked.replaces,
        decline: None,
        method: None,
        create_time: now,
    };
    store::setups::insert(&mut tx, practice, &setup).await?;
    store::unsettled::insert(&mut tx, practice, Subject::Setup(id), turn).await?;
    tx.commit().await?;
    Ok(Some((id, true)))
}

fn check_replaced(methods: &[Method], old: MethodId) -> Result<()> {
    let on_file = |method: &&Method| method.method == old && method.state != MethodState::Removed;
    match methods.iter().find(on_file) {
        Some(_) => Ok(()),
        None => Err(Error::MethodRemoved(old)),
    }
}
