//! Seeded runs: small worlds in which everything goes wrong that may, and come to what they came to calmly.
//!
//! `tests/seeds` runs more of them, or one again; docs/testing.md tells more.

mod chaos;
mod cloud;
mod compare;
mod machine;
mod play;
mod scenario;
mod seen;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chaos::{Chaos, KINDS};
use journeys::world::Result;
use scenario::Scenario;
use seen::Observed;

/// How many seeds play the same scenario, each with other mishaps.
const RUNS_OF_A_SCENARIO: u64 = 4;

/// The seeds that every `cargo test` plays.
const USUAL: Range<u64> = 0..64;

/// What came of some seeds.
#[derive(Default)]
struct Tally {
    seeds: u64,
    struck: BTreeMap<String, u32>,
    failed: BTreeMap<u64, Vec<String>>,
}

#[test]
fn whatever_goes_wrong_a_run_ends_as_the_calm_one() {
    let seeds = asked().unwrap_or(USUAL);
    let next = AtomicU64::new(seeds.start / RUNS_OF_A_SCENARIO);
    let end = seeds.end.div_ceil(RUNS_OF_A_SCENARIO);
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        break;
                    }
                    let runs = number * RUNS_OF_A_SCENARIO..(number + 1) * RUNS_OF_A_SCENARIO;
                    run(number, runs.filter(|seed| seeds.contains(seed)), &tally);
                }
            });
        }
    });
    let Tally {
        seeds: played,
        struck,
        failed,
    } = tally.into_inner().unwrap();
    println!("{played} seeds; mishaps: {struck:?}");
    assert_eq!(played, seeds.end - seeds.start);
    let told: Vec<String> = failed.iter().take(5).map(|(seed, what)| tell(*seed, what)).collect();
    assert!(
        failed.is_empty(),
        "{} of {played} seeds failed:\n{}",
        failed.len(),
        told.join("\n")
    );
    assert!(
        played < 64 || struck.len() == KINDS,
        "some kind of mishap never happened: {struck:?}"
    );
}

/// Plays a scenario calmly, and then once for each seed.
fn run(number: u64, seeds: impl Iterator<Item = u64>, tally: &Mutex<Tally>) {
    let scenario = Scenario::new(number);
    let calm = on_paused_clock(number, play::play(&scenario, None)).map(|calm| (calm.faults(), calm));
    for seed in seeds {
        let chaos = Chaos::new(seed);
        let differences = match &calm {
            Err(error) => vec![format!("the calm run: {error}")],
            Ok((faults, _)) if !faults.is_empty() => vec![format!("the calm run: {faults:?}")],
            Ok((_, calm)) => match on_paused_clock(seed, play::play(&scenario, Some(chaos.clone()))) {
                Ok(found) => compare::differences(&scenario, calm, &found),
                Err(error) => vec![error.to_string()],
            },
        };
        let mut tally = tally.lock().unwrap();
        tally.seeds += 1;
        for (kind, count) in chaos.struck() {
            *tally.struck.entry(kind).or_default() += count;
        }
        if !differences.is_empty() {
            tally.failed.insert(seed, differences);
        }
    }
}

/// Plays on a runtime of its own, whose clock goes on only when everybody waits.
fn on_paused_clock(seed: u64, play: impl Future<Output = Result<Observed>>) -> Result<Observed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()?;
    // The SDK draws its pauses from here.
    fastrand::seed(seed);
    runtime.block_on(play)
}

fn tell(seed: u64, what: &[String]) -> String {
    format!(
        "seed {seed}, to be played again by `tests/seeds {seed}`:\n  {}",
        what.join("\n  ")
    )
}

/// The seeds that `MUSTER_SEEDS` asks for: `17`, or `0..2000`.
fn asked() -> Option<Range<u64>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where this test looks at its environment"
    )]
    let text = std::env::var("MUSTER_SEEDS").ok()?;
    let number = |text: &str| {
        text.parse::<u64>()
            .unwrap_or_else(|_| panic!("MUSTER_SEEDS={text}: it is 17, or 0..2000"))
    };
    Some(match text.split_once("..") {
        Some((start, end)) => number(start)..number(end),
        None => number(&text)..number(&text) + 1,
    })
}
