use std::time::Duration;

use pg::{LeaseError, Leases};
use testkit::eventually;

use crate::support::{SCHEMA, SOON, database, fresh_id};

const LEASES: Leases = Leases::new(SCHEMA);
const LONG: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_has_one_holder_until_it_is_given_back() {
    let database = database().await;
    let pool = database.pool();
    let (one, other) = (fresh_id(), fresh_id());
    let lease = LEASES
        .acquire(pool, "close_day", one, LONG)
        .await
        .expect("ask")
        .expect("free");
    assert_eq!(
        LEASES
            .acquire(pool, "close_day", other, LONG)
            .await
            .expect("ask"),
        None
    );
    assert!(
        LEASES
            .acquire(pool, "open_day", other, LONG)
            .await
            .expect("ask")
            .is_some()
    );
    assert!(LEASES.renew(pool, &lease, LONG).await.expect("renew"));
    LEASES.release(pool, &lease).await.expect("release");
    assert!(
        LEASES
            .acquire(pool, "close_day", other, LONG)
            .await
            .expect("ask")
            .is_some()
    );
    assert!(!LEASES.renew(pool, &lease, LONG).await.expect("renew"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_wakes_up_late_cannot_write() {
    let database = database().await;
    let pool = database.pool();
    let stale = LEASES
        .acquire(pool, "x", fresh_id(), Duration::ZERO)
        .await
        .expect("ask")
        .expect("free");
    let fresh = LEASES
        .acquire(pool, "x", fresh_id(), LONG)
        .await
        .expect("ask")
        .expect("expired");
    assert!(fresh.fence > stale.fence);
    let mut tx = pg::begin_any(pool).await.expect("begin");
    assert!(
        matches!(LEASES.hold(&mut tx, &stale).await, Err(LeaseError::Lost(name)) if name == "x")
    );
    LEASES
        .hold(&mut tx, &fresh)
        .await
        .expect("the holder may write");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_a_lease_over_during_its_holders_write() {
    let database = database().await;
    let pool = database.pool().clone();
    let lease = LEASES
        .acquire(&pool, "x", fresh_id(), Duration::ZERO)
        .await
        .expect("ask")
        .expect("free");
    let mut tx = pg::begin_any(&pool).await.expect("begin");
    LEASES
        .hold(&mut tx, &lease)
        .await
        .expect("nobody has taken it yet");
    let taking = tokio::spawn(async move { LEASES.acquire(&pool, "x", fresh_id(), LONG).await });
    eventually(SOON, "the next holder waits", || {
        crate::support::waiting_for_lock(&database)
    })
    .await;
    tx.commit().await.expect("commit");
    assert!(
        taking
            .await
            .expect("the next holder")
            .expect("ask")
            .is_some()
    );
}
