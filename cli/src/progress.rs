//! Progress bars, on stderr and only where that is a terminal.

use std::fmt::Write;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};

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
    bar(bytes, "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}{left}")
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
    bar(rows, "{bar:30} {human_pos} of {human_len} rows, {rate}{left}")
}

fn bar(length: u64, template: &str) -> ProgressBar {
    styled(ProgressBar::new(length), template)
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    bar.with_style(style(template))
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let rate = |state: &ProgressState, out: &mut dyn Write| {
        let _ = write!(out, "{:.0} a second", state.per_sec());
    };
    let left = |state: &ProgressState, out: &mut dyn Write| {
        // Before anything is done nobody knows.
        let _ = match state.pos() {
            0 => Ok(()),
            _ => write!(out, ", {:#} left", HumanDuration(state.eta())),
        };
    };
    style
        .with_key("rate", rate)
        .with_key("left", left)
        .progress_chars("=> ")
}

/// How many rows of an upload are done.
pub(crate) fn of_uploaded_rows(rows: u64) -> ProgressBar {
    bar(rows, "{bar:30} {human_pos} of {human_len} rows, {rate}{left}")
}

/// How much of an upload is done that others run beside; see [`show_rows`]. Its message is its name.
pub(crate) fn of_upload() -> ProgressBar {
    styled(ProgressBar::no_length(), "{msg:32!} {human_pos} rows, reading the list")
}

/// How many uploads run that have no line.
pub(crate) fn of_others() -> ProgressBar {
    styled(ProgressBar::no_length(), "{msg}")
}

/// Shows how many rows of an upload are done, and of how many once that is known.
pub(crate) fn show_rows(bar: &ProgressBar, done: u64, all: Option<u64>) {
    if let Some(all) = all
        && bar.length() != Some(all)
    {
        bar.set_length(all);
        bar.set_style(style(
            "{msg:32!} {bar:20} {human_pos} of {human_len} rows, {rate}{left}",
        ));
    }
    bar.set_position(done);
    bar.tick();
}

/// Something goes on whose end is not known.
pub(crate) fn waiting(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what);
    bar.enable_steady_tick(TICK);
    bar
}
