use crate::domain::decline::DeclineReason;
use crate::domain::payer::Payer;
use crate::domain::setup::SetupState;
use crate::{Error, Missing, Result};
use ids::{ClientId, MethodId, PracticeId, SetupId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// A method that is being added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Its id.
    pub setup: SetupId,
    /// Who will pay with it.
    pub payer: Payer,
    /// The client, or whose contact the payer is.
    pub client: ClientId,
    /// Where it stands.
    pub state: SetupState,
    /// The practice's own account at the processor, `acct_…`; none: the installation's.
    pub account: Option<String>,
    /// The processor's object, `seti_…`.
    pub processor_intent: Option<String>,
    /// It becomes the payer's default.
    pub make_default: bool,
    /// The payer says that it is a health savings or flexible spending card.
    pub hsa_fsa: bool,
    /// What it takes the place of.
    pub replaces: Option<MethodId>,
    /// Why the latest try was declined.
    pub decline: Option<DeclineReason>,
    /// What came of it.
    pub method: Option<MethodId>,
    /// When it began.
    pub create_time: Timestamp,
}

/// Writes down that a method is to be added.
pub async fn insert(conn: &mut PgConnection, practice: PracticeId, setup: &Setup) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.method_setups (
            practice_id, setup_id, payer_kind, payer_id, client_id, state, make_default, hsa_fsa, replaces_method_id,
            create_time, update_time, processor_account
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
        "#,
        practice.uuid(),
        setup.setup.uuid(),
        setup.payer.kind(),
        setup.payer.uuid(),
        setup.client.uuid(),
        setup.state.name(),
        setup.make_default,
        setup.hsa_fsa,
        setup.replaces.map(MethodId::uuid),
        setup.create_time.to_sqlx() as jiff_sqlx::Timestamp,
        setup.account,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How far it has come. Errors: SETUP_NOT_FOUND.
pub async fn get(conn: &mut PgConnection, practice: PracticeId, setup: SetupId) -> Result<Setup> {
    let row = sqlx::query!(
        r#"
        select
            payer_kind,
            payer_id,
            client_id as "client_id: ClientId",
            state,
            processor_account,
            processor_intent,
            make_default,
            hsa_fsa,
            replaces_method_id as "replaces_method_id: MethodId",
            decline_reason,
            method_id as "method_id: MethodId",
            create_time as "create_time: jiff_sqlx::Timestamp"
        from payments.method_setups
        where practice_id = $1 and setup_id = $2
        "#,
        practice.uuid(),
        setup.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::Missing(Missing::Setup(setup)))?;
    let decline = row
        .decline_reason
        .map(|name| DeclineReason::of(&name).ok_or(Error::Stored("why a method was declined")));
    Ok(Setup {
        setup,
        payer: Payer::of(&row.payer_kind, row.payer_id).ok_or(Error::Stored("a kind of payer"))?,
        client: row.client_id,
        state: SetupState::of(&row.state).ok_or(Error::Stored("a setup's state"))?,
        account: row.processor_account,
        processor_intent: row.processor_intent,
        make_default: row.make_default,
        hsa_fsa: row.hsa_fsa,
        replaces: row.replaces_method_id,
        decline: decline.transpose()?,
        method: row.method_id,
        create_time: row.create_time.to_jiff(),
    })
}

/// Keeps the processor's object, which waits for the payer from now on.
pub async fn update_intent(
    conn: &mut PgConnection,
    practice: PracticeId,
    (setup, intent): (SetupId, &str),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.method_setups
        set
            processor_intent = $3,
            state = case when state = 'created' then 'waiting' else state end,
            update_time = $4
        where practice_id = $1 and setup_id = $2
        "#,
        practice.uuid(),
        setup.uuid(),
        intent,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Setups that are under way on an account of the practice's own are over, and nobody looks after them any more.
pub async fn cancel_on_account(
    conn: &mut PgConnection,
    practice: PracticeId,
    account: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        with over as (
            update payments.method_setups
            set state = 'cancelled', update_time = $3
            where practice_id = $1
                and processor_account = $2
                and state in ('created', 'waiting', 'requires_action', 'processing')
            returning setup_id
        )
        delete from payments.unsettled
        where kind = 'setup' and subject_id in (select over.setup_id from over)
        "#,
        practice.uuid(),
        account,
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Where it stands now. The caller holds the payer's lock.
pub async fn update_standing(
    conn: &mut PgConnection,
    practice: PracticeId,
    setup: &Setup,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.method_setups
        set state = $3, decline_reason = $4, method_id = $5, update_time = $6
        where practice_id = $1 and setup_id = $2
        "#,
        practice.uuid(),
        setup.setup.uuid(),
        setup.state.name(),
        setup.decline.map(DeclineReason::name),
        setup.method.map(MethodId::uuid),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}
