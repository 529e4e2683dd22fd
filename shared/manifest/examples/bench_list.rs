//! Measures cutter and row reader against a plain newline scan, in one run, in memory:
//! `cargo run --release -p manifest --example bench_list`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use manifest::{Column, CutLimits, Cutter, Encoding, Format, ListOptions, ListRow, ListWriter, RowReader, sniff};

const BYTES: usize = 256 << 20;
const ROUNDS: usize = 5;
const WINDOW: usize = 1 << 20;

fn main() {
    for (name, encoding, quoted) in [
        ("ASCII", Encoding::Ascii, false),
        ("ASCII, quoted", Encoding::Ascii, true),
        ("Windows-1252", Encoding::Windows1252, false),
        ("UTF-16", Encoding::Utf16Le, false),
    ] {
        measure(name, encoding, quoted);
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark speaks on stdout")]
fn measure(name: &str, encoding: Encoding, quoted: bool) {
    let file = list(encoding, quoted);
    let dialect = match sniff(file.get(..64 << 10).unwrap_or(&file), false) {
        Ok(dialect) => dialect,
        Err(problem) => return println!("{name}: {problem}"),
    };
    let limits = CutLimits {
        max_rows: 500,
        max_bytes: 8 << 20,
    };
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    let mut rows = 0;
    for _ in 0..ROUNDS {
        times[0].push(time(|| {
            file.chunks(WINDOW)
                .map(|window| memchr::memchr_iter(b'\n', window).count())
                .sum::<usize>()
        }));
        let mut cuts = Vec::new();
        times[1].push(time(|| {
            let mut cutter = Cutter::new(&dialect, limits);
            for window in file.chunks(WINDOW) {
                cutter.push(window, &mut cuts);
            }
            cutter.finish(&mut cuts);
        }));
        rows = 0;
        times[2].push(time(|| {
            for cut in &cuts {
                let bytes = file.get(cut.start as usize..cut.end as usize).unwrap_or_default();
                let reader = RowReader::new(&dialect, bytes, cut.first_line, cut.first_row, cut.start);
                rows += reader
                    .filter(|row| !row.failed() && black_box(row.get(Column::HardwareHash)).is_some())
                    .count();
            }
        }));
    }
    let [scan, cut, read] = times.map(median);
    let rate = |time: Duration| file.len() as f64 / time.as_secs_f64() / 1e9;
    println!(
        "{name}: {rows} rows, {:.0} MB; newline scan {:.1} GB/s; cutter {:.1} GB/s = {:.2} x; reader {:.2} M rows/s ({:.2} µs a row)",
        file.len() as f64 / 1e6,
        rate(scan),
        rate(cut),
        scan.as_secs_f64() / cut.as_secs_f64(),
        rows as f64 / read.as_secs_f64() / 1e6,
        read.as_secs_f64() * 1e6 / rows as f64,
    );
}

fn list(encoding: Encoding, quoted: bool) -> Vec<u8> {
    let writer = ListWriter::new(
        Format::Intune,
        ListOptions {
            encoding,
            quoted,
            ..ListOptions::default()
        },
    );
    let hash = format!("T0{}", "Ab3/".repeat(999) + "A+");
    let mut file = Vec::with_capacity(BYTES + (64 << 10));
    writer.header(&mut file);
    let mut number = 0;
    while file.len() < BYTES {
        number += 1;
        let serial = format!("TEST-{number:08}");
        let group_tag = if encoding == Encoding::Windows1252 {
            "Zürich"
        } else {
            "KIOSK"
        };
        writer.row(
            &mut file,
            &ListRow {
                serial: &serial,
                hash: &hash,
                group_tag,
                ..ListRow::default()
            },
        );
    }
    file
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
