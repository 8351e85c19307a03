use crate::adjustments::off;
use crate::app::{TestApp, bill_id, minor};
use proto::billing::v1::GetTrialBalanceRequest;
use sqlx::AssertSqlSafe;

#[tokio::test]
async fn r48_the_trial_balance_is_equal_and_matches_its_transfers() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 11_000).await;
    app.post(&app.payment(5_000, &[(&bill, 5_000)])).await;
    let request = GetTrialBalanceRequest {
        practice_id: app.practice.to_string(),
    };
    let trial = app
        .ledger()
        .get_trial_balance(request)
        .await
        .expect("read")
        .into_inner();
    assert!(trial.balances_match_transfers);
    assert_eq!(minor(&trial.total_debits), minor(&trial.total_credits));
    assert_eq!(minor(&trial.total_debits), 20_000);
    app.finish().await;
}

/// The canary: what is broken on purpose must be seen.
#[tokio::test]
async fn r48_every_broken_invariant_is_named() {
    let app = TestApp::start().await;
    let bill = app.issue(4_000, 11_000).await;
    let payment = app.payment(3_000, &[(&bill, 2_000)]);
    app.post(&payment).await;
    app.adjust(&bill, off(500)).await.expect("adjusted");
    let bill = bill_id(&bill).uuid();
    let damages = [
        (
            "L1",
            "update billing.accounts set debits_minor = debits_minor + 1 where kind = 'processor_clearing'",
        ),
        (
            "L2",
            "update billing.bills set client_balance_minor = client_balance_minor - 1",
        ),
        (
            "L2",
            "update billing.posted_allocations set left_minor = left_minor - 1",
        ),
        (
            "L3",
            "update billing.posted_payments set credit_left_minor = 0",
        ),
        ("L4", "delete from billing.billed_lines"),
        (
            "L5",
            "update billing.bills set cancel_time = create_time, cancel_reason = ''",
        ),
        (
            "L6",
            "update billing.entries set kind = 'refund', payment_id = null, refund_id = entry_id where kind = 'payment'",
        ),
        (
            "L7",
            "alter table billing.accounts drop constraint accounts_credit_check;
            update billing.accounts set debits_minor = 5000 where kind = 'client_credit'",
        ),
        (
            "L8",
            "update billing.adjustments set amount_minor = amount_minor + 1",
        ),
        (
            "L8",
            "update billing.adjustments set reverse_time = create_time",
        ),
    ];
    for (invariant, damage) in damages {
        let backup = app.backup().await;
        sqlx::raw_sql(damage)
            .execute(app.db.owner_pool())
            .await
            .expect("damaged");
        let named: Vec<String> = app
            .violations()
            .await
            .into_iter()
            .map(|found| found.invariant)
            .collect();
        assert!(
            named.iter().any(|name| name == invariant),
            "{invariant} of {bill}: {named:?}"
        );
        app.restore(backup).await;
    }
    app.finish().await;
}

const TABLES: [&str; 7] = [
    "accounts",
    "entries",
    "bills",
    "billed_lines",
    "posted_payments",
    "posted_allocations",
    "adjustments",
];

impl TestApp {
    /// Copies of the tables that are damaged.
    async fn backup(&self) -> &'static [&'static str; 7] {
        for table in TABLES {
            let copy = format!(
                "drop table if exists public.{table}; create table public.{table} as table billing.{table}"
            );
            sqlx::raw_sql(AssertSqlSafe(copy))
                .execute(self.db.owner_pool())
                .await
                .expect("copied");
        }
        &TABLES
    }

    /// Puts the copies back, past all constraints.
    async fn restore(&self, tables: &[&str]) {
        let mut statements = "begin; set local session_replication_role = replica;".to_owned();
        for table in tables {
            let columns: String = sqlx::query_scalar(
                "select string_agg(column_name, ', ') from information_schema.columns
                where table_schema = 'billing' and table_name = $1 and is_generated = 'NEVER'",
            )
            .bind(*table)
            .fetch_one(self.db.owner_pool())
            .await
            .expect("columns");
            statements.push_str(&format!(
                "delete from billing.{table}; insert into billing.{table} ({columns}) select {columns} from public.{table};"
            ));
        }
        statements.push_str("commit;");
        sqlx::raw_sql(AssertSqlSafe(statements))
            .execute(self.db.owner_pool())
            .await
            .expect("restored");
    }
}
