//! `muster fsck`.

use std::path::PathBuf;

use rusqlite::Connection;

use super::{Workshop, assert_transcript};

/// A registry with one list in it, and nothing wrong.
fn registered() -> Workshop {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 25");
    let run = workshop.muster("register list.csv --tenant Contoso --data-dir data");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    workshop
}

/// Takes a row out of a database of the data directory, behind its back.
pub(super) fn damage(workshop: &Workshop, database: &str, statement: &str) {
    let connection = Connection::open(workshop.path("data").join(database)).unwrap();
    assert_eq!(connection.execute(statement, []).unwrap(), 1, "{statement}");
}

#[test]
fn a_registry_in_order_is_told_so() {
    let workshop = registered();
    assert_transcript!(workshop, workshop.muster("fsck --data-dir data"));
    assert_transcript!(workshop, workshop.muster("fsck --repair --data-dir data"));
    let report = workshop.muster("fsck --json --data-dir data").json();
    assert_eq!(
        (&report["left"], &report["counts"]["devices"], &report["findings"]),
        (&0.into(), &25.into(), &serde_json::json!([]))
    );
}

#[test]
fn what_has_one_way_to_be_mended_is_mended_on_request() {
    let workshop = registered();
    let name = "DELETE FROM muster WHERE pk = 'S:TENANTNAME#contoso'";
    damage(&workshop, "registry.db", name);
    assert_transcript!(workshop, workshop.muster("fsck --data-dir data"));
    assert_transcript!(workshop, workshop.muster("fsck --repair --data-dir data"));
    let again = workshop.muster("fsck --data-dir data");
    assert_eq!(again.code, Some(0), "{}", again.stdout);
}

#[test]
fn what_a_person_has_to_decide_is_left() {
    let workshop = registered();
    let report = "DELETE FROM versions WHERE CAST(key AS TEXT) LIKE '%report.csv'";
    damage(&workshop, "objects.db", report);
    assert_transcript!(workshop, workshop.muster("fsck --repair --data-dir data"));
    let told = workshop.muster("fsck --json --data-dir data");
    assert_eq!((told.code, &told.json()["left"]), (Some(1), &1.into()));
}

#[test]
fn what_cannot_be_checked_is_not_called_sound() {
    let workshop = Workshop::new();
    workshop.write("data", "not a directory");
    assert_eq!(workshop.muster("fsck --data-dir data").code, Some(2));
}

/// The bodies of the objects whose keys end so.
pub(super) fn bodies(workshop: &Workshop, ending: &str) -> Vec<PathBuf> {
    let connection = Connection::open(workshop.path("data/objects.db")).unwrap();
    let query = format!("SELECT blob FROM versions WHERE CAST(key AS TEXT) LIKE '%{ending}' ORDER BY seq");
    let mut statement = connection.prepare(&query).unwrap();
    let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    names
        .map(|name| workshop.path("data/blobs").join(name.unwrap()))
        .collect()
}

#[test]
fn what_only_the_files_show_is_told() {
    let workshop = registered();
    std::fs::remove_file(&bodies(&workshop, "list.csv")[0]).unwrap();
    std::fs::write(&bodies(&workshop, "report.csv")[0], "{").unwrap();
    let orphan = workshop.path("data/blobs/0123456789abcdef0123456789abcdef");
    std::fs::write(&orphan, "x").unwrap();
    assert_transcript!(workshop, workshop.muster("fsck --repair --data-dir data"));
    assert!(!orphan.exists(), "what no row names goes at each start");
}

/// Writes over the middle of a database, where no page is that every command reads.
fn scribble(workshop: &Workshop, database: &str) {
    let path = workshop.path("data").join(database);
    let connection = Connection::open(&path).unwrap();
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(connection);
    let mut bytes = std::fs::read(&path).unwrap();
    let pages = bytes.len() / 4096;
    for page in pages / 2..pages {
        bytes[page * 4096..page * 4096 + 16].fill(0xFF);
    }
    std::fs::write(&path, bytes).unwrap();
}

#[test]
fn a_database_that_is_damaged_is_told_before_anything_that_is_in_it() {
    let workshop = registered();
    scribble(&workshop, "registry.db");
    let run = workshop.muster("fsck --repair --data-dir data");
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        (lines[0], lines.len()),
        ("Checked the files alone.", 7),
        "{}",
        run.stdout
    );
    assert!(
        lines[2].starts_with("database registry.db: ") && lines[2].ends_with(" (database-damaged)"),
        "{}",
        lines[2]
    );
    assert!(
        lines[4].contains("Put a backup of the whole data directory in its place."),
        "{}",
        lines[4]
    );

    // In this one every command reads all that there is.
    let workshop = registered();
    scribble(&workshop, "objects.db");
    let run = workshop.muster("fsck --data-dir data");
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("objects.db is damaged") && run.stderr.contains("backup"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_deployment_that_cannot_be_reached_has_a_remedy_of_its_own() {
    let workshop = Workshop::new();
    let words = ["fsck", "--table", "t", "--bucket", "b"];
    let mut command = workshop.command(&words);
    // Nobody listens there.
    for (name, value) in [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_MAX_ATTEMPTS", "1"),
    ] {
        command.env(name, value);
    }
    let run = command.output().unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(2), "{told}");
    assert!(told.contains("See that AWS can be reached"), "{told}");
}
