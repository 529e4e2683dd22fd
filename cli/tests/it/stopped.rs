//! Uploads whose messages are put aside: nobody waits for them, and the same command goes on once the cause is mended.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use muster_core::inbox::UploadOptions;
use muster_core::message::ObjectsCreated;
use muster_local::flow::Embedded;
use muster_runtime::Delivery;
use muster_store::queue::QueueName;
use sha2::{Digest as _, Sha256};

use super::beside::before;
use super::fsck::bodies;
use super::served::Served;
use super::{Run, Workshop, redacted};

const REGISTER: &str = "register list.csv --tenant Contoso --data-dir data";

/// Within this time it must be told, however busy the machine is.
const BOUND: Duration = Duration::from_secs(60);

/// Runs a command line that must not wait for what will not come.
fn bounded(workshop: &Workshop, line: &str) -> Run {
    let words: Vec<&str> = line.split(' ').collect();
    let mut command = workshop.command(&words);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let (mut child, start) = (command.spawn().unwrap(), Instant::now());
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > BOUND {
            child.kill().unwrap();
            let run = Run::of(line, child.wait_with_output().unwrap());
            panic!("it still waits after {BOUND:?}: {}", run.transcript());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Run::of(line, child.wait_with_output().unwrap())
}

/// Puts `list.csv` into the bucket as `muster register` does, and splits it or not; then its process dies.
fn dropped(workshop: &Workshop, split: bool) {
    let list = workshop.path("list.csv");
    let digest = Sha256::digest(fs::read(&list).unwrap());
    let options = UploadOptions {
        sha256: Some(digest.iter().map(|byte| format!("{byte:02x}")).collect()),
        ..UploadOptions::default()
    };
    let metadata: BTreeMap<String, String> = options.to_metadata().into_iter().collect();
    before(workshop, async |embedded: &Embedded| {
        let tenant = embedded.tenants().by_name("Contoso").await.unwrap().unwrap();
        let key = format!("inbox/intune/-/{}/list.csv", tenant.id);
        let object = embedded.objects().put_file(&key, &list, "text/csv", &metadata).await;
        if split {
            let body = serde_json::to_string(&ObjectsCreated::of(&object.unwrap())).unwrap();
            let delivery = Delivery {
                queue: QueueName::Split,
                body: &body,
                receives: 1,
            };
            embedded.deliver(delivery).await;
            embedded.forget_events().await.unwrap();
        }
    });
}

/// The split or a batch is put aside for a body that is gone; it is told at once, and each time. With the body back, the
/// same command registers the list.
#[test]
fn what_was_put_aside_is_told_at_once_and_goes_on_with_the_same_command() {
    for beside in [false, true] {
        for split in [false, true] {
            let workshop = Workshop::new();
            workshop.list("list.csv", "--rows 3");
            workshop.muster("tenants add Contoso --data-dir data");
            dropped(&workshop, split);
            let (body, away) = (&bodies(&workshop, "list.csv")[0], workshop.path("away"));
            fs::rename(body, &away).unwrap();
            let served = beside.then(|| Served::start(&workshop));
            for _ in 0..2 {
                let run = bounded(&workshop, REGISTER);
                let what = format!("beside {beside}, split {split}: {}", run.transcript());
                assert_eq!(run.code, Some(2), "{what}");
                assert!(run.stderr.contains("is gone: put a backup of the whole"), "{what}");
                if !split {
                    let name = ["put_aside", "put_aside_beside_a_server"][usize::from(beside)];
                    redacted(&workshop).bind(|| insta::assert_snapshot!(name, run.transcript()));
                }
            }
            fs::rename(&away, body).unwrap();
            let run = bounded(&workshop, &format!("{REGISTER} --json"));
            let what = format!("beside {beside}, split {split}: {}", run.transcript());
            assert_eq!(run.code, Some(0), "{what}");
            assert_eq!(run.json()["outcomes"]["registered"], 3, "{what}");
            drop(served);
            assert_eq!(workshop.muster("fsck --data-dir data").code, Some(0));
        }
    }
}
