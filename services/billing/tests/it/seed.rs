//! Who and what the stories of the books are about, written straight into the tables.

use crate::app::TestApp;
use billing::work::Practices;
use ids::{ClientId, ClinicianId, PayerId, PolicyId, PracticeId, SessionId};
use proto::portal_auth::v1::{Practice, PracticeRegistered};
use sqlx::query;

impl TestApp {
    /// A practice in New York, with one clinician.
    pub async fn register(&self, practice: PracticeId) {
        let registered = PracticeRegistered {
            practice: Some(Practice {
                practice_id: practice.to_string(),
                name: "Lakeside Therapy".to_owned(),
                time_zone: "America/New_York".to_owned(),
                currency_code: "USD".to_owned(),
                address_lines: vec!["1 Main Street".to_owned()],
                ..Practice::default()
            }),
        };
        let event = self.event(practice, 1, &registered);
        self.apply(&Practices, &event).await;
        query(
            "insert into billing.clinicians (practice_id, clinician_id, name, npi, licence, create_time)
            values ($1, $2, 'Dr. Lee', '', '', clock_timestamp())",
        )
        .bind(practice.uuid())
        .bind(ClinicianId::new(&self.clock).uuid())
        .execute(self.db.owner_pool())
        .await
        .expect("a clinician");
    }

    pub async fn insured_client(&self, practice: PracticeId) -> (ClientId, PolicyId) {
        let (client, policy) = (ClientId::new(&self.clock), PolicyId::new(&self.clock));
        let payer = PayerId::new(&self.clock);
        query(
            "with client as (
                insert into billing.clients (
                    practice_id, client_id, given_name, family_name, email, address_lines, city, region,
                    postal_code, create_time
                ) values ($1, $2, 'Ada', 'Lovelace', 'ada@example.org', '{}', '', '', '', clock_timestamp())
            ), payer as (
                insert into billing.payers (practice_id, payer_id, name, create_time)
                values ($1, $3, 'Aetna', clock_timestamp())
            )
            insert into billing.policies (practice_id, policy_id, client_id, payer_id, member_number, create_time)
            values ($1, $4, $2, $3, 'M1', clock_timestamp())",
        )
        .bind(practice.uuid())
        .bind(client.uuid())
        .bind(payer.uuid())
        .bind(policy.uuid())
        .execute(self.db.owner_pool())
        .await
        .expect("a client");
        (client, policy)
    }

    /// A session of today that took place, with one line.
    pub async fn session(&self, practice: PracticeId, client: ClientId, price: i64) -> SessionId {
        self.session_with(practice, client, ("completed", price))
            .await
    }

    pub async fn session_with(
        &self,
        practice: PracticeId,
        client: ClientId,
        (outcome, price): (&str, i64),
    ) -> SessionId {
        let session = SessionId::new(&self.clock);
        query(
            "with session as (
                insert into billing.sessions (
                    practice_id, session_id, client_id, clinician_id, start_time, service_date, outcome,
                    diagnosis_codes, place_of_service, currency, total_minor, create_time
                )
                select $1, $2, $3, clinician_id, '2026-03-02 14:00+00', '2026-03-02', $4, '{}', '', 'USD', $5,
                    '2026-03-02 15:00+00'
                from billing.clinicians
                where practice_id = $1
                limit 1
            )
            insert into billing.session_lines (
                practice_id, session_id, line_number, service_code, description, modifiers, units, unit_price_minor
            ) values ($1, $2, 1, '90837', 'Psychotherapy, 60 minutes', '{95,GT}', 1, $5)",
        )
        .bind(practice.uuid())
        .bind(session.uuid())
        .bind(client.uuid())
        .bind(outcome)
        .bind(price)
        .execute(self.db.owner_pool())
        .await
        .expect("a session");
        session
    }
}
