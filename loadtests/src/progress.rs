//! What a person sees while something runs.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;
use tokio::time::Instant;

const REDRAW: Duration = Duration::from_millis(100);

/// A bar that somebody moves by one for each of `length` calls.
pub fn counted(title: &str, length: u64) -> ProgressBar {
    styled(
        title,
        length,
        "  {msg:<34} {bar:32.cyan/dim} {pos:>5}/{len}",
    )
}

/// Runs `work` under a bar that says how much of the time it is meant to take has passed.
pub async fn timed<T>(title: &str, expected: Duration, work: impl Future<Output = T>) -> T {
    let expected_ms = u64::try_from(expected.as_millis()).unwrap_or(u64::MAX);
    let bar = styled(
        title,
        expected_ms,
        "  {msg:<34} {bar:32.cyan/dim} {elapsed:>4}",
    );
    let begun = Instant::now();
    let mut redraw = tokio::time::interval(REDRAW);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                bar.finish_and_clear();
                return done;
            }
            _ = redraw.tick() => {
                let passed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                bar.set_position(passed_ms.min(expected_ms));
            }
        }
    }
}

fn styled(title: &str, length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(title.to_owned());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("━━─")),
        Err(_) => bar,
    }
}
