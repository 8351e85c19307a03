//! The same request twice is one request. There is no state "in progress" and nothing to clean up: the record commits
//! with the effect, and a twin that comes meanwhile waits on the unique key until the first has committed or not.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;

use ids::PracticeId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::Tx;
use crate::plumbing::checked;

/// Why a request is not taken.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The `request_id` is not a UUID: INVALID_ARGUMENT, field `request_id`.
    #[error("request_id is not a UUID")]
    Malformed,
    /// The `request_id` was used for another method or with another content: INVALID_ARGUMENT, REQUEST_ID_REUSED.
    #[error("request_id was used for another request")]
    Reused,
    /// Too many requests of the practice wait already: RESOURCE_EXHAUSTED, OVERLOADED.
    #[error("too many requests at once; try again shortly")]
    Crowded,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What became of a request among many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was carried out, with this subject.
    Before(Uuid),
    /// Its `request_id` was used for another method or content: [`RequestError::Reused`].
    Reused,
}

/// What makes a request the same request.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestKey {
    /// Whose request it is: two practices may use the same id.
    pub practice: PracticeId,
    /// The client's id.
    pub request_id: Uuid,
    /// The RPC's name, `IssueBill`, or the worker's kind of act.
    pub method: &'static str,
    /// SHA-256 of the whole request.
    pub fingerprint: [u8; 32],
}

impl RequestKey {
    /// The key of a request that came from outside. Errors: [`RequestError::Malformed`].
    pub fn of(
        practice: PracticeId,
        method: &'static str,
        request_id: &str,
        request: &impl prost::Message,
    ) -> Result<Self, RequestError> {
        let request_id = Uuid::try_parse(request_id).map_err(|_| RequestError::Malformed)?;
        let fingerprint = Sha256::digest(request.encode_to_vec()).into();
        Ok(Self {
            practice,
            request_id,
            method,
            fingerprint,
        })
    }

    /// The key of what a worker does: the same kind for the same parts (bill, local date, …) is the same act.
    pub fn derived(practice: PracticeId, kind: &'static str, parts: &[&dyn Display]) -> Self {
        let texts: Vec<String> = parts.iter().map(ToString::to_string).collect();
        let practice_bytes = practice.uuid();
        let bytes: Vec<&[u8]> = std::iter::once(practice_bytes.as_bytes().as_slice())
            .chain(texts.iter().map(String::as_bytes))
            .collect();
        let request_id = ids::derive_uuid(kind, &bytes);
        let fingerprint = Sha256::digest(request_id.as_bytes()).into();
        Self {
            practice,
            request_id,
            method: kind,
            fingerprint,
        }
    }
}

/// The requests a service has carried out.
#[derive(Clone, Copy, Debug)]
pub struct Requests {
    schema: &'static str,
}

impl Requests {
    /// The requests of a schema.
    pub const fn new(schema: &'static str) -> Self {
        Self {
            schema: checked(schema),
        }
    }

    /// None when the request is new: it is now recorded with `subject`, the id of what it makes or changes, and
    /// commits with the effect. Otherwise the subject of the first time, to be read and answered again.
    ///
    /// Waits for a twin that is under way. Errors: [`RequestError::Reused`].
    pub async fn replayed(
        self,
        tx: &mut Tx,
        key: &RequestKey,
        subject: Uuid,
        now: Timestamp,
    ) -> Result<Option<Uuid>, RequestError> {
        if self.record(tx, key, subject, now).await? {
            return Ok(None);
        }
        let (method, fingerprint, first): (String, Vec<u8>, Uuid) = sqlx::query_as(AssertSqlSafe(format!(
            "select method, fingerprint, subject_id from {}.requests where practice_id = $1 and request_id = $2",
            self.schema
        )))
        .bind(key.practice.uuid())
        .bind(key.request_id)
        .fetch_one(&mut **tx)
        .await?;
        if method != key.method || fingerprint != key.fingerprint {
            return Err(RequestError::Reused);
        }
        Ok(Some(first))
    }

    /// What became of many requests of one practice earlier, in their order; none for those that are new. Records
    /// nothing, and waits for nobody.
    pub async fn seen_many(
        self,
        conn: &mut PgConnection,
        practice: PracticeId,
        keys: &[&RequestKey],
    ) -> Result<Vec<Option<Seen>>, sqlx::Error> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.request_id).collect();
        let rows: Vec<(Uuid, String, Vec<u8>, Uuid)> = sqlx::query_as(AssertSqlSafe(format!(
            "select request_id, method, fingerprint, subject_id
            from {}.requests
            where practice_id = $1 and request_id = any($2)",
            self.schema
        )))
        .bind(practice.uuid())
        .bind(ids)
        .fetch_all(conn)
        .await?;
        let found: HashMap<Uuid, _> = rows
            .into_iter()
            .map(|(id, method, fingerprint, subject)| (id, (method, fingerprint, subject)))
            .collect();
        let seen = |key: &&RequestKey| {
            let (method, fingerprint, subject) = found.get(&key.request_id)?;
            let same = *method == key.method && fingerprint == &key.fingerprint;
            Some(if same {
                Seen::Before(*subject)
            } else {
                Seen::Reused
            })
        };
        Ok(keys.iter().map(seen).collect())
    }

    /// [`replayed`](Self::replayed) for many requests of one practice, each with its subject: in their order, none for
    /// those that are recorded now, of which the first counts when an id comes twice. Waits for twins under way; ids
    /// are taken in one order, so that two such calls do not wait for each other.
    pub async fn replayed_many(
        self,
        conn: &mut PgConnection,
        practice: PracticeId,
        requests: &[(&RequestKey, Uuid)],
        now: Timestamp,
    ) -> Result<Vec<Option<Seen>>, sqlx::Error> {
        let (mut ids, mut methods, mut fingerprints, mut subjects) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (key, subject) in requests {
            ids.push(key.request_id);
            methods.push(key.method);
            fingerprints.push(key.fingerprint.as_slice());
            subjects.push(*subject);
        }
        let recorded: Vec<Uuid> = sqlx::query_scalar(AssertSqlSafe(format!(
            "insert into {}.requests (practice_id, request_id, method, fingerprint, subject_id, create_time)
            select $1, request.id, request.method, request.fingerprint, request.subject, $6
            from unnest($2::uuid[], $3::text[], $4::bytea[], $5::uuid[])
                with ordinality as request (id, method, fingerprint, subject, place)
            order by request.id, request.place
            on conflict on constraint requests_pkey do nothing
            returning subject_id",
            self.schema
        )))
        .bind(practice.uuid())
        .bind(ids)
        .bind(methods)
        .bind(fingerprints)
        .bind(subjects)
        .bind(now.to_sqlx())
        .fetch_all(&mut *conn)
        .await?;
        if recorded.len() == requests.len() {
            return Ok(vec![None; requests.len()]);
        }
        let recorded: HashSet<Uuid> = recorded.into_iter().collect();
        let keys: Vec<&RequestKey> = requests.iter().map(|(key, _)| *key).collect();
        let seen = self.seen_many(conn, practice, &keys).await?;
        Ok(seen
            .into_iter()
            .zip(requests)
            .map(|(seen, (_, subject))| seen.filter(|_| !recorded.contains(subject)))
            .collect())
    }

    async fn record(
        self,
        tx: &mut Tx,
        key: &RequestKey,
        subject: Uuid,
        now: Timestamp,
    ) -> Result<bool, sqlx::Error> {
        let inserted = sqlx::query(AssertSqlSafe(format!(
            "insert into {}.requests (practice_id, request_id, method, fingerprint, subject_id, create_time)
            values ($1, $2, $3, $4, $5, $6)
            on conflict on constraint requests_pkey do nothing",
            self.schema
        )))
        .bind(key.practice.uuid())
        .bind(key.request_id)
        .bind(key.method)
        .bind(key.fingerprint.as_slice())
        .bind(subject)
        .bind(now.to_sqlx())
        .execute(&mut **tx)
        .await?;
        Ok(inserted.rows_affected() == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn practice(number: u128) -> PracticeId {
        PracticeId::from(Uuid::from_u128(number))
    }

    #[test]
    fn a_text_that_is_no_uuid_is_malformed() {
        let key = RequestKey::of(practice(1), "IssueBill", "tomorrow", &());
        assert!(matches!(key, Err(RequestError::Malformed)));
    }

    #[test]
    fn another_content_is_another_fingerprint() {
        let id = Uuid::from_u128(5).to_string();
        let one = RequestKey::of(practice(1), "IssueBill", &id, &"four".to_owned()).expect("a key");
        let other =
            RequestKey::of(practice(1), "IssueBill", &id, &"five".to_owned()).expect("a key");
        assert_eq!(one.request_id, other.request_id);
        assert_ne!(one.fingerprint, other.fingerprint);
    }

    #[test]
    fn a_worker_derives_the_same_key_for_the_same_act_only() {
        let date = jiff::civil::date(2026, 3, 31);
        let key = RequestKey::derived(practice(1), "charge_autopay", &[&"bill_1", &date]);
        assert_eq!(
            key,
            RequestKey::derived(practice(1), "charge_autopay", &[&"bill_1", &date])
        );
        for other in [
            RequestKey::derived(practice(2), "charge_autopay", &[&"bill_1", &date]),
            RequestKey::derived(practice(1), "remind", &[&"bill_1", &date]),
            RequestKey::derived(practice(1), "charge_autopay", &[&"bill_", &1, &date]),
        ] {
            assert_ne!(key.request_id, other.request_id);
        }
    }
}
