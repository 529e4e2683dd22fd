//! `kill -9` of `muster serve` under load, again and again: nothing that was acknowledged is lost.
//!
//! `tests/kill-rounds` plays more rounds; docs/testing.md tells more.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use fastrand::Rng;
use muster_core::id::UploadId;
use muster_runtime::env::Env;
use serde_json::Value;

use super::Workshop;
use super::served::{Client, Served};

/// The rounds that every `cargo test` plays.
const USUAL: u32 = 3;
/// Their seed. Each of these three meets lists on their way; of seed 1, one does.
const USUAL_SEED: u32 = 2;
/// How many clients upload at once, and how many lists they have in a round.
const CLIENTS: usize = 2;
const LISTS: usize = 20;
/// Rows of a list: one of these. Above 500 a list has several batches.
const ROWS: [usize; 6] = [1, 10, 10, 80, 250, 700];
/// How long the last start may go without an upload that ends.
const STANDSTILL: Duration = Duration::from_secs(60);

/// A list that the server acknowledged.
struct Sent {
    round: u32,
    serials: Vec<String>,
}

/// A list that is ready to be uploaded.
struct Listed {
    key: String,
    body: Vec<u8>,
    serials: Vec<String>,
    /// How long its client waits behind it.
    pause: Duration,
}

/// Keeps the directory of a run that fails.
struct Kept {
    workshop: Workshop,
    replay: String,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.workshop.dir.disable_cleanup(true);
            println!(
                "play it again by `{}`: the same lists and moments, though the machine has its own; all is kept in {}",
                self.replay,
                self.workshop.dir.path().display()
            );
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost() {
    let (rounds, seed) = asked();
    let kept = Kept {
        workshop: Workshop::new(),
        replay: format!("tests/kill-rounds {rounds} {seed}"),
    };
    let workshop = &kept.workshop;
    println!("{rounds} rounds of seed {seed}");
    assert_eq!(workshop.muster("tenants add Contoso --data-dir data").code, Some(0));
    let (mut rng, mut sent, mut struck) = (Rng::with_seed(seed), BTreeMap::new(), 0);
    for round in 0..rounds {
        struck += u32::from(play(workshop, round, &mut rng, &mut sent));
    }
    println!(
        "{struck} rounds were killed with uploads under way, {} lists were acknowledged",
        sent.len()
    );
    assert!(
        struck >= rounds / 2,
        "hardly any round was killed under load: {struck} of {rounds}"
    );

    let (mut served, _, s3) = Served::start(workshop);
    wait_for_ends(&s3, &sent);
    for (upload, list) in &sent {
        let report = s3.get(&format!("uploads/{upload}/report.csv")).unwrap();
        let report = String::from_utf8(report.body).unwrap();
        let rows: Vec<&str> = report.lines().skip(1).collect();
        assert_eq!(rows.len(), list.serials.len(), "{upload} of round {}", list.round);
        for (row, serial) in rows.iter().zip(&list.serials) {
            assert!(
                row.contains(serial),
                "{upload} of round {}: {row}: no {serial}",
                list.round
            );
        }
    }
    served.signal("TERM");
    assert_eq!(served.ended(), Some(0));
    all_are_finished(workshop, &sent);
    let fsck = workshop.muster("fsck --data-dir data");
    assert_eq!(fsck.code, Some(0), "{}{}", fsck.stdout, fsck.stderr);
}

/// Starts a server, uploads to it and kills it at some moment. Says whether that hit an upload.
fn play(workshop: &Workshop, round: u32, rng: &mut Rng, sent: &mut BTreeMap<UploadId, Sent>) -> bool {
    let lists = Mutex::new(lists(workshop, round, rng));
    let (at_start, after) = (rng.u8(..6) == 0, Duration::from_millis(rng.u64(50..1200)));
    let mut served = Served::spawn(workshop, &["--json"]);
    if at_start {
        std::thread::sleep(after / 4);
        served.child.kill().unwrap();
        served.ended();
        return false;
    }
    served.line("serving");
    let s3 = Client::of(workshop);
    let (mut open, mut cut) = (BTreeMap::new(), false);
    std::thread::scope(|scope| {
        let clients = [(); CLIENTS].map(|()| scope.spawn(|| upload(&s3, round, &lists)));
        std::thread::sleep(after);
        served.child.kill().unwrap();
        for client in clients {
            let (acknowledged, was_cut) = client.join().unwrap();
            open.extend(acknowledged);
            cut |= was_cut;
        }
    });
    served.ended();
    let ended: Vec<String> = served.said.iter().filter(|line| line.contains("finished")).collect();
    let hit = open
        .keys()
        .any(|upload: &UploadId| !ended.iter().any(|line| line.contains(upload.as_str())));
    sent.append(&mut open);
    hit || cut
}

/// The lists of a round, of devices that are in no other list.
fn lists(workshop: &Workshop, round: u32, rng: &mut Rng) -> Vec<Listed> {
    let sizes: Vec<usize> = (0..LISTS).map(|_| ROWS[rng.usize(..ROWS.len())]).collect();
    let rows: usize = sizes.iter().sum();
    workshop.list("round.csv", &format!("--rows {rows} --seed {}", rng.u32(..)));
    let text = std::fs::read_to_string(workshop.path("round.csv")).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    let list = |(number, rows)| {
        let lines: Vec<&str> = lines.by_ref().take(rows).collect();
        assert_eq!(lines.len(), rows);
        let serials = lines.iter().map(|line| line.split(',').next().unwrap().to_owned());
        Listed {
            key: format!("inbox/intune/-/Contoso/{round}-{number}.csv"),
            serials: serials.collect(),
            body: format!("{header}\n{}\n", lines.join("\n")).into_bytes(),
            pause: Duration::from_millis(rng.u64(..200)),
        }
    };
    sizes.into_iter().enumerate().map(list).collect()
}

/// Uploads lists until there are none or the server is gone: what was acknowledged, and whether a request was cut off.
fn upload(s3: &Client, round: u32, lists: &Mutex<Vec<Listed>>) -> (Vec<(UploadId, Sent)>, bool) {
    let mut acknowledged = Vec::new();
    let next = || lists.lock().unwrap().pop();
    while let Some(list) = next() {
        match s3.put(&list.key, &list.body, &[]) {
            Ok(upload) => {
                let serials = list.serials;
                acknowledged.push((upload, Sent { round, serials }));
            }
            Err(error) => {
                // What the server says on its own account is no accident.
                assert_ne!(error.kind(), ErrorKind::Other, "{error}");
                return (acknowledged, error.kind() != ErrorKind::ConnectionRefused);
            }
        }
        std::thread::sleep(list.pause);
    }
    (acknowledged, false)
}

/// Waits until each of these uploads has its summary, which comes last.
fn wait_for_ends(s3: &Client, sent: &BTreeMap<UploadId, Sent>) {
    let (mut open, mut moved): (Vec<_>, _) = (sent.iter().collect(), Instant::now());
    while !open.is_empty() {
        let before = open.len();
        open.retain(|(upload, _)| s3.get(&format!("uploads/{upload}/summary.json")).unwrap().status == 404);
        if open.len() < before {
            moved = Instant::now();
        }
        let told: Vec<_> = open
            .iter()
            .map(|(upload, list)| (upload, list.round, list.serials.len()))
            .collect();
        assert!(
            moved.elapsed() < STANDSTILL,
            "these uploads (round, rows) do not end: {told:?}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Every upload is finished, with all its rows registered; also those whose acknowledgement was lost.
fn all_are_finished(workshop: &Workshop, sent: &BTreeMap<UploadId, Sent>) {
    let (mut rows, mut from) = (BTreeMap::new(), String::new());
    loop {
        let list = format!("uploads list --tenant Contoso --limit 1000 --json --data-dir data{from}");
        let page = workshop.muster(&list).json();
        for upload in page["uploads"].as_array().unwrap() {
            assert_eq!(upload["state"], "finished", "{upload}");
            rows.insert(
                upload["id"].as_str().unwrap().to_owned(),
                upload["counts"]["registered"].clone(),
            );
        }
        match &page["next"] {
            Value::String(next) => from = format!(" --from {next}"),
            _ => break,
        }
    }
    for (upload, list) in sent {
        let registered = rows.get(upload.as_str());
        assert_eq!(
            registered,
            Some(&list.serials.len().into()),
            "{upload} of round {}",
            list.round
        );
    }
}

/// Rounds and seed, by `MUSTER_KILL_ROUNDS` and `MUSTER_KILL_SEED`.
fn asked() -> (u32, u64) {
    let env = Env::process();
    let number = |name: &str| env.required(name).ok().map(|text| text.parse::<u32>().unwrap());
    let seed = number("MUSTER_KILL_SEED").unwrap_or(USUAL_SEED);
    (number("MUSTER_KILL_ROUNDS").unwrap_or(USUAL), seed.into())
}
