//! Lists that are sent to a server: killed runs, stopped runs, and long files in parts.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::super::{Run, Workshop};
use super::Remote;

/// A server with a tenant, and a token for it.
fn remote() -> (Remote, String) {
    let workshop = Workshop::new();
    workshop.muster("tenants add Contoso --data-dir data");
    let remote = Remote::over(workshop);
    let token = remote.token("--role tenant-administrator --tenant Contoso");
    (remote, token)
}

const REGISTER: &str = "register list.csv --tenant Contoso --json";

/// Starts a registration that cannot end, since nobody can write to the registry: the process, once its file has arrived.
fn begun(remote: &Remote, token: &str, lock: &Connection) -> Child {
    let line = format!("{REGISTER} --server {}", remote.url);
    let words: Vec<&str> = line.split(' ').collect();
    let mut command = remote.workshop.command(&words);
    command
        .env("MUSTER_TOKEN", token)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // The announcement needs the registry, and what follows the file does, too.
    let child = command.spawn().unwrap();
    let arrived = || -> u32 {
        let objects = Connection::open(remote.workshop.path("data/objects.db")).unwrap();
        let count = "SELECT count(*) FROM versions WHERE CAST(key AS TEXT) LIKE 'inbox/%'";
        objects.query_row(count, [], |row| row.get(0)).unwrap()
    };
    let start = Instant::now();
    while arrived() == 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "the file does not arrive");
        std::thread::sleep(Duration::from_millis(1));
    }
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    child
}

fn uploads(remote: &Remote, token: &str) -> usize {
    let list = remote.muster(token, "uploads list --tenant Contoso --json").json();
    list["uploads"].as_array().unwrap().len()
}

#[test]
fn a_run_that_was_killed_goes_on_with_the_same_upload() {
    let (remote, token) = remote();
    remote.workshop.list("list.csv", "--rows 3000");
    let lock = Connection::open(remote.workshop.path("data/registry.db")).unwrap();
    lock.busy_timeout(Duration::from_secs(30)).unwrap();
    let mut child = begun(&remote, &token, &lock);
    child.kill().unwrap();
    child.wait().unwrap();
    lock.execute_batch("ROLLBACK").unwrap();

    let run = remote.muster(&token, REGISTER);
    let answer = run.json();
    assert_eq!(answer["resumed"], true, "{answer}");
    assert_eq!(answer["outcomes"]["registered"], 3000, "{answer}");
    assert!(run.stderr.is_empty(), "{}", run.stderr);
    assert_eq!(uploads(&remote, &token), 1);
    // What was told is told no more: the same list again is another upload.
    let again = remote.muster(&token, REGISTER).json();
    assert_eq!(
        (&again["resumed"], &again["outcomes"]["unchanged"]),
        (&false.into(), &3000.into())
    );
    assert_eq!(uploads(&remote, &token), 2);
    assert_eq!(remote.workshop.muster("fsck --data-dir data").code, Some(0));
}

#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_leaves_the_upload_to_the_server() {
    let (remote, token) = remote();
    remote.workshop.list("list.csv", "--rows 3000");
    let lock = Connection::open(remote.workshop.path("data/registry.db")).unwrap();
    lock.busy_timeout(Duration::from_secs(30)).unwrap();
    let child = begun(&remote, &token, &lock);
    std::thread::sleep(Duration::from_secs(1));
    let kill = std::process::Command::new("kill")
        .args(["-s", "INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let run = Run::of("register", child.wait_with_output().unwrap());
    lock.execute_batch("ROLLBACK").unwrap();
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    let (what, remedy) = run.stderr.split_once('\n').unwrap();
    assert!(what.starts_with("error: this command was stopped; the server goes on with the upload a-"));
    let line = remedy.trim().strip_prefix("See how it stands: muster ").unwrap();
    let line = line.split(" --server ").next().unwrap();
    let start = Instant::now();
    loop {
        let shown = remote.muster(&token, &format!("{line} --json"));
        assert_eq!(shown.code, Some(0), "{}", shown.stderr);
        if shown.json()["state"] == "finished" {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{}", shown.stdout);
        std::thread::sleep(Duration::from_millis(100));
    }
    let answer = remote.muster(&token, REGISTER).json();
    assert_eq!(answer["resumed"], true, "{answer}");
    assert_eq!(answer["outcomes"]["registered"], 3000, "{answer}");
    assert_eq!(uploads(&remote, &token), 1);
}

/// Announced and never sent: the same command sends it.
#[test]
fn a_run_that_was_killed_before_its_file_arrived_sends_it() {
    let (remote, token) = remote();
    remote.workshop.list("list.csv", "--rows 2");
    let line = format!("{REGISTER} --server {}", remote.url);
    let words: Vec<&str> = line.split(' ').collect();
    let notes = remote.workshop.path(".local/state/muster/unanswered");
    let mut child = remote
        .workshop
        .command(&words)
        .env("MUSTER_TOKEN", &token)
        .spawn()
        .unwrap();
    let start = Instant::now();
    while written(&notes) == 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing is noted");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let answer = remote.muster(&token, REGISTER).json();
    let done = ["registered", "unchanged"].map(|outcome| answer["outcomes"][outcome].as_u64().unwrap_or_default());
    assert_eq!(done.iter().sum::<u64>(), 2, "{answer}");
    assert_eq!(uploads(&remote, &token), 1);
    assert_eq!(written(&notes), 0);
}

/// How many notes are there whole: what a killed run was still writing has a name with a dot, and is none.
fn written(notes: &Path) -> usize {
    let names = notes
        .read_dir()
        .into_iter()
        .flatten()
        .map(|note| note.unwrap().file_name());
    names.filter(|name| !name.to_string_lossy().starts_with('.')).count()
}

/// Blank lines are nothing to read, and many bytes to send: five parts.
#[test]
fn a_long_file_is_sent_in_parts() {
    let (remote, token) = remote();
    remote.workshop.list("short.csv", "--rows 2");
    let text = std::fs::read_to_string(remote.workshop.path("short.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let blank = "\r\n".repeat(34 << 20);
    remote.workshop.write(
        "list.csv",
        format!("{}\r\n{}\r\n{blank}{}\r\n", lines[0], lines[1], lines[2]),
    );
    let answer = remote.muster(&token, REGISTER);
    assert_eq!(answer.code, Some(0), "{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.json()["outcomes"]["registered"], 2);
    assert_eq!(uploads(&remote, &token), 1);
}
