//! Figures of `muster serve`, by its socket. Each takes minutes and wants the machine for itself, so only
//! `tests/serve-figures` asks for them.

use std::time::{Duration, Instant};

use muster_core::id::UploadId;

use super::Workshop;
use super::served::{Client, Served, http};

/// What is held: the end of an upload of 1,000 rows to its report.
const SHORT: Duration = Duration::from_secs(2);
/// What is held: ten rows, uploaded while 100,000 rows run.
const BESIDE: Duration = Duration::from_secs(5);
/// What is held: memory after ten long lists, in percent of that after one.
const GROWTH: u64 = 110;
const LONG: u64 = 100_000;

struct Figures {
    workshop: Workshop,
    served: Served,
    s3: Client,
    /// Where HTTP is.
    http: String,
    lists: u64,
}

impl Figures {
    fn begin() -> Self {
        let workshop = Workshop::new();
        assert_eq!(workshop.muster("tenants add Contoso --data-dir data").code, Some(0));
        let (served, said, s3) = Served::start(&workshop);
        let http = said["http"].as_str().unwrap().to_owned();
        let lists = 0;
        Self {
            workshop,
            served,
            s3,
            http,
            lists,
        }
    }

    /// Uploads so many devices that no other list has; says when that had ended, and which upload it is.
    fn put(&mut self, rows: u64) -> (Instant, UploadId) {
        self.lists += 1;
        let seed = self.lists;
        self.workshop.list("list.csv", &format!("--rows {rows} --seed {seed}"));
        let list = std::fs::read(self.workshop.path("list.csv")).unwrap();
        let key = format!("inbox/intune/-/Contoso/{seed}.csv");
        let upload = self.s3.put(&key, &list, &[]).unwrap();
        (Instant::now(), upload)
    }

    /// Waits for the report.
    fn report(&self, upload: &UploadId) {
        let end = self.served.end_within(upload, Duration::from_secs(1800));
        assert_eq!(end["state"], "finished", "{end}");
        assert_eq!(
            self.s3.get(&format!("uploads/{upload}/summary.json")).unwrap().status,
            200
        );
    }

    /// Memory of the server in bytes.
    fn memory(&self) -> u64 {
        let metrics = http(&self.http, "/metrics");
        let line = metrics
            .lines()
            .find(|line| line.starts_with("process_resident_memory_bytes"));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
            .expect(&metrics)
    }
}

/// The median and the slowest of them, told to whoever reads.
fn told(what: &str, mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    println!("{what}: median {median:.2?}, slowest {slowest:.2?}, of {}", times.len());
    (median, slowest)
}

#[test]
#[ignore = "a figure; see tests/serve-figures"]
fn a_thousand_rows() {
    let mut figures = Figures::begin();
    let times = (0..9).map(|_| {
        let (start, upload) = figures.put(1000);
        figures.report(&upload);
        start.elapsed()
    });
    let (median, _) = told("end of the upload to the report, 1,000 rows", times.collect());
    assert!(median < SHORT, "{median:.2?}");
}

#[test]
#[ignore = "a figure; see tests/serve-figures"]
fn ten_rows_beside_a_hundred_thousand() {
    let mut figures = Figures::begin();
    let (long_start, long) = figures.put(LONG);
    figures.served.line(long.as_str());
    let mut times = Vec::new();
    for _ in 0..20 {
        let (start, upload) = figures.put(10);
        // The long one must not be over before.
        let line = figures.served.line("finished");
        assert!(line.contains(upload.as_str()), "{line}");
        times.push(start.elapsed());
        std::thread::sleep(Duration::from_millis(500));
    }
    figures.report(&long);
    println!("100,000 rows beside them: {:.1?}", long_start.elapsed());
    let (_, slowest) = told("end of the upload to the report, 10 rows", times);
    assert!(slowest < BESIDE, "{slowest:.2?}");
}

#[test]
#[ignore = "a figure; see tests/serve-figures"]
fn memory_after_ten_long_lists() {
    let mut figures = Figures::begin();
    println!("memory before: {} MiB", figures.memory() >> 20);
    let mut seen = Vec::new();
    for _ in 0..10 {
        let (start, upload) = figures.put(LONG);
        figures.report(&upload);
        seen.push(figures.memory());
        println!(
            "after list {}: {} MiB; {:.1?}",
            seen.len(),
            figures.memory() >> 20,
            start.elapsed()
        );
    }
    assert!(seen[9] * 100 < seen[0] * GROWTH, "it grows: {seen:?}");
}
