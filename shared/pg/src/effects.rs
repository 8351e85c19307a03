//! Counts what a debug build does to the world, a commit that wrote something or a call to another program, and can die
//! right before one of them, as if the power had gone. So a test can end a service at each of its effects in turn, without
//! knowing where they are. A release build has none of it.

use sqlx::PgConnection;
use std::sync::atomic::{AtomicU32, Ordering};

/// What is left until death; 0: nothing is counted.
static LEFT: AtomicU32 = AtomicU32::new(0);
/// Effects since it was said when to die.
static SEEN: AtomicU32 = AtomicU32::new(0);

/// Dies before effect `number` from now on, counted from 1; `u32::MAX` counts and never dies.
pub fn die_before(number: u32) {
    SEEN.store(0, Ordering::SeqCst);
    LEFT.store(number, Ordering::SeqCst);
}

/// How many effects there were since [`die_before`].
pub fn seen() -> u32 {
    SEEN.load(Ordering::SeqCst)
}

/// Another program is about to be asked to do something.
pub fn effect() {
    let counted = LEFT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
        0 => None,
        u32::MAX => Some(u32::MAX),
        left => Some(left - 1),
    });
    match counted {
        // No destructors, no rollback, no answer.
        Ok(1) => std::process::abort(),
        Ok(_) => {
            SEEN.fetch_add(1, Ordering::SeqCst);
        }
        Err(_nothing_is_counted) => {}
    }
}

/// A transaction is about to be committed; one that wrote nothing is no effect.
pub(crate) async fn commit(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    if LEFT.load(Ordering::SeqCst) == 0 {
        return Ok(());
    }
    let wrote: bool = sqlx::query_scalar("select pg_current_xact_id_if_assigned() is not null")
        .fetch_one(conn)
        .await?;
    if wrote {
        effect();
    }
    Ok(())
}
