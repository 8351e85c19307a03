use crate::domain::message::{Kind, Message, NewMessage, Particulars, State};
use crate::domain::news::LastNotice;
use crate::{Error, Result};
use ids::{BillId, ClientId, MessageId, PaymentId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::Deserialize as _;
use sqlx::PgConnection;
use sqlx::types::Json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What mails are about, for sending them: each that is still queued. One that cannot be read, since another version wrote
/// it, is an error in its place.
pub async fn list_queued(
    conn: &mut PgConnection,
    practice: PracticeId,
    messages: &[MessageId],
) -> Result<BTreeMap<MessageId, Result<NewMessage>>> {
    let ids: Vec<Uuid> = messages.iter().map(|message| message.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            message_id as "message: MessageId",
            client_id as "client: ClientId",
            particulars,
            create_time as "create_time: jiff_sqlx::Timestamp"
        from notifications.messages
        where practice_id = $1 and message_id = any($2) and state = 'queued'
        "#,
        practice.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let read = rows.into_iter().map(|row| {
        let particulars = Particulars::deserialize(row.particulars);
        let message = particulars.map(|particulars| NewMessage {
            message_id: row.message,
            client: row.client,
            particulars,
            create_time: row.create_time.to_jiff(),
        });
        let message = message.map_err(|_| Error::Stored("the particulars of a mail"));
        (row.message, message)
    });
    Ok(read.collect())
}

/// Whose bill it is, as far as a mail was ever written about it.
pub async fn find_client_of_bill(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<Option<ClientId>> {
    let client = sqlx::query_scalar!(
        r#"
        select client_id as "client!: ClientId"
        from notifications.messages
        where practice_id = $1 and bill_id = $2 and client_id is not null
        order by message_id desc
        limit 1
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(client)
}

/// What receipts tell of one bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipted {
    /// What was paid on it, in minor units of its currency.
    pub paid_minor: i64,
    /// When the last of them was queued.
    pub last_time: Timestamp,
}

/// What receipts that went out, or will in a moment, tell of a bill; none when there are none.
pub async fn find_receipted(
    conn: &mut PgConnection,
    practice: PracticeId,
    (client, bill): (ClientId, BillId),
) -> Result<Option<Receipted>> {
    let receipts = sqlx::query!(
        r#"
        select
            particulars as "particulars: Json<Particulars>",
            create_time as "create_time: jiff_sqlx::Timestamp"
        from notifications.messages
        where practice_id = $1
            and client_id = $2
            and kind = 'receipt'
            and state in ('queued', 'sent')
            -- That of whoever gets the bills.
            and coalesce(particulars -> 'to', 'null') = 'null'
            and particulars -> 'allocations' @> jsonb_build_array(jsonb_build_object('bill', $3::text))
        "#,
        practice.uuid(),
        client.uuid(),
        bill.to_string(),
    )
    .fetch_all(conn)
    .await?;
    let last = receipts.iter().map(|row| row.create_time.to_jiff()).max();
    let paid = receipts.iter().flat_map(|row| match &row.particulars.0 {
        Particulars::Receipt { allocations, .. } => allocations.as_slice(),
        Particulars::Bill { .. }
        | Particulars::Refund { .. }
        | Particulars::Decline { .. }
        | Particulars::AccessCode { .. }
        | Particulars::Adjustment { .. }
        | Particulars::Card { .. }
        | Particulars::UpcomingCharge { .. }
        | Particulars::Dispute { .. }
        | Particulars::RefundReturned { .. }
        | Particulars::ChargeMoved { .. }
        | Particulars::UnattendedDecline { .. }
        | Particulars::AutoPayRun { .. }
        | Particulars::PayoutFailed { .. }
        | Particulars::ProcessorAccount { .. }
        | Particulars::Superbill { .. } => &[],
    });
    let of_bill = paid.filter(|allocation| allocation.bill == bill);
    let paid_minor = of_bill.map(|allocation| allocation.amount.minor()).sum();
    Ok(last.map(|last_time| Receipted {
        paid_minor,
        last_time,
    }))
}

/// The last mail that told of a burned code of the bill; one that turned out needless was none.
pub async fn find_burn_notice(
    conn: &mut PgConnection,
    practice: PracticeId,
    bill: BillId,
) -> Result<Option<LastNotice>> {
    let row = sqlx::query!(
        r#"
        select
            state = 'queued' as "waits!",
            coalesce(send_time, create_time) as "time!: jiff_sqlx::Timestamp"
        from notifications.messages
        where practice_id = $1
            and bill_id = $2
            and kind = 'access_code'
            and state <> 'skipped'
            and particulars ->> 'burned' is not null
        order by message_id desc
        limit 1
        "#,
        practice.uuid(),
        bill.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| {
        if row.waits {
            LastNotice::Waiting
        } else {
            LastNotice::Done(row.time.to_jiff())
        }
    }))
}

/// What an attempt changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt<'a> {
    /// The mail.
    pub message: MessageId,
    /// After it.
    pub state: State,
    /// How many there were, with it.
    pub attempts: i32,
    /// Address it went to, or would have; empty leaves what is there.
    pub recipient: &'a str,
    /// Subject; empty leaves what is there.
    pub subject: &'a str,
    /// Why it failed; empty when it did not.
    pub error: &'a str,
}

/// What the world is told of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageFacts {
    /// The mail.
    pub message: MessageId,
    /// Where it stands.
    pub state: State,
    /// The bill, if one.
    pub bill: Option<BillId>,
    /// The payment, if one.
    pub payment: Option<PaymentId>,
}

/// Writes what attempts came to, one of each mail, and answers those mails. What is sent was sent `now`.
///
/// No joins: the plan is kept, and one that was made while the practice was small would read all its mails.
pub async fn update(
    conn: &mut PgConnection,
    practice: PracticeId,
    now: Timestamp,
    attempts: &[Attempt<'_>],
) -> Result<Vec<MessageFacts>> {
    let messages: Vec<Uuid> = attempts.iter().map(|it| it.message.uuid()).collect();
    let counts: Vec<i32> = attempts.iter().map(|it| it.attempts).collect();
    let rows = sqlx::query!(
        r#"
        update notifications.messages
        set
            state = ($3::text[])[array_position($2::uuid[], message_id)],
            attempts = ($4::integer[])[array_position($2::uuid[], message_id)],
            recipient = coalesce(nullif(($5::text[])[array_position($2::uuid[], message_id)], ''), recipient),
            subject = coalesce(nullif(($6::text[])[array_position($2::uuid[], message_id)], ''), subject),
            last_error = ($7::text[])[array_position($2::uuid[], message_id)],
            send_time = case
                when ($3::text[])[array_position($2::uuid[], message_id)] = 'sent' then $8::timestamptz
            end
        where practice_id = $1 and message_id = any($2)
        returning
            message_id as "message: MessageId",
            state,
            bill_id as "bill: BillId",
            payment_id as "payment: PaymentId"
        "#,
        practice.uuid(),
        &messages,
        &texts(attempts, |it| it.state.name()),
        &counts,
        &texts(attempts, |it| it.recipient),
        &texts(attempts, |it| it.subject),
        &texts(attempts, |it| it.error),
        now.to_sqlx() as jiff_sqlx::Timestamp,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(MessageFacts {
                message: row.message,
                state: State::named(&row.state).ok_or(Error::Stored("a state of a mail"))?,
                bill: row.bill,
                payment: row.payment,
            })
        })
        .collect()
}

fn texts<'a>(attempts: &'a [Attempt<'a>], text: fn(&'a Attempt<'a>) -> &'a str) -> Vec<String> {
    attempts.iter().map(|it| text(it).to_owned()).collect()
}

/// What a list is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Only this client's.
    pub client: Option<ClientId>,
    /// Only in this state.
    pub state: Option<State>,
}

/// At most `limit` mails, newest first, from below `before`.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    filter: &MessageFilter,
    before: Option<MessageId>,
    limit: i64,
) -> Result<Vec<Message>> {
    let rows = sqlx::query!(
        r#"
        select
            message_id as "message_id: MessageId",
            kind,
            state,
            client_id as "client: ClientId",
            bill_id as "bill: BillId",
            payment_id as "payment: PaymentId",
            recipient,
            subject,
            attempts,
            last_error,
            create_time as "create_time: jiff_sqlx::Timestamp",
            send_time as "send_time: jiff_sqlx::Timestamp"
        from notifications.messages
        where practice_id = $1
            and ($2::uuid is null or client_id = $2)
            and ($3::text is null or state = $3)
            and ($4::uuid is null or message_id < $4)
        order by message_id desc
        limit $5
        "#,
        practice.uuid(),
        filter.client.map(Uuid::from),
        filter.state.map(State::name),
        before.map(Uuid::from),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Message {
                message_id: row.message_id,
                kind: Kind::named(&row.kind).ok_or(Error::Stored("a kind of mail"))?,
                state: State::named(&row.state).ok_or(Error::Stored("a state of a mail"))?,
                client: row.client,
                bill: row.bill,
                payment: row.payment,
                recipient: row.recipient,
                subject: row.subject,
                attempts: row.attempts,
                last_error: row.last_error,
                create_time: row.create_time.to_jiff(),
                send_time: row.send_time.map(|time| time.to_jiff()),
            })
        })
        .collect()
}
