//! Places where a debug build can be told to die, to show that what was begun is finished after a restart. A release
//! build has none.

#[cfg(debug_assertions)]
static ARMED: std::sync::OnceLock<String> = std::sync::OnceLock::new();

/// Dies at the named place, as if the power had gone: no destructors, no rollback, no answer.
#[cfg(debug_assertions)]
pub fn arm(place: String) {
    let _ = ARMED.set(place);
}

/// A place that has a name. What stands before a call to the processor counts as an effect as well.
#[inline]
pub(crate) fn point(place: &str) {
    #[cfg(debug_assertions)]
    if ARMED.get().is_some_and(|armed| armed == place) {
        std::process::abort();
    }
    #[cfg(debug_assertions)]
    if place.starts_with("before_") {
        pg::effects::effect();
    }
    #[cfg(not(debug_assertions))]
    let _ = place;
}

/// billing is about to be asked to do something.
#[inline]
pub(crate) fn effect() {
    #[cfg(debug_assertions)]
    pg::effects::effect();
}
