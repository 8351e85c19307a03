//! What a person sees: a progress bar while something runs, a line when it is done, tables at the end.

use std::fmt::Display;
use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// A step under way.
pub struct Step {
    bar: ProgressBar,
    title: String,
    begun: Instant,
}

/// Starts a step of so many calls.
pub fn step(title: &str, calls: usize) -> Step {
    let bar =
        ProgressBar::new(u64::try_from(calls).unwrap_or(u64::MAX)).with_message(title.to_owned());
    if let Ok(style) =
        ProgressStyle::with_template("  {msg:<12} {bar:32.cyan/dim} {pos:>5}/{len} {per_sec:.dim}")
    {
        bar.set_style(style.progress_chars("━━─"));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    Step {
        bar,
        title: title.to_owned(),
        begun: Instant::now(),
    }
}

impl Step {
    /// One call is done.
    pub fn tick(&self) {
        self.bar.inc(1);
    }

    /// Replaces the bar by what was done and how long it took.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn done(self, what: impl Display) -> std::io::Result<()> {
        self.bar.finish_and_clear();
        let seconds = self.begun.elapsed().as_secs_f64();
        writeln!(
            std::io::stdout(),
            "  {:<12} {what}  ({seconds:.1} s)",
            self.title
        )
    }
}

/// Prints a heading and aligned columns; the first is text, the others are numbers.
///
/// # Errors
/// Standard output is closed.
pub fn table(heading: &str, columns: &[&str], rows: &[Vec<String>]) -> std::io::Result<()> {
    let width = |at: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.chars().count());
        cells
            .chain(columns.get(at).map(|column| column.chars().count()))
            .max()
            .unwrap_or_default()
    };
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        cells
            .enumerate()
            .fold(String::from("  "), |line, (at, cell)| match at {
                0 => format!("{line}{cell:<0$}", width(0)),
                at => format!("{line}   {cell:>0$}", width(at)),
            })
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n  {heading}")?;
    let head = line(&mut columns.iter().copied());
    writeln!(
        out,
        "{head}\n  {}",
        "─".repeat(head.chars().count().saturating_sub(2))
    )?;
    for row in rows {
        writeln!(out, "{}", line(&mut row.iter().map(String::as_str)))?;
    }
    Ok(())
}

/// Prints a line.
///
/// # Errors
/// Standard output is closed.
pub fn say(text: impl Display) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}

/// `1,267`.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let grouped = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(String::from_utf8_lossy);
    grouped.collect::<Vec<_>>().join(",")
}
