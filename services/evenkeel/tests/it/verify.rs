//! R51: an operator asks whether everything holds, on the database of a suite.

use crate::workshop::said;
use clock::Clock;
use ids::{EventId, PracticeId};
use pg::{Announcement, Outbox};
use proto::portal_auth::v1::{Practice, PracticeRegistered};
use std::process::{Command, Output, Stdio};
use testkit::TestDatabase;

/// A database with all five schemas, and a practice that was registered.
struct Stage {
    database: TestDatabase,
    practice: PracticeId,
}

impl Stage {
    async fn start() -> Self {
        let clock = Clock::system();
        let database = testkit::database(billing::SCHEMA, &billing::MIGRATOR).await;
        for (service, schema, migrator) in evenkeel::up::schemas() {
            let migrated = pg::migrate(database.url(), schema, migrator, None).await;
            migrated.unwrap_or_else(|error| panic!("{service}: {error}"));
        }
        let practice = PracticeId::new(&clock);
        let registered = PracticeRegistered {
            practice: Some(Practice {
                practice_id: practice.to_string(),
                ..Practice::default()
            }),
        };
        let event = Announcement::of(EventId::new(&clock), &registered);
        let pool = pg::connect(&pg::PgConfig::new(database.url()), portal_auth::SCHEMA).await;
        let mut tx = pg::begin(&pool.expect("connections"), practice)
            .await
            .expect("begun");
        Outbox::new(portal_auth::SCHEMA)
            .append(&mut tx, practice, clock.now(), &[event])
            .await
            .expect("appended");
        tx.commit().await.expect("committed");
        Self { database, practice }
    }

    fn verify(&self, more: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_evenkeel"))
            .args(["verify", "--database-url", self.database.url()])
            .args(more)
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs")
    }

    async fn run(&self, statements: &str) {
        let statements = statements.replace("PRACTICE", &self.practice.uuid().to_string());
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements))
            .execute(self.database.owner_pool())
            .await
            .expect("done");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r51_verify_names_what_is_broken_in_any_service_and_ends_with_1() {
    let stage = Stage::start().await;
    let well = stage.verify(&[]);
    assert!(well.status.success(), "{}", said(&well));
    for part in ["billing", "payments", "suite", "everything holds"] {
        assert!(said(&well).contains(part), "{part}: {}", said(&well));
    }
    let late = stage.verify(&["--patience", "0"]);
    assert_eq!(
        late.status.code(),
        Some(1),
        "nobody follows: {}",
        said(&late)
    );
    assert!(said(&late).contains("O3"), "{}", said(&late));

    // A gap, an event that was given up, money that nobody booked, books that are out of balance.
    stage
        .run(
            "insert into reporting.streams (practice_id, head) values ('PRACTICE', 3);
            insert into billing.parked_events (
                source, practice_id, seq, event_id, event_type, payload, occur_time, error, attempts, park_time
            ) values (
                'portal-auth', 'PRACTICE', 1, gen_random_uuid(), 'x', '', '2026-03-01T00:00Z', 'broken', 5, '2026-03-01T00:00Z'
            );
            insert into payments.payments (
                practice_id, payment_id, client_id, kind, label, currency, amount_minor, state, receive_time,
                receive_date, method_text, note, create_time, update_time
            ) values (
                'PRACTICE', gen_random_uuid(), gen_random_uuid(), 'cash', '', 'USD', 4000, 'succeeded',
                '2026-03-01T00:00Z', '2026-03-01', 'Cash', '', '2026-03-01T00:00Z', '2026-03-01T00:00Z'
            );
            insert into billing.accounts (
                practice_id, account_id, kind, currency, debits_minor, credits_minor
            ) values ('PRACTICE', gen_random_uuid(), 'cash', 'USD', 5, 0);",
        )
        .await;
    let broken = stage.verify(&["--patience", "1"]);
    assert_eq!(broken.status.code(), Some(1), "{}", said(&broken));
    for code in ["L1", "O1", "O2", "O4", "O5"] {
        assert!(
            said(&broken).contains(&format!("{code} (")),
            "{code}: {}",
            said(&broken)
        );
    }

    let practice = stage.practice.to_string();
    let json = stage.verify(&["--patience", "1", "--json", "--practice", &practice]);
    assert_eq!(json.status.code(), Some(1));
    let read: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(read["practices"][0]["practice"], practice.as_str());
    let findings = read["practices"][0]["findings"].as_array().expect("a list");
    let of = |code: &str| findings.iter().find(|finding| finding["invariant"] == code);
    assert_eq!(of("O1").expect("the gap")["service"], "reporting");
    assert_eq!(of("O5").expect("the money")["service"], "suite");
    assert_eq!(read["findingCount"], findings.len());
}
