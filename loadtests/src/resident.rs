//! Resident memory, as Linux tells it.

use anyhow::{Context as _, Result, anyhow};
use std::fs;

/// In KiB, of the process with this id; `self` is this one.
///
/// # Errors
/// There is no such process, or no Linux.
pub fn kib(process: &str) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).context("resident memory is read from Linux' /proc")?;
    figure(&status).ok_or_else(|| anyhow!("{path} has no VmRSS"))
}

fn figure(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_is_read_in_kib() {
        let status = "Name:\tbilling\nVmHWM:\t   40000 kB\nVmRSS:\t   31234 kB\n";
        assert_eq!(figure(status), Some(31_234));
        assert_eq!(figure("Name:\tbilling\n"), None);
        assert!(kib("self").is_ok_and(|kib| kib > 0));
    }
}
