//! Waiting for something to come about, for as long as a client asks.

use std::time::Duration;

use muster_runtime::http::Problem;
use tokio::time::Instant;

/// The longest wait, in seconds: within what a gateway gives a request.
const LONGEST: u64 = 20;
/// How long to wait between two looks: a sixth of the time that has passed, so that nobody waits much longer than it took,
/// within these bounds.
const SHARE: u32 = 6;
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// How long steps on the way are gathered: of an upload that is worked on there is news at every batch, and a client that
/// asks again at once shall not be told of each by itself.
const GATHERED: Duration = Duration::from_millis(500);

/// The time to wait, as the parameter `wait` names it.
///
/// # Errors
/// When it is too long.
pub fn time(wait: Option<u64>) -> Result<Duration, Problem> {
    match wait.unwrap_or_default() {
        seconds @ 0..=LONGEST => Ok(Duration::from_secs(seconds)),
        _ => Err(Problem::at(
            "query.wait",
            format!("It is a number of seconds from 0 to {LONGEST}."),
        )),
    }
}

/// A wait that has begun.
pub struct Wait {
    start: Instant,
    end: Instant,
}

impl Wait {
    /// Begins to wait for so long.
    pub fn begin(time: Duration) -> Self {
        let start = Instant::now();
        let end = start + time;
        Self { start, end }
    }

    /// Waits a while, after which another look is worth it; false when the time is up.
    pub async fn goes_on(&self) -> bool {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let pause = (self.start.elapsed() / SHARE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        tokio::time::sleep(pause.min(left)).await;
        true
    }

    /// Whether it has lasted long enough for an answer that tells of a step on the way.
    #[must_use]
    pub fn has_gathered(&self) -> bool {
        self.start.elapsed() >= GATHERED
    }
}
