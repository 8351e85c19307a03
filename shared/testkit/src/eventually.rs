use std::time::{Duration, Instant};

/// Asks until the answer is there, and panics after `limit` with `what` was waited for. For what happens in the
/// background only; everything else is awaited.
///
/// `let bill = eventually(Duration::from_secs(5), "the bill is paid", || async { find_paid().await }).await;`
pub async fn eventually<T, A: Future<Output = Option<T>>>(
    limit: Duration,
    what: &str,
    mut ask: impl FnMut() -> A,
) -> T {
    let start = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
