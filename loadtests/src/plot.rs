//! The plot: throughput beside its baseline, and latency by percentile, as SVG.

use crate::curve::{PERCENTILES, Summary};
use crate::report::{Report, Step};
use std::fmt::Write as _;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 420.0;
/// Both panels lie between these lines.
const TOP: f64 = 80.0;
const BOTTOM: f64 = 360.0;
/// Left and right edge of the panel of throughput, and of latency.
const RATES: (f64, f64) = (70.0, 430.0);
const LATENCY: (f64, f64) = (540.0, 930.0);
/// Room above the highest bar for its number.
const HEADROOM: f64 = 1.1;
const BASELINE_COLOUR: &str = "#b8c4ce";
/// For one number of callers after the other; they can be told apart without colour vision by their lightness.
const COLOURS: [&str; 6] = [
    "#0b4f6c", "#01a7c2", "#e07a5f", "#7d4f9e", "#6a994e", "#333333",
];
/// Latency is drawn by its logarithm between these.
const DECADES_MS: (f64, f64) = (0.1, 10_000.0);

/// The whole picture.
pub fn svg(report: &Report) -> String {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"12\" fill=\"#222\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    let build = if report.frame.release_build {
        ""
    } else {
        ", a debug build"
    };
    let title = format!("Record payments, {}{build}", report.frame.begin_time);
    text(&mut out, (RATES.0, 30.0), "start", &title);
    text(
        &mut out,
        (RATES.0, 60.0),
        "start",
        "Payments a second: pgbench (grey) and gRPC",
    );
    text(
        &mut out,
        (LATENCY.0, 60.0),
        "start",
        "Latency by percentile, open model, ms",
    );
    rates(&mut out, &report.steps);
    latency(&mut out, &report.steps);
    out + "</svg>\n"
}

fn rates(out: &mut String, steps: &[Step]) {
    let highest = steps
        .iter()
        .flat_map(|step| [step.baseline_payments_per_second, step.payments_per_second])
        .fold(1.0, f64::max)
        * HEADROOM;
    let (left, right) = RATES;
    let slot = (right - left) / steps.len().max(1) as f64;
    let bar = slot * 0.3;
    for (at, (step, colour)) in steps.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let middle = left + slot * (at as f64 + 0.5);
        let bars = [
            (
                middle - bar,
                step.baseline_payments_per_second,
                BASELINE_COLOUR,
            ),
            (middle, step.payments_per_second, *colour),
        ];
        for (x, rate, colour) in bars {
            let height = (BOTTOM - TOP) * rate / highest;
            let y = BOTTOM - height;
            let _ = writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{bar:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
            );
            text(
                out,
                (x + bar / 2.0, y - 5.0),
                "middle",
                &format!("{rate:.0}"),
            );
        }
        text(
            out,
            (middle, BOTTOM + 18.0),
            "middle",
            &format!("{} callers", step.callers),
        );
        text(
            out,
            (middle, BOTTOM + 34.0),
            "middle",
            &format!("{:.2}×", step.ratio),
        );
    }
    line(out, ((left, BOTTOM), (right, BOTTOM)), "#222");
}

fn latency(out: &mut String, steps: &[Step]) {
    let (left, right) = LATENCY;
    let mut decade = DECADES_MS.0;
    while decade <= DECADES_MS.1 * 1.01 {
        let y = height_of(decade);
        line(out, ((left, y), (right, y)), "#e3e8ec");
        text(out, (left - 8.0, y + 4.0), "end", &format!("{decade}"));
        decade *= 10.0;
    }
    for (at, percentile) in PERCENTILES.iter().enumerate() {
        text(
            out,
            (x_of(at), BOTTOM + 18.0),
            "middle",
            &format!("p{percentile}"),
        );
    }
    for (at, (step, colour)) in steps.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points(&step.open_latency)
        );
        let y = TOP + 16.0 * (at as f64 + 1.0);
        let _ = writeln!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>",
            left + 12.0,
            y - 9.0
        );
        let label = format!(
            "{} callers, {:.0}/s",
            step.callers, step.open_rate_per_second
        );
        text(out, (left + 28.0, y), "start", &label);
    }
}

fn points(summary: &Summary) -> String {
    let points = summary.curve.iter().enumerate();
    let points = points
        .map(|(at, (_, milliseconds))| format!("{:.1},{:.1}", x_of(at), height_of(*milliseconds)));
    points.collect::<Vec<_>>().join(" ")
}

fn x_of(at: usize) -> f64 {
    let (left, right) = LATENCY;
    left + (right - left) * (at as f64 + 0.5) / PERCENTILES.len() as f64
}

fn height_of(milliseconds: f64) -> f64 {
    let (low, high) = (DECADES_MS.0.log10(), DECADES_MS.1.log10());
    let part = (milliseconds.clamp(DECADES_MS.0, DECADES_MS.1).log10() - low) / (high - low);
    BOTTOM - (BOTTOM - TOP) * part
}

fn line(out: &mut String, ((x1, y1), (x2, y2)): ((f64, f64), (f64, f64)), colour: &str) {
    let _ = writeln!(
        out,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>"
    );
}

/// Our own words only: nothing in them needs escaping.
fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_is_drawn_by_its_logarithm_and_stays_in_the_panel() {
        assert_eq!(height_of(0.0), BOTTOM);
        assert_eq!(height_of(1e9), TOP);
        let middle = height_of((DECADES_MS.0 * DECADES_MS.1).sqrt());
        assert!((middle - f64::midpoint(TOP, BOTTOM)).abs() < 1e-6);
    }

    #[test]
    fn every_number_of_callers_is_drawn() {
        let picture = svg(&crate::report::tests::report());
        assert_eq!(picture.matches("<polyline").count(), 2);
        assert!(picture.contains("16 callers") && picture.contains("64 callers"));
        assert!(picture.ends_with("</svg>\n"));
    }
}
