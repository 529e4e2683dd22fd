//! The lock, its owner, and the words for what can be wrong.

use std::io;
use std::process::{Command, Stdio};

use super::*;
use crate::dynamodb::DynamoDb;
use crate::objects::Objects;
use crate::objects::tests::options;

fn noon() -> Timestamp {
    "2026-01-02T12:00:00Z".parse().unwrap()
}

#[test]
fn a_second_owner_is_refused_and_told_who_the_first_is() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("data");
    let first = DataDir::open(&path, "muster serve", noon()).unwrap();
    let refusal = DataDir::open(&path, "muster register list.csv", noon()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        format!(
            "the data directory {} is in use by `muster serve` (process {}, since 2026-01-02T12:00:00Z): \
             let it finish, or name another directory with --data-dir",
            path.display(),
            std::process::id()
        )
    );
    drop(first);
    DataDir::open(&path, "muster register list.csv", noon()).unwrap();
}

#[test]
fn a_stale_or_unreadable_owner_file_is_no_obstacle() {
    let scratch = tempfile::tempdir().unwrap();
    for stale in [
        r#"{"pid":1,"command":"muster serve","since":"2020-01-01T00:00:00Z"}"#,
        r#"{"pid":1,"command":"muster serve","since":"2020-01-01T00:00:00Z","server":{"stage":"serving","http":1}}"#,
        "",
        "{\"pid",
    ] {
        fs::write(scratch.path().join("muster.owner"), stale).unwrap();
        let dir = DataDir::open(scratch.path(), "muster", noon()).unwrap();
        assert_eq!(
            Owner::read(dir.path()).unwrap().pid,
            std::process::id(),
            "after {stale:?}"
        );
    }
}

#[test]
#[ignore = "the other half of the next test, which runs it in a process of its own"]
fn a_process_that_takes_its_working_directory_and_waits() {
    let held = DataDir::open(".", "muster doomed", noon()).unwrap();
    println!("taken");
    std::thread::sleep(std::time::Duration::from_secs(60));
    drop(held);
}

#[test]
fn a_killed_owner_leaves_no_lock_behind() {
    use io::BufRead;
    let scratch = tempfile::tempdir().unwrap();
    let name = "data_dir::tests::a_process_that_takes_its_working_directory_and_waits";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--ignored", "--nocapture"])
        .current_dir(scratch.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = io::BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        lines.map_while(Result::ok).any(|line| line.contains("taken")),
        "the other process has the lock"
    );
    let refusal = DataDir::open(scratch.path(), "muster", noon()).unwrap_err().to_string();
    assert!(refusal.contains("`muster doomed`"), "{refusal}");
    child.kill().unwrap();
    child.wait().unwrap();
    DataDir::open(scratch.path(), "muster", noon()).unwrap();
}

#[cfg(unix)]
#[test]
fn who_has_it_and_how_to_reach_it_is_for_one_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = tempfile::tempdir().unwrap();
    // As an older version, or somebody else, may have left them.
    for name in ["muster.owner", "muster.owner.new"] {
        fs::write(scratch.path().join(name), "x").unwrap();
        fs::set_permissions(scratch.path().join(name), fs::Permissions::from_mode(0o644)).unwrap();
    }
    let dir = DataDir::open(scratch.path(), "muster serve", noon()).unwrap();
    let access = Access {
        http: 1,
        s3: 2,
        key: "sesame".to_owned(),
        access_key: "id".to_owned(),
        secret_key: "barley".to_owned(),
        authority: None,
    };
    let serving = Stage::Serving(access);
    dir.announce(serving.clone()).unwrap();
    let mode = fs::metadata(dir.path().join("muster.owner"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let refusal = DataDir::open(dir.path(), "muster", noon()).unwrap_err();
    let told = format!("{refusal} {refusal:?}");
    assert!(!told.contains("sesame") && !told.contains("barley"), "{told}");
    let DataDirError::InUse { owner: Some(owner), .. } = refusal else {
        panic!("{told}");
    };
    assert_eq!((owner.command.as_str(), owner.server), ("muster serve", Some(serving)));
}

#[cfg(unix)]
#[test]
fn a_new_directory_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = tempfile::tempdir().unwrap();
    let dir = DataDir::open(scratch.path().join("a/b"), "muster", noon()).unwrap();
    assert_eq!(fs::metadata(dir.path()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[cfg(unix)]
#[test]
fn a_directory_that_is_there_is_closed_to_others_unless_it_is_theirs_too() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    for (before, holds, closed) in [
        (0o755, None, true),
        (0o777, None, true),
        (0o750, Some("muster.lock"), true),
        (0o755, Some("registry.db"), true),
        (0o755, Some("thesis.txt"), false),
        (0o1777, None, false),
    ] {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path();
        holds
            .into_iter()
            .for_each(|name| fs::write(path.join(name), "").unwrap());
        fs::set_permissions(path, fs::Permissions::from_mode(before)).unwrap();
        match DataDir::open(path, "muster", noon()) {
            Ok(directory) => {
                assert!(closed && directory.was_open_to_others(), "{before:o} {holds:?}");
                assert_eq!(mode(path), 0o700);
                drop(directory);
                assert!(!DataDir::open(path, "muster", noon()).unwrap().was_open_to_others());
            }
            Err(error) => {
                assert!(
                    !closed && matches!(error, DataDirError::OpenToOthers { .. }),
                    "{before:o} {error}"
                );
                assert_eq!(mode(path), before);
            }
        }
    }
}

#[test]
fn a_path_that_is_or_runs_through_a_file_is_named() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("file");
    fs::write(&file, "x").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = DataDir::open(&path, "muster", noon()).unwrap_err();
        assert!(
            matches!(error, DataDirError::NotADirectory { .. }),
            "{path:?}: {error:?}"
        );
    }
}

#[test]
fn a_file_that_is_no_database_is_called_damaged_with_its_name_and_a_remedy() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = DataDir::open(scratch.path(), "muster", noon()).unwrap();
    fs::write(dir.registry_db(), "x".repeat(10_000)).unwrap();
    fs::write(dir.objects_db(), "x".repeat(10_000)).unwrap();
    let registry = DynamoDb::open(dir.registry_db()).unwrap_err();
    let objects = Objects::open(dir.objects_db(), dir.blobs(), options(&[])).unwrap_err();
    for (error, name) in [(registry, "registry.db"), (objects, "objects.db")] {
        assert!(matches!(error, DataDirError::Damaged { .. }), "{error:?}");
        let words = error.to_string();
        assert!(words.contains(name) && words.contains("put a backup"), "{words}");
    }
}

#[test]
fn faults_of_the_operating_system_are_sorted_by_what_helps() {
    let sorted = |kind: io::ErrorKind| DataDirError::from_io(Path::new("d"), "open it", kind.into()).to_string();
    assert_eq!(
        sorted(io::ErrorKind::StorageFull),
        "the disk that holds d is full: free some space and try again"
    );
    for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem] {
        assert_eq!(
            sorted(kind),
            "cannot write to d: make it writable for this user, or name another directory with --data-dir"
        );
    }
    assert_eq!(sorted(io::ErrorKind::TimedOut), "d: could not open it: timed out");
}

#[test]
fn what_is_left_of_an_error_of_sqlite_in_an_answer_is_sorted_the_same_way() {
    let sorted = |text: &str| {
        let error = dynoxide::DynoxideError::InternalServerError(text.to_owned());
        DataDirError::from_dynoxide(Path::new("d"), &error).code()
    };
    for (text, code) in [
        ("backend: database or disk is full", Some("DiskFull")),
        ("backend: attempt to write a readonly database", Some("DiskReadOnly")),
        ("backend: unable to open database file", Some("DiskReadOnly")),
        ("backend: I/O error: disk I/O error", Some("DiskFailing")),
        ("backend: database disk image is malformed", Some("DatabaseDamaged")),
        ("backend: malformed database schema (t)", Some("DatabaseDamaged")),
        ("backend: not a valid database", Some("DatabaseDamaged")),
        ("backend: database is locked or busy", None),
        ("database or disk is full, says an item", None),
    ] {
        assert_eq!(sorted(text), code, "{text}");
    }
}
