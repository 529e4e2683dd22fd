//! `muster fsck`.

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
fn damage(workshop: &Workshop, database: &str, statement: &str) {
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
