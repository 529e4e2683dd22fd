//! Progress bars, on stderr and only where that is a terminal.

use std::fmt::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// Below this nothing is shown: it is over before anybody could read it.
const WORTH_SHOWING: u64 = 8 << 20;
/// The same for rows that are written.
const MANY_ROWS: u64 = 50_000;

/// How often a spinner moves.
const TICK: Duration = Duration::from_millis(100);

/// How much of a file is done.
pub(crate) fn of_bytes(bytes: u64) -> ProgressBar {
    if bytes < WORTH_SHOWING {
        return ProgressBar::hidden();
    }
    bar(bytes, "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left")
}

/// Nothing.
pub(crate) fn none() -> ProgressBar {
    ProgressBar::hidden()
}

/// How many rows are done.
pub(crate) fn of_rows(rows: u64) -> ProgressBar {
    if rows < MANY_ROWS {
        return ProgressBar::hidden();
    }
    bar(rows, "{bar:30} {human_pos} of {human_len} rows, {rate}, {eta} left")
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let rate = |state: &ProgressState, out: &mut dyn Write| {
        let _ = write!(out, "{:.0} a second", state.per_sec());
    };
    bar.with_style(style.with_key("rate", rate).progress_chars("=> "))
}

/// How many rows of an upload are done.
pub(crate) fn of_uploaded_rows(rows: u64) -> ProgressBar {
    bar(rows, "{bar:30} {human_pos} of {human_len} rows, {rate}, {eta} left")
}

/// Something goes on whose end is not known.
pub(crate) fn waiting(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what);
    bar.enable_steady_tick(TICK);
    bar
}
