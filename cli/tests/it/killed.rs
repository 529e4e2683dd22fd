//! `kill -9` in the middle of `muster register`, and the same command again.

use std::process::Stdio;
use std::time::Duration;

use super::Workshop;

const REGISTER: &str = "register list.csv --tenant Contoso --json --data-dir data";
const ROWS: u64 = 700;

fn devices(workshop: &Workshop) -> usize {
    let list = workshop
        .muster("devices list --tenant Contoso --limit 1000 --json --data-dir data")
        .json();
    list["devices"].as_array().unwrap().len()
}

/// Whether a run has told its result: the report is there, and the note that nobody was told is gone.
fn has_answered(workshop: &Workshop) -> bool {
    let count = |name: &str| std::fs::read_dir(workshop.path(name)).map_or(0, Iterator::count);
    count("data/reports") > 0 && count("data/unanswered") == 0
}

#[test]
fn the_same_command_ends_as_if_nothing_had_happened() {
    let mut resumed = 0;
    for delay in [10, 60, 150, 400, 900, 2000] {
        let workshop = Workshop::new();
        workshop.list("list.csv", &format!("--rows {ROWS}"));
        let words: Vec<&str> = REGISTER.split(' ').collect();
        let mut child = workshop
            .command(&words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        // Between its answer and its end it has nothing left to do.
        let finished = child.wait().unwrap().success() || has_answered(&workshop);

        let run = workshop.muster(REGISTER);
        let answer = run.json();
        let expected = if finished { "unchanged" } else { "registered" };
        assert_eq!(
            (run.code, &answer["outcomes"][expected]),
            (Some(0), &ROWS.into()),
            "after {delay} ms: {answer}"
        );
        assert_eq!(devices(&workshop), 700, "after {delay} ms");
        let uploads = workshop
            .muster("uploads list --tenant Contoso --json --data-dir data")
            .json();
        assert_eq!(
            uploads["uploads"].as_array().unwrap().len(),
            if finished { 2 } else { 1 },
            "after {delay} ms"
        );
        resumed += u32::from(answer["resumed"] == true);
    }
    assert!(resumed > 0, "no run was interrupted where it could be resumed");
}

/// Registers the list; whoever should read the answer is gone before it comes.
fn to_nobody(workshop: &Workshop) {
    let words: Vec<&str> = REGISTER.split(' ').collect();
    let mut child = workshop.command(&words).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    child.wait().unwrap();
}

#[test]
fn a_result_that_nobody_was_told_is_told_by_the_next_run() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 3");
    to_nobody(&workshop);
    let second = workshop.muster(REGISTER).json();
    assert_eq!(
        (&second["resumed"], &second["outcomes"]["registered"]),
        (&true.into(), &3.into())
    );
    let third = workshop.muster(REGISTER).json();
    assert_ne!(third["uploadId"], second["uploadId"]);
    assert_eq!(third["outcomes"]["unchanged"], 3);
}

#[test]
fn other_options_are_another_upload() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 3");
    to_nobody(&workshop);
    let other = workshop.muster(&format!("{REGISTER} --group-tag X")).json();
    assert_eq!(other["resumed"], false);
    let same = workshop.muster(REGISTER).json();
    assert_ne!(same["uploadId"], other["uploadId"]);
}

#[test]
fn what_a_killed_first_start_left_is_made_anew() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 3");
    std::fs::create_dir(workshop.path("data")).unwrap();
    workshop
        .write("data/registry.db.new", "half a database")
        .write("data/registry.db.new-wal", "half a log");
    assert_eq!(workshop.muster(REGISTER).json()["outcomes"]["registered"], 3);
    assert!(!workshop.path("data/registry.db.new").exists());
}
