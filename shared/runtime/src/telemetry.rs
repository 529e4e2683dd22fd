//! Logs: JSON lines on standard output, a message that can be read alone and dotted fields beside it. Never a body, a
//! hash, a user's name or a token, whatever the level.

use std::io;

use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What the targets of our own crates begin with.
const OURS: [&str; 12] = [
    "muster",
    "manifest",
    "hardware_hash",
    "split_upload",
    "validate_batch",
    "register_batch",
    "finish_upload",
    "sweep",
    "consent_api",
    "registration_api",
    "deployment_api",
    "partner_center_api",
];

/// Starts logging. The level comes from `RUST_LOG`, or is `info`.
pub fn init_telemetry() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second start, as in tests, changes nothing.
    let log = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_target(false)
        .finish();
    drop(log.with(filter_fn(is_harmless)).try_init());
}

/// Starts logging for a person who watches: lines of text, each given to `write`. The level comes from `RUST_LOG`, or is
/// `warn`.
pub fn init_telemetry_for_people(write: impl Fn(&[u8]) + Clone + Send + Sync + 'static) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    // A second start, as in tests, changes nothing.
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(false)
        .with_writer(move || Lines(write.clone()))
        .finish();
    drop(log.with(filter_fn(is_harmless)).try_init());
}

/// At levels below `info` other crates write down what they send and receive: whole items and messages.
fn is_harmless(line: &Metadata<'_>) -> bool {
    *line.level() <= Level::INFO || OURS.iter().any(|name| line.target().starts_with(name))
}

/// Gives each line to whoever writes it: the subscriber writes a line in one piece.
struct Lines<F>(F);

impl<F: Fn(&[u8])> io::Write for Lines<F> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        (self.0)(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
