//! Places where a debug build can be told to die, to show that what was begun is finished after a restart. A release
//! build has none.

#[cfg(debug_assertions)]
static ARMED: std::sync::OnceLock<String> = std::sync::OnceLock::new();

/// Dies at the named place, as if the power had gone: no destructors, no rollback, no answer.
#[cfg(debug_assertions)]
pub fn arm(place: String) {
    let _ = ARMED.set(place);
}

/// A place that has a name.
#[inline]
pub(crate) fn point(place: &str) {
    #[cfg(debug_assertions)]
    if ARMED.get().is_some_and(|armed| armed == place) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = place;
}
