//! Logs: JSON lines on standard output, a message that can be read alone and dotted fields beside it. Never a body, a
//! hash, a user's name or a token.

use std::io;

use tracing_subscriber::EnvFilter;

/// Starts logging. The level comes from `RUST_LOG`, or is `info`.
pub fn init_telemetry() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second start, as in tests, changes nothing.
    drop(
        tracing_subscriber::fmt()
            .json()
            .with_env_filter(filter)
            .with_target(false)
            .try_init(),
    );
}

/// Starts logging for a person who watches: lines of text, each given to `write`. The level comes from `RUST_LOG`, or is
/// `warn`.
pub fn init_telemetry_for_people(write: impl Fn(&[u8]) + Clone + Send + Sync + 'static) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    // A second start, as in tests, changes nothing.
    drop(
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_target(false)
            .with_ansi(false)
            .with_writer(move || Lines(write.clone()))
            .try_init(),
    );
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
