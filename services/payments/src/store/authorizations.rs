//! Card authorization forms. A form's row is locked before its state changes; a signature is written once.

use crate::domain::card_form::AuthorizationState;
use crate::domain::payer::Payer;
use crate::{Error, Missing, Result};
use ids::{AuthorizationId, ClientId, MethodId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// A form as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Its id.
    pub authorization: AuthorizationId,
    /// Who is asked.
    pub payer: Payer,
    /// The client, or whose contact the payer is.
    pub client: ClientId,
    /// Where it stands.
    pub state: AuthorizationState,
    /// Asked for at intake, or because of another account.
    pub by_itself: bool,
    /// Another account took the place of the one that the payer's card is on.
    pub new_account: bool,
    /// How often the payer was asked again.
    pub reminders: i32,
    /// When it was asked for.
    pub request_time: Timestamp,
    /// When the payer was last asked again.
    pub remind_time: Option<Timestamp>,
    /// When it was revoked.
    pub revoke_time: Option<Timestamp>,
    /// What was signed.
    pub signature: Option<Signature>,
}

/// What was signed, as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// As typed.
    pub signer_name: String,
    /// 0 is the standard text.
    pub form_version: i32,
    /// The text.
    pub form_text: String,
    /// What may be charged.
    pub method: MethodId,
    /// As it was then.
    pub method_text: String,
    /// Where the signer was; empty when that is not known.
    pub signer_address: String,
    /// With which program; empty when that is not known.
    pub signer_user_agent: String,
    /// When.
    pub sign_time: Timestamp,
}

/// Which forms a list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationFilter {
    /// Only this client's.
    pub client: Option<ClientId>,
    /// Only this payer's.
    pub payer: Option<Payer>,
    /// Only in this state.
    pub state: Option<AuthorizationState>,
}

/// Writes a form that a payer is asked for. Errors: the constraint `card_authorizations_open_key`.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    asked: &Authorization,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into payments.card_authorizations (
            practice_id, authorization_id, payer_kind, payer_id, client_id, state, by_itself, request_time, new_account
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        "#,
        practice.uuid(),
        asked.authorization.uuid(),
        asked.payer.kind(),
        asked.payer.uuid(),
        asked.client.uuid(),
        asked.state.name(),
        asked.by_itself,
        asked.request_time.to_sqlx() as jiff_sqlx::Timestamp,
        asked.new_account,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The form, locked until the commit. Errors: AUTHORIZATION_NOT_FOUND.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    authorization: AuthorizationId,
) -> Result<Authorization> {
    sqlx::query_scalar!(
        r#"
        select state
        from payments.card_authorizations
        where practice_id = $1 and authorization_id = $2
        for update
        "#,
        practice.uuid(),
        authorization.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    get(conn, practice, authorization).await
}

/// The form. Errors: AUTHORIZATION_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    authorization: AuthorizationId,
) -> Result<Authorization> {
    let found = read(conn, practice, &[authorization.uuid()]).await?;
    found
        .into_iter()
        .next()
        .ok_or(Error::Missing(Missing::Authorization(authorization)))
}

/// At most `limit` forms, newest first, from after `below`.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    filter: &AuthorizationFilter,
    (below, limit): (Option<AuthorizationId>, i64),
) -> Result<Vec<Authorization>> {
    let ids = sqlx::query_scalar!(
        r#"
        select authorization_id
        from payments.card_authorizations
        where practice_id = $1
            and ($2::uuid is null or client_id = $2)
            and ($3::text is null or payer_kind = $3)
            and ($4::uuid is null or payer_id = $4)
            and ($5::text is null or state = $5)
            and ($6::uuid is null or authorization_id < $6)
        order by authorization_id desc
        limit $7
        "#,
        practice.uuid(),
        filter.client.map(ClientId::uuid),
        filter.payer.map(Payer::kind),
        filter.payer.map(Payer::uuid),
        filter.state.map(AuthorizationState::name),
        below.map(AuthorizationId::uuid),
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    read(conn, practice, &ids).await
}

/// Those forms, newest first, with what was signed.
async fn read(
    conn: &mut PgConnection,
    practice: PracticeId,
    ids: &[uuid::Uuid],
) -> Result<Vec<Authorization>> {
    let rows = sqlx::query!(
        r#"
        select
            asked.authorization_id as "authorization_id: AuthorizationId",
            asked.payer_kind,
            asked.payer_id,
            asked.client_id as "client_id: ClientId",
            asked.state,
            asked.by_itself,
            asked.new_account,
            asked.reminders,
            asked.request_time as "request_time: jiff_sqlx::Timestamp",
            asked.remind_time as "remind_time: jiff_sqlx::Timestamp",
            asked.revoke_time as "revoke_time: jiff_sqlx::Timestamp",
            signed.signer_name as "signer_name?",
            signed.form_version as "form_version?",
            signed.form_text as "form_text?",
            signed.method_id as "method_id?: MethodId",
            signed.method_text as "method_text?",
            signed.signer_address as "signer_address?",
            signed.signer_user_agent as "signer_user_agent?",
            signed.sign_time as "sign_time?: jiff_sqlx::Timestamp"
        from payments.card_authorizations asked
        left join payments.card_signatures signed
            on signed.practice_id = asked.practice_id and signed.authorization_id = asked.authorization_id
        where asked.practice_id = $1 and asked.authorization_id = any($2)
        order by asked.authorization_id desc
        "#,
        practice.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let signature = match (row.method_id, row.sign_time) {
                (Some(method), Some(sign_time)) => Some(Signature {
                    signer_name: row.signer_name.unwrap_or_default(),
                    form_version: row.form_version.unwrap_or_default(),
                    form_text: row.form_text.unwrap_or_default(),
                    method,
                    method_text: row.method_text.unwrap_or_default(),
                    signer_address: row.signer_address.unwrap_or_default(),
                    signer_user_agent: row.signer_user_agent.unwrap_or_default(),
                    sign_time: sign_time.to_jiff(),
                }),
                (None, _) | (_, None) => None,
            };
            Ok(Authorization {
                authorization: row.authorization_id,
                payer: Payer::of(&row.payer_kind, row.payer_id)
                    .ok_or(Error::Stored("a kind of payer"))?,
                client: row.client_id,
                state: AuthorizationState::of(&row.state).ok_or(Error::Stored("a form's state"))?,
                by_itself: row.by_itself,
                new_account: row.new_account,
                reminders: row.reminders,
                request_time: row.request_time.to_jiff(),
                remind_time: row.remind_time.map(jiff_sqlx::Timestamp::to_jiff),
                revoke_time: row.revoke_time.map(jiff_sqlx::Timestamp::to_jiff),
                signature,
            })
        })
        .collect()
}

/// Writes where a form stands. The caller holds its lock.
pub async fn update(
    conn: &mut PgConnection,
    practice: PracticeId,
    form: &Authorization,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.card_authorizations
        set state = $3, reminders = $4, remind_time = $5, revoke_time = $6, new_account = $7
        where practice_id = $1 and authorization_id = $2
        "#,
        practice.uuid(),
        form.authorization.uuid(),
        form.state.name(),
        form.reminders,
        form.remind_time.map(|time| time.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
        form.revoke_time.map(|time| time.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
        form.new_account,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps what was signed.
pub async fn insert_signature(
    conn: &mut PgConnection,
    practice: PracticeId,
    (form, signature): (AuthorizationId, &Signature),
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.card_signatures (
            practice_id, authorization_id, signer_name, form_version, form_text, method_id, method_text, signer_address,
            signer_user_agent, sign_time
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        practice.uuid(),
        form.uuid(),
        signature.signer_name,
        signature.form_version,
        signature.form_text,
        signature.method.uuid(),
        signature.method_text,
        signature.signer_address,
        signature.signer_user_agent,
        signature.sign_time.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Methods that a form allows to charge.
pub async fn list_methods(
    conn: &mut PgConnection,
    practice: PracticeId,
    form: AuthorizationId,
) -> Result<Vec<MethodId>> {
    let methods = sqlx::query_scalar!(
        r#"
        select method_id as "method_id: MethodId"
        from payments.methods
        where practice_id = $1 and authorization_id = $2
        order by method_id
        "#,
        practice.uuid(),
        form.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(methods)
}

/// Whether the form that allowed to charge a method was revoked, and none was signed for it since.
pub async fn is_revoked(
    conn: &mut PgConnection,
    practice: PracticeId,
    method: MethodId,
) -> Result<bool> {
    let revoked = sqlx::query_scalar!(
        r#"
        select authorization_revoked
        from payments.methods
        where practice_id = $1 and method_id = $2
        "#,
        practice.uuid(),
        method.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(revoked.unwrap_or(false))
}

/// Says so, or that another one was signed. The caller holds the method's lock.
pub async fn update_revoked(
    conn: &mut PgConnection,
    practice: PracticeId,
    method: MethodId,
    revoked: bool,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.methods
        set authorization_revoked = $3
        where practice_id = $1 and method_id = $2
        "#,
        practice.uuid(),
        method.uuid(),
        revoked,
    )
    .execute(conn)
    .await?;
    Ok(())
}
