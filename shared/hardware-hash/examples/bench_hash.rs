//! Measures what a row and a comparison cost: `cargo run --release -p hardware-hash --example bench_hash --features generate`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::hint::black_box;
use std::time::Instant;

use hardware_hash::generate::{Capture, Generator};
use hardware_hash::{Components, Envelope, HardwareHash, compare, summarise, text};

/// More hashes than the second-level cache holds as text.
const HASHES: u64 = 2_000;
const ROUNDS: u32 = 9;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let capture = Capture::default();
    let devices: Vec<_> = (0..HASHES).map(|n| Generator::new(7).device(n)).collect();
    let texts: Vec<String> = devices
        .iter()
        .map(|device| device.capture(&capture).to_text())
        .collect();
    let hashes: Vec<Vec<u8>> = devices.iter().map(|device| device.capture(&capture).encode()).collect();
    let envelopes = hashes
        .iter()
        .map(|hash| Ok(Envelope::parse(hash)?.0))
        .collect::<Result<Vec<_>, hardware_hash::DecodeError>>()?;
    let components: Vec<Components> = envelopes.iter().map(Components::of).collect();
    let mut buffer = Vec::new();

    per_hash("text::decode", || {
        texts
            .iter()
            .for_each(|text| sink(text::decode(text.as_bytes(), &mut buffer)));
    });
    per_hash("Envelope::parse", || {
        hashes.iter().for_each(|hash| sink(Envelope::parse(hash)))
    });
    per_hash("summarise", || {
        envelopes.iter().for_each(|envelope| sink(summarise(envelope)))
    });
    per_hash("decode + parse + summarise", || {
        for text in &texts {
            if text::decode(text.as_bytes(), &mut buffer).is_ok()
                && let Ok((envelope, _)) = Envelope::parse(&buffer)
            {
                sink(summarise(&envelope));
            }
        }
    });
    per_hash("HardwareHash::from_text", || {
        texts
            .iter()
            .for_each(|text| sink(HardwareHash::from_text(text.as_bytes())));
    });
    per_hash("compare, the same device", || {
        components.iter().for_each(|one| sink(compare(one, black_box(one))));
    });
    per_hash("compare, different devices", || {
        components
            .iter()
            .zip(components.iter().rev())
            .for_each(|(a, b)| sink(compare(a, b)));
    });
    per_hash("generate and encode as text", || {
        (0..HASHES).for_each(|n| sink(Generator::new(7).device(n).capture(&capture).to_text()));
    });
    Ok(())
}

/// Keeps the compiler from leaving out work whose result nobody reads.
fn sink<T>(value: T) {
    drop(black_box(Some(value)));
}

/// The best of several rounds: what the code costs, not what the machine was doing besides.
fn per_hash(what: &str, mut work: impl FnMut()) {
    let best = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    println!("{what:<28} {:>8.1} ns", best.as_secs_f64() * 1e9 / HASHES as f64);
}
