//! Methods of a payer change under the lock of the payer's customer, so that there is one default and one row per card.

use crate::domain::on_file::{Expiry, Funding, MethodKind, MethodState, ZipCheck};
use crate::domain::payer::Payer;
use crate::{Error, Missing, Result};
use ids::{AuthorizationId, ClientId, MethodId, PracticeId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

/// A card or bank account on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its id; stays when the processor's token changes.
    pub method: MethodId,
    /// Whose.
    pub payer: Payer,
    /// The client, or whose contact the payer is.
    pub client: ClientId,
    /// What it is.
    pub kind: MethodKind,
    /// The practice's own account at the processor that it is on file with, `acct_…`; none: the installation's.
    pub account: Option<String>,
    /// New payments are made on another account now. Read only.
    pub former: bool,
    /// The processor's customer, `cus_…`.
    pub processor_customer: String,
    /// The processor's token, `pm_…`.
    pub processor_method: String,
    /// The processor's word for the same card or account; empty when it has none.
    pub fingerprint: String,
    /// `visa`; of a bank account the bank's name.
    pub brand: String,
    /// At most four digits.
    pub last4: String,
    /// Of cards.
    pub expiry: Option<Expiry>,
    /// Of cards.
    pub funding: Funding,
    /// The payer says that it is a health savings or flexible spending card.
    pub hsa_fsa: bool,
    /// What the bank said of the billing zip.
    pub zip_check: ZipCheck,
    /// Where it stands.
    pub state: MethodState,
    /// The payer's default.
    pub is_default: bool,
    /// The signed form that allows to charge it.
    pub authorization: Option<AuthorizationId>,
    /// What took its place.
    pub replaced_by: Option<MethodId>,
    /// When it came on file.
    pub create_time: Timestamp,
}

/// Which methods a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// One payer's.
    Payer(Payer),
    /// A client's and those of its contacts.
    Client(ClientId),
}

/// A row of the table; what the database has as words is read in one place.
struct Row {
    method_id: MethodId,
    payer_kind: String,
    payer_id: uuid::Uuid,
    client_id: ClientId,
    kind: String,
    processor_account: Option<String>,
    former: bool,
    processor_customer: String,
    processor_method: String,
    fingerprint: String,
    brand: String,
    last4: String,
    exp_month: Option<i16>,
    exp_year: Option<i16>,
    funding: String,
    hsa_fsa: bool,
    zip_check: String,
    state: String,
    is_default: bool,
    authorization_id: Option<AuthorizationId>,
    replaced_by: Option<MethodId>,
    create_time: jiff_sqlx::Timestamp,
}

impl Row {
    fn read(self) -> Result<Method> {
        let expiry = match (self.exp_month, self.exp_year) {
            (Some(month), Some(year)) => Expiry::new(month, year),
            (None, _) | (_, None) => None,
        };
        Ok(Method {
            method: self.method_id,
            payer: Payer::of(&self.payer_kind, self.payer_id)
                .ok_or(Error::Stored("a kind of payer"))?,
            client: self.client_id,
            kind: MethodKind::of(&self.kind).ok_or(Error::Stored("a kind of method"))?,
            account: self.processor_account,
            former: self.former,
            processor_customer: self.processor_customer,
            processor_method: self.processor_method,
            fingerprint: self.fingerprint,
            brand: self.brand,
            last4: self.last4,
            expiry,
            funding: Funding::of(&self.funding).ok_or(Error::Stored("a card's funding"))?,
            hsa_fsa: self.hsa_fsa,
            zip_check: ZipCheck::of(&self.zip_check).ok_or(Error::Stored("a zip check"))?,
            state: MethodState::of(&self.state).ok_or(Error::Stored("a method's state"))?,
            is_default: self.is_default,
            authorization: self.authorization_id,
            replaced_by: self.replaced_by,
            create_time: self.create_time.to_jiff(),
        })
    }
}

/// The method, when the practice has it; removed ones too.
pub async fn find(
    conn: &mut PgConnection,
    practice: PracticeId,
    method: MethodId,
) -> Result<Option<Method>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select
            method_id as "method_id: MethodId",
            payer_kind,
            payer_id,
            client_id as "client_id: ClientId",
            kind,
            processor_account,
            processor_account is distinct from (
                select practice.processor_account from payments.practices practice where practice.practice_id = $1
            ) as "former!",
            processor_customer,
            processor_method,
            fingerprint,
            brand,
            last4,
            exp_month,
            exp_year,
            funding,
            hsa_fsa,
            zip_check,
            state,
            is_default,
            authorization_id as "authorization_id: AuthorizationId",
            replaced_by as "replaced_by: MethodId",
            create_time as "create_time: jiff_sqlx::Timestamp"
        from payments.methods
        where practice_id = $1 and method_id = $2
        "#,
        practice.uuid(),
        method.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::read).transpose()
}

/// The method; removed ones too. Errors: METHOD_NOT_FOUND.
pub async fn get(
    conn: &mut PgConnection,
    practice: PracticeId,
    method: MethodId,
) -> Result<Method> {
    find(conn, practice, method)
        .await?
        .ok_or(Error::Missing(Missing::Method(method)))
}

/// The method, with the payer's lock held until the commit. Errors: METHOD_NOT_FOUND.
pub async fn lock(
    conn: &mut PgConnection,
    practice: PracticeId,
    method: MethodId,
) -> Result<Method> {
    let payer = get(conn, practice, method).await?.payer;
    super::customers::lock(conn, practice, payer).await?;
    get(conn, practice, method).await
}

/// The payer's default; none when there is none, or when it was removed. It may have expired.
pub async fn default_of(
    conn: &mut PgConnection,
    practice: PracticeId,
    payer: Payer,
) -> Result<Option<Method>> {
    let methods = list(conn, practice, Whose::Payer(payer)).await?;
    Ok(methods.into_iter().find(|method| method.is_default))
}

/// Methods on file, the default first, then the oldest; none that was removed.
pub async fn list(
    conn: &mut PgConnection,
    practice: PracticeId,
    whose: Whose,
) -> Result<Vec<Method>> {
    let (payer, client) = match whose {
        Whose::Payer(payer) => (Some(payer), None),
        Whose::Client(client) => (None, Some(client)),
    };
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            method_id as "method_id: MethodId",
            payer_kind,
            payer_id,
            client_id as "client_id: ClientId",
            kind,
            processor_account,
            processor_account is distinct from (
                select practice.processor_account from payments.practices practice where practice.practice_id = $1
            ) as "former!",
            processor_customer,
            processor_method,
            fingerprint,
            brand,
            last4,
            exp_month,
            exp_year,
            funding,
            hsa_fsa,
            zip_check,
            state,
            is_default,
            authorization_id as "authorization_id: AuthorizationId",
            replaced_by as "replaced_by: MethodId",
            create_time as "create_time: jiff_sqlx::Timestamp"
        from payments.methods
        where practice_id = $1
            and state <> 'removed'
            and ($2::text is null or payer_kind = $2)
            and ($3::uuid is null or payer_id = $3)
            and ($4::uuid is null or client_id = $4)
        order by is_default desc, method_id
        "#,
        practice.uuid(),
        payer.map(Payer::kind),
        payer.map(Payer::uuid),
        client.map(ClientId::uuid),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// How many are on file with an account of the practice's own.
pub async fn count_on_account(
    conn: &mut PgConnection,
    practice: PracticeId,
    account: &str,
) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from payments.methods
        where practice_id = $1 and processor_account = $2 and state <> 'removed'
        "#,
        practice.uuid(),
        account,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Puts a method on file. The caller holds the payer's lock.
pub async fn insert(conn: &mut PgConnection, practice: PracticeId, method: &Method) -> Result<()> {
    sqlx::query!(
        r#"
        insert into payments.methods (
            practice_id, method_id, payer_kind, payer_id, client_id, kind, processor_customer, processor_method,
            fingerprint, brand, last4, exp_month, exp_year, funding, hsa_fsa, zip_check, state, is_default,
            authorization_id, create_time, update_time, processor_account
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20, $21)
        "#,
        practice.uuid(),
        method.method.uuid(),
        method.payer.kind(),
        method.payer.uuid(),
        method.client.uuid(),
        method.kind.name(),
        method.processor_customer,
        method.processor_method,
        method.fingerprint,
        method.brand,
        method.last4,
        method.expiry.map(|expiry| i16::from(expiry.month)),
        method.expiry.map(|expiry| expiry.year),
        method.funding.name(),
        method.hsa_fsa,
        method.zip_check.name(),
        method.state.name(),
        method.is_default,
        method.authorization.map(AuthorizationId::uuid),
        method.create_time.to_sqlx() as jiff_sqlx::Timestamp,
        method.account,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes all that may change of a method. The caller holds the payer's lock; a default is taken away before it is given.
pub async fn update(
    conn: &mut PgConnection,
    practice: PracticeId,
    method: &Method,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        r#"
        update payments.methods
        set
            processor_method = $3,
            fingerprint = $4,
            brand = $5,
            last4 = $6,
            exp_month = $7,
            exp_year = $8,
            funding = $9,
            hsa_fsa = $10,
            zip_check = $11,
            state = $12,
            is_default = $13,
            authorization_id = $14,
            replaced_by = $15,
            update_time = $16,
            processor_account = $17,
            processor_customer = $18
        where practice_id = $1 and method_id = $2
        "#,
        practice.uuid(),
        method.method.uuid(),
        method.processor_method,
        method.fingerprint,
        method.brand,
        method.last4,
        method.expiry.map(|expiry| i16::from(expiry.month)),
        method.expiry.map(|expiry| expiry.year),
        method.funding.name(),
        method.hsa_fsa,
        method.zip_check.name(),
        method.state.name(),
        method.is_default,
        method.authorization.map(AuthorizationId::uuid),
        method.replaced_by.map(MethodId::uuid),
        now.to_sqlx() as jiff_sqlx::Timestamp,
        method.account,
        method.processor_customer,
    )
    .execute(conn)
    .await?;
    Ok(())
}
