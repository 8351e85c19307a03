//! Payers who are asked for a card because another account took the place of the one that theirs is on. Rows are locked
//! by whoever asks.

use crate::domain::payer::Payer;
use crate::domain::words;
use crate::{Error, Result};
use ids::{AuthorizationId, ClientId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;
use uuid::Uuid;

words! {
    /// What became of a request.
    NewCardState {
        /// Nobody was asked yet.
        Waiting "waiting",
        /// The payer was asked.
        Asked "asked",
        /// The client is exempt from card on file.
        Exempt "exempt",
        /// There is a card by now, or the payer or the account is gone.
        Needless "needless",
    }
}

/// A request, whether it was made yet or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCardRequest {
    /// What waits in the queue.
    pub request: Uuid,
    /// The account of now, `acct_…`.
    pub account: String,
    /// Who is asked.
    pub payer: Payer,
    /// The client, or whose contact the payer is.
    pub client: ClientId,
    /// What became of it.
    pub state: NewCardState,
}

/// How many payers were asked, and what they did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewCardCounts {
    /// They are to be asked.
    pub waiting: i64,
    /// They were asked.
    pub asked: i64,
    /// They are not asked, for their client is exempt.
    pub exempt: i64,
    /// Those of the asked who have given one since.
    pub given: i64,
}

/// Who pays with what is on file with another account, and with nothing that is on this one.
pub async fn list_payers(
    conn: &mut PgConnection,
    practice: PracticeId,
    account: &str,
) -> Result<Vec<(Payer, ClientId)>> {
    let rows = sqlx::query!(
        r#"
        select distinct on (payer_kind, payer_id)
            payer_kind,
            payer_id,
            client_id as "client_id: ClientId"
        from payments.methods former
        where practice_id = $1
            and state <> 'removed'
            and not exists (
                select 1
                from payments.methods own
                where own.practice_id = $1
                    and own.payer_kind = former.payer_kind
                    and own.payer_id = former.payer_id
                    and own.processor_account = $2
                    and own.state <> 'removed'
            )
        order by payer_kind, payer_id, is_default desc, method_id
        "#,
        practice.uuid(),
        account,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let payer = Payer::of(&row.payer_kind, row.payer_id);
            let payer = payer.ok_or(Error::Stored("a kind of payer"))?;
            Ok((payer, row.client_id))
        })
        .collect()
}

/// Writes requests for those payers who have none for the account, and answers which were written.
pub async fn insert(
    conn: &mut PgConnection,
    practice: PracticeId,
    (account, requests): (&str, &[(Uuid, Payer, ClientId)]),
    now: Timestamp,
) -> Result<Vec<Uuid>> {
    let ids: Vec<Uuid> = requests.iter().map(|(id, ..)| *id).collect();
    let kinds: Vec<String> = requests
        .iter()
        .map(|(_, payer, _)| payer.kind().to_owned())
        .collect();
    let payers: Vec<Uuid> = requests.iter().map(|(_, payer, _)| payer.uuid()).collect();
    let clients: Vec<Uuid> = requests
        .iter()
        .map(|(_, _, client)| client.uuid())
        .collect();
    let written = sqlx::query_scalar!(
        r#"
        insert into payments.new_card_requests (
            practice_id, processor_account, payer_kind, payer_id, client_id, request_id, state, create_time, update_time
        )
        select $1, $2, asked.payer_kind, asked.payer_id, asked.client_id, asked.request_id, 'waiting', $3, $3
        from unnest($4::uuid[], $5::text[], $6::uuid[], $7::uuid[])
            as asked (request_id, payer_kind, payer_id, client_id)
        on conflict on constraint new_card_requests_pkey do nothing
        returning request_id
        "#,
        practice.uuid(),
        account,
        now.to_sqlx() as jiff_sqlx::Timestamp,
        &ids,
        &kinds,
        &payers,
        &clients,
    )
    .fetch_all(conn)
    .await?;
    Ok(written)
}

/// A request, locked until the commit; none when there is no such.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    request: Uuid,
) -> Result<Option<NewCardRequest>> {
    let row = sqlx::query!(
        r#"
        select
            processor_account,
            payer_kind,
            payer_id,
            client_id as "client_id: ClientId",
            state
        from payments.new_card_requests
        where practice_id = $1 and request_id = $2
        for update
        "#,
        practice.uuid(),
        request,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(NewCardRequest {
        request,
        account: row.processor_account,
        payer: Payer::of(&row.payer_kind, row.payer_id).ok_or(Error::Stored("a kind of payer"))?,
        client: row.client_id,
        state: NewCardState::of(&row.state).ok_or(Error::Stored("a request's state"))?,
    }))
}

/// Writes what became of a locked request; with the form when the payer was asked.
pub async fn update(
    conn: &mut PgConnection,
    practice: PracticeId,
    request: Uuid,
    (state, form): (NewCardState, Option<AuthorizationId>),
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.new_card_requests
        set state = $3, authorization_id = $4, update_time = $5
        where practice_id = $1 and request_id = $2
        "#,
        practice.uuid(),
        request,
        state.name(),
        form.map(AuthorizationId::uuid),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many were asked since this account is used.
pub async fn counts(
    conn: &mut PgConnection,
    practice: PracticeId,
    account: &str,
) -> Result<NewCardCounts> {
    let counts = sqlx::query_as!(
        NewCardCounts,
        r#"
        select
            count(*) filter (where request.state = 'waiting') as "waiting!",
            count(*) filter (where request.state = 'asked') as "asked!",
            count(*) filter (where request.state = 'exempt') as "exempt!",
            count(*) filter (
                where request.state = 'asked' and exists (
                    select 1
                    from payments.methods own
                    where own.practice_id = $1
                        and own.payer_kind = request.payer_kind
                        and own.payer_id = request.payer_id
                        and own.processor_account = $2
                        and own.state <> 'removed'
                )
            ) as "given!"
        from payments.new_card_requests request
        where request.practice_id = $1 and request.processor_account = $2
        "#,
        practice.uuid(),
        account,
    )
    .fetch_one(conn)
    .await?;
    Ok(counts)
}
