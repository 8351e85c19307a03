//! What a session says: from what was asked to what is kept.

use crate::domain::fee::{self, Service};
use crate::domain::missed::{Missed, MissedSessionPolicy};
use crate::domain::session::{FIRST_DAY, Outcome, ServiceLine, Session, total};
use crate::store::fees::Fees;
use crate::store::new_sessions::Known;
use crate::store::practices::Practice;
use crate::{Error, Missing, Named, Result, store};
use ::rpc::Invalid;
use ids::{ClientId, ClinicianId, PracticeId, SessionId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use sqlx::PgConnection;

/// In minor units. It keeps the sums over all sessions of a practice far within 64 bits.
const TOTAL_MAX_MINOR: i64 = 1_000_000_000_000;

/// An appointment with its outcome, as the EHR tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionContent {
    /// Who was treated.
    pub client: ClientId,
    /// Who treated.
    pub clinician: ClinicianId,
    /// When it began.
    pub start_time: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// What was rendered, in order.
    pub lines: Vec<AskedLine>,
    /// In their printed form.
    pub diagnosis_codes: Vec<String>,
    /// CMS place of service; empty for the catalogue's.
    pub place_of_service: String,
    /// The caller's own id for it.
    pub external_reference: Option<String>,
    /// The fee for a missed one, in any currency yet; none leaves it to the policy.
    pub missed_fee: Option<Money>,
}

/// A service as it was rendered; what it leaves out is in the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct AskedLine {
    /// CPT, HCPCS or own.
    pub service_code: String,
    /// In words; may be left out, empty.
    pub description: String,
    /// Of the code.
    pub modifiers: Vec<String>,
    /// From 1.
    pub units: i32,
    /// Of one unit, 0 or more, in any currency yet; may be left out.
    pub unit_price: Option<Money>,
}

impl AskedLine {
    const fn is_looked_up(&self) -> bool {
        self.unit_price.is_none() || self.description.is_empty()
    }
}

/// What the rules need to know of a practice, read once for many sessions.
#[derive(Clone, Debug)]
pub struct Surroundings {
    practice: Practice,
    known: Known,
    fees: Fees,
    policy: MissedSessionPolicy,
}

impl Surroundings {
    /// Reads what these sessions need. Errors: PRACTICE_NOT_YET_KNOWN.
    pub(super) async fn read(
        conn: &mut PgConnection,
        practice: PracticeId,
        asked: &[&SessionContent],
    ) -> Result<Self> {
        let clients: Vec<_> = asked.iter().map(|content| content.client).collect();
        let clinicians: Vec<_> = asked.iter().map(|content| content.clinician).collect();
        let lines = asked.iter().flat_map(|content| &content.lines);
        let codes: Vec<_> = lines
            .filter(|line| line.is_looked_up())
            .map(|line| line.service_code.clone())
            .collect();
        let missed = asked
            .iter()
            .any(|content| Missed::of(content.outcome).is_some());
        let practice = store::practices::get(conn, practice).await?;
        let tenant = (practice.practice, practice.currency);
        let policy = if missed {
            store::missed_sessions::get_policy(conn, tenant).await?
        } else {
            MissedSessionPolicy::default()
        };
        Ok(Self {
            known: store::new_sessions::known(conn, tenant.0, &clients, &clinicians).await?,
            fees: store::fees::read(conn, tenant, &clients, &codes).await?,
            policy,
            practice,
        })
    }

    /// The session that the content makes.
    ///
    /// Errors: CLIENT_NOT_FOUND, CLINICIAN_NOT_FOUND, SERVICE_NOT_FOUND, CURRENCY_MISMATCH, INVALID_FIELD.
    pub fn session(
        &self,
        (id, now): (SessionId, Timestamp),
        content: SessionContent,
    ) -> Result<Session> {
        if !self.known.clients.contains(&content.client) {
            return Err(Error::Missing(Missing::Client(content.client)));
        }
        if !self.known.clinicians.contains(&content.clinician) {
            return Err(Error::Missing(Missing::Clinician(content.clinician)));
        }
        let service_date = self.practice.local_date(content.start_time)?;
        if service_date < FIRST_DAY {
            let must = format!("must be on {FIRST_DAY} or later");
            return Err(Invalid::new("session.start_time", must).into());
        }
        let place_of_service = self.place(&content);
        let lines = (1..)
            .zip(content.lines)
            .map(|line| self.line(line, (content.client, service_date)))
            .collect::<Result<Vec<_>>>()?;
        let price = bounded(total(self.practice.currency, &lines).ok(), "session.lines")?;
        let missed = Missed::of(content.outcome);
        let (total, missed_fee) = self.cost((missed, content.missed_fee), content.client, price)?;
        Ok(Session {
            session: id,
            client: content.client,
            clinician: content.clinician,
            start_time: content.start_time,
            service_date,
            outcome: content.outcome,
            lines,
            diagnosis_codes: content.diagnosis_codes,
            place_of_service,
            external_reference: content.external_reference,
            total,
            missed_fee,
            waived: None,
            bill: None,
            create_time: now,
            revision: 1,
        })
    }

    /// The session as its correction says it. The fee that a policy gave it stays while nothing changes that it was
    /// made from, whatever the policy says by now.
    ///
    /// Errors: as [`Self::session`].
    pub fn corrected(&self, former: &Session, content: SessionContent) -> Result<Session> {
        let session = self.session((former.session, former.create_time), content)?;
        let currency = self.practice.currency;
        let keeps_fee = Missed::of(session.outcome).is_some()
            && session.outcome == former.outcome
            && session.missed_fee == former.missed_fee
            && total(currency, &session.lines)? == total(currency, &former.lines)?;
        Ok(Session {
            total: if keeps_fee {
                former.total
            } else {
                session.total
            },
            revision: former.revision + 1,
            waived: former.waived.clone(),
            ..session
        })
    }

    /// What it costs, and the fee that was named for it.
    fn cost(
        &self,
        (missed, named): (Option<Missed>, Option<Money>),
        client: ClientId,
        price: Money,
    ) -> Result<(Money, Option<Money>)> {
        let field = "session.missed_fee";
        match (missed, named) {
            (None, None) => Ok((price, None)),
            (None, Some(_)) => {
                Err(Invalid::new(field, "is for no-shows and late cancellations").into())
            }
            (Some(_), Some(fee)) => {
                let fee = bounded(Some(self.practice.in_currency(fee, field)?), field)?;
                Ok((fee, Some(fee)))
            }
            (Some(missed), None) => {
                let fee = self.policy.fee(missed, client, price).ok();
                Ok((bounded(fee, "session.lines")?, None))
            }
        }
    }

    fn line(
        &self,
        (number, asked): (i32, AskedLine),
        (client, day): (ClientId, Date),
    ) -> Result<ServiceLine> {
        let field = |name: &str| format!("session.lines[{}].{name}", number - 1);
        let service = self.fees.service(&asked.service_code);
        let unit_price = match asked.unit_price {
            Some(price) => self.practice.in_currency(price, &field("unit_price"))?,
            None => self
                .price(service, (client, day))?
                .ok_or_else(|| Error::Unknown {
                    thing: Named::Service,
                    name: asked.service_code.clone(),
                    field: field("service_code"),
                })?,
        };
        let description = if asked.description.is_empty() {
            service.map(|service| service.description.clone())
        } else {
            Some(asked.description)
        };
        let unnamed = || {
            let must = "must be given for a service that is not in the catalogue";
            Invalid::new(field("description"), must)
        };
        let modifiers = service
            .filter(|_| asked.unit_price.is_none() && asked.modifiers.is_empty())
            .map_or(asked.modifiers, |service| service.modifiers.clone());
        Ok(ServiceLine {
            number,
            service_code: asked.service_code,
            description: description.ok_or_else(unnamed)?,
            modifiers,
            units: asked.units,
            unit_price,
        })
    }

    fn price(
        &self,
        service: Option<&Service>,
        (client, day): (ClientId, Date),
    ) -> Result<Option<Money>> {
        let Some(service) = service else {
            return Ok(None);
        };
        let agreed = self.fees.agreement(client, &service.code);
        Ok(fee::unit_price(service, &agreed, day)?)
    }

    /// The place that was named, or that of the first line that was looked up.
    fn place(&self, content: &SessionContent) -> String {
        if !content.place_of_service.is_empty() {
            return content.place_of_service.clone();
        }
        let mut looked_up = content.lines.iter().filter(|line| line.is_looked_up());
        looked_up
            .find_map(|line| self.fees.service(&line.service_code))
            .map(|service| service.place_of_service.clone())
            .unwrap_or_default()
    }
}

/// The amount, when there is one that is not too large. Errors: INVALID_FIELD.
fn bounded(amount: Option<Money>, field: &str) -> Result<Money, Invalid> {
    amount
        .filter(|amount| amount.minor() <= TOTAL_MAX_MINOR)
        .ok_or_else(|| {
            let must = format!("must not come to more than {TOTAL_MAX_MINOR} minor units");
            Invalid::new(field, must)
        })
}
