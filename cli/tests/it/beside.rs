//! Commands on a data directory that a running server has.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use muster_core::Timestamp;
use muster_core::id::UploadId;
use muster_core::message::ObjectsCreated;
use muster_core::upload::{ObjectVersion, Reason};
use muster_local::data_dir::{Access, DataDir, Stage};
use muster_local::flow::{BUCKET, Embedded};
use muster_runtime::Delivery;
use muster_store::queue::QueueName;
use rusqlite::Connection;
use serde_json::Value;

use super::fsck::bodies;
use super::served::Served;
use super::{Run, Workshop, assert_transcript, redacted};

const REGISTER: &str = "register list.csv --tenant Contoso --json --data-dir data";

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// Takes the data directory of a workshop as a server would that is this far.
fn taken(workshop: &Workshop, stage: Stage) -> DataDir {
    let directory = DataDir::open(workshop.path("data"), "muster serve", now()).unwrap();
    directory.announce(stage).unwrap();
    directory
}

/// How a server is reached that is none.
fn nowhere() -> Access {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    Access {
        http: port,
        s3: port,
        key: "sesame".to_owned(),
        access_key: "id".to_owned(),
        secret_key: "barley".to_owned(),
        authority: None,
    }
}

/// What the lines of a report say, without the devices' ids.
fn rows(path: &Value) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(path.as_str().unwrap()).unwrap();
    let device = reader
        .headers()
        .unwrap()
        .iter()
        .position(|name| name.contains("Device ID"));
    let without = |record: csv::StringRecord| {
        let cells = record.iter().enumerate().filter(|(at, _)| Some(*at) != device);
        cells.map(|(_, cell)| cell.to_owned()).collect()
    };
    reader.records().map(|record| without(record.unwrap())).collect()
}

#[test]
fn every_command_says_the_same_beside_a_server() {
    let mut reports = Vec::new();
    for beside in [false, true] {
        let workshop = Workshop::new();
        workshop
            .list("list.csv", "--rows 52 --faults")
            .list("other.csv", "--rows 1 --seed 5 --dialect three-columns")
            .list("partner.csv", "--rows 2 --seed 6 --dialect partner-center");
        let served = beside.then(|| Served::start(&workshop));
        let mut told = String::new();
        let mut run = |line: &str| {
            let run = workshop.muster(&format!("{line} --data-dir data"));
            told.push_str(&run.transcript());
            run
        };
        run("tenants add Contoso");
        run("tenants list");
        run("register list.csv --tenant contoso");
        run("register other.csv --tenant Fabrikam --group-tag Office");
        run("register partner.csv --tenant Contoso --partner adatum");
        run("consent request --tenant Contoso --partner adatum --kind csp-direct");
        run("consent grant --tenant Contoso --partner adatum");
        run("register partner.csv --tenant Contoso --partner adatum");
        run("consent revoke --tenant Contoso --partner adatum");
        run("consent list --tenant Contoso");
        run("uploads list --tenant Fabrikam");
        run("uploads list --unassigned");
        run("devices list --tenant Fabrikam");
        run("fsck");
        run("fsck --repair");
        let list = workshop
            .muster("devices list --tenant Fabrikam --json --data-dir data")
            .json();
        let device = list["devices"][0]["id"].as_str().unwrap();
        run(&format!("devices show {device}"));
        run(&format!("devices release {device} --tenant Fabrikam"));
        let list = workshop
            .muster("uploads list --tenant Fabrikam --json --data-dir data")
            .json();
        let upload = list["uploads"][0]["id"].as_str().unwrap();
        run(&format!("uploads show {upload}"));
        run(&format!("uploads resume {upload}"));
        redacted(&workshop).bind(|| insta::assert_snapshot!("every_command", told));

        let answer = workshop.muster(REGISTER).json();
        let fixit = std::fs::read_to_string(answer["fixit"].as_str().unwrap()).unwrap();
        reports.push((rows(&answer["report"]), fixit));
        drop(served);
    }
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    let workshop = Workshop::new();
    workshop
        .list("list.csv", "--rows 700")
        .list("other.csv", "--rows 3 --seed 2");
    let _served = Served::start(&workshop);
    let other = "register other.csv --tenant Contoso --json --data-dir data";
    let children = [REGISTER, other, REGISTER].map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let mut command = workshop.command(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    });
    let [first, other, second] = children.map(|child| {
        let run = Run::of("register", child.wait_with_output().unwrap());
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        run.json()
    });
    assert_eq!(other["outcomes"]["registered"], 3);
    assert_eq!((&first["rows"], &second["rows"]), (&700.into(), &700.into()));
    for answer in [&first, &second, &other] {
        assert_eq!(rows(&answer["report"]).len(), answer["rows"].as_u64().unwrap() as usize);
    }
    assert!(
        std::fs::read_dir(workshop.path("data/unanswered"))
            .unwrap()
            .next()
            .is_none()
    );
    assert_eq!(workshop.muster("fsck --data-dir data").code, Some(0));
}

#[test]
fn what_only_the_files_show_is_told_by_the_server() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 3");
    let _served = Served::start(&workshop);
    assert_eq!(workshop.muster(REGISTER).code, Some(0));
    std::fs::remove_file(&bodies(&workshop, "list.csv")[0]).unwrap();
    let run = workshop.muster("fsck --json --data-dir data");
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let codes: Vec<Value> = (run.json()["findings"].as_array().unwrap().iter())
        .map(|finding| finding["code"].clone())
        .collect();
    assert_eq!(codes, ["body-missing"]);
}

/// Does this with the state in the data directory, as another process of Muster would.
#[expect(clippy::disallowed_methods, reason = "the server goes by the machine's clock")]
pub(super) fn before<T>(workshop: &Workshop, work: impl AsyncFnOnce(&Embedded) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let clock: muster_local::Clock = Arc::new(Timestamp::now);
        let directory = DataDir::open(workshop.path("data"), "muster", now()).unwrap();
        work(&Embedded::open(directory, clock).await.unwrap()).await
    })
}

/// An upload of this list for Contoso that was split, and then its process died.
pub(super) fn split(workshop: &Workshop, list: &str) -> UploadId {
    let list = workshop.path(list);
    before(workshop, async |embedded| {
        let tenant = embedded.tenants().by_name("Contoso").await.unwrap().unwrap();
        let key = format!("inbox/intune/-/{}/list.csv", tenant.id);
        let objects = embedded.objects();
        let object: ObjectVersion = objects.put_file(&key, &list, "text/csv", &[].into()).await.unwrap();
        assert_eq!(object.bucket, BUCKET);
        let body = serde_json::to_string(&ObjectsCreated::of(&object)).unwrap();
        let delivery = Delivery {
            queue: QueueName::Split,
            body: &body,
            receives: 1,
        };
        embedded.deliver(delivery).await;
        embedded.forget_events().await.unwrap();
        object.upload_id()
    })
}

/// An upload of `list.csv` that was given up a moment ago, as sweep does when nothing moves.
pub(super) fn given_up(workshop: &Workshop) -> UploadId {
    let id = split(workshop, "list.csv");
    before(workshop, async |embedded| {
        let reason = Reason {
            code: "no-progress".to_owned(),
            detail: "nothing moved".to_owned(),
            remedy: "Resume it.".to_owned(),
        };
        let (uploads, now) = (embedded.uploads(), embedded.now());
        assert!(uploads.postpone(&id, 1, 5, now).await.unwrap());
        assert!(uploads.give_up(&id, &reason, now).await.unwrap());
    });
    id
}

#[test]
fn an_upload_that_was_given_up_is_resumed_by_the_server() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 30");
    workshop.muster("tenants add Contoso --data-dir data");
    let id = given_up(&workshop);
    let _served = Served::start(&workshop);
    let start = Instant::now();
    let run = workshop.muster(&format!("uploads resume {id} --json --data-dir data"));
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.json()["counts"]["registered"], 30);
    assert!(start.elapsed() < Duration::from_secs(25), "it waited for the schedule");
}

#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_leaves_the_upload_to_the_server() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 30");
    let (_served, ..) = Served::start(&workshop);
    workshop.muster("tenants add Contoso --data-dir data");
    let uploaded = || -> u32 {
        let objects = Connection::open(workshop.path("data/objects.db")).unwrap();
        let count = "SELECT count(*) FROM versions WHERE CAST(key AS TEXT) LIKE 'inbox/%'";
        objects.query_row(count, [], |row| row.get(0)).unwrap()
    };
    // Nobody can write to the table meanwhile, so the upload cannot end.
    let lock = Connection::open(workshop.path("data/registry.db")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let words: Vec<&str> = REGISTER.split(' ').collect();
    let mut command = workshop.command(&words);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while uploaded() == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_secs(1));
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-s", "INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let run = Run::of("register", child.wait_with_output().unwrap());
    assert_transcript!(workshop, run);
    lock.execute_batch("ROLLBACK").unwrap();

    let answer = workshop.muster(REGISTER).json();
    assert_eq!(
        (&answer["resumed"], &answer["outcomes"]["registered"]),
        (&true.into(), &30.into())
    );
    assert_eq!(workshop.muster(REGISTER).json()["outcomes"]["unchanged"], 30);
}

#[test]
fn a_server_that_comes_and_goes_is_waited_for_a_moment() {
    let workshop = Workshop::new();
    for stage in [Stage::Starting, Stage::Stopping, Stage::Serving(nowhere())] {
        let taken = taken(&workshop, stage);
        let words = ["tenants", "list", "--data-dir", "data"];
        let mut command = workshop.command(&words);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Longer than anybody else is waited for.
        std::thread::sleep(Duration::from_secs(1));
        drop(taken);
        let run = Run::of("tenants list", child.wait_with_output().unwrap());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
}

#[test]
fn a_server_that_does_not_come_is_told() {
    let runs = [Stage::Starting, Stage::Stopping, Stage::Serving(nowhere())].map(|stage| {
        let workshop = Workshop::new();
        let taken = taken(&workshop, stage);
        let mut command = workshop.command(&["tenants", "list", "--data-dir", "data"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        (workshop, taken, child)
    });
    for (workshop, _taken, child) in runs {
        let run = Run::of("tenants list", child.wait_with_output().unwrap());
        let mut settings = redacted(&workshop);
        settings.add_filter(r"port \d+", "port [port]");
        settings.bind(|| insta::assert_snapshot!(run.transcript()));
    }
}

#[test]
fn what_a_dead_server_left_is_no_obstacle() {
    let workshop = Workshop::new();
    drop(taken(&workshop, Stage::Serving(nowhere())));
    assert_eq!(workshop.muster("tenants add Contoso --data-dir data").code, Some(0));
    let mut served = Served::start(&workshop).0;
    served.child.kill().unwrap();
    served.child.wait().unwrap();
    let list = workshop.muster("tenants list --json --data-dir data").json();
    assert_eq!(list["tenants"][0]["name"], "Contoso");
}

#[cfg(unix)]
#[test]
fn the_keys_are_for_one_user_alone_and_in_no_log_and_neither_are_devices() {
    use std::os::unix::fs::PermissionsExt as _;
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 3");
    let served = Served::spawn_with(&workshop, &["--json"], &[("RUST_LOG", "trace")]);
    served.hear("serving");
    let owner = workshop.path("data/muster.owner");
    assert_eq!(owner.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let owner: Value = serde_json::from_slice(&std::fs::read(owner).unwrap()).unwrap();
    let secrets = ["key", "secretKey"].map(|name| owner["server"][name].as_str().unwrap());

    let run = workshop
        .command(&REGISTER.split(' ').collect::<Vec<_>>())
        .env("RUST_LOG", "trace")
        .output();
    let run = Run::of("register", run.unwrap());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let log = std::fs::read_to_string(workshop.path("serve.log")).unwrap();
    assert!(log.contains("an upload is split"), "nothing is logged: {log}");
    let list = std::fs::read_to_string(workshop.path("list.csv")).unwrap();
    let row: Vec<&str> = list.lines().nth(1).unwrap().split(',').collect();
    let (serial, hash) = (row[0], row.iter().max_by_key(|field| field.len()).unwrap());
    assert!(serial.len() > 8 && hash.len() > 1000, "{serial} {hash}");
    assert!(
        !log.contains(serial) && !log.contains(&hash[100..140]),
        "a device is in the log"
    );
    for secret in secrets {
        assert!(secret.len() >= 32);
        for text in [&log, &run.stdout, &run.stderr] {
            assert!(!text.contains(secret));
        }
        assert!(served.said.try_iter().all(|line| !line.contains(secret)));
    }
}
