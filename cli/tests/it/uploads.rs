//! `muster uploads`.

use super::beside::{before, given_up};
use super::{Workshop, assert_transcript};

#[test]
fn uploads_are_listed_newest_first_and_shown() {
    let workshop = Workshop::new();
    workshop
        .list("good.csv", "--rows 3")
        .list("bad.csv", "--rows 4 --faults")
        .write("page.csv", "<html>");
    for file in ["good.csv", "bad.csv", "page.csv"] {
        workshop.muster(&format!("register {file} --tenant Contoso --data-dir data"));
    }
    assert_transcript!(
        workshop,
        workshop.muster("uploads list --tenant Contoso --data-dir data")
    );
    let list = workshop
        .muster("uploads list --tenant Contoso --json --data-dir data")
        .json();
    for upload in list["uploads"].as_array().unwrap() {
        let id = upload["id"].as_str().unwrap();
        let mut run = workshop.muster(&format!("uploads show {id} --data-dir data"));
        run.command = "uploads show [upload]".to_owned();
        assert_transcript!(workshop, run);
        assert_eq!(
            &workshop
                .muster(&format!("uploads show {id} --json --data-dir data"))
                .json(),
            upload
        );
    }
    let page = workshop
        .muster("uploads list --tenant Contoso --limit 2 --json --data-dir data")
        .json();
    let next = page["next"].as_str().unwrap();
    let rest = workshop
        .muster(&format!(
            "uploads list --tenant Contoso --limit 2 --from {next} --json --data-dir data"
        ))
        .json();
    assert_eq!(rest["uploads"][0], list["uploads"][2]);
}

#[test]
fn what_is_not_there_is_told() {
    let workshop = Workshop::new();
    assert_transcript!(workshop, workshop.muster("uploads list --unassigned --data-dir data"));
    assert_transcript!(workshop, workshop.muster("uploads list --data-dir data"));
    assert_transcript!(
        workshop,
        workshop.muster("uploads show u-AAAAAAAAAAAAAAAAAAAA --data-dir data")
    );
    assert_transcript!(workshop, workshop.muster("uploads show 17 --data-dir data"));
}

#[test]
fn only_an_upload_that_was_given_up_is_resumed() {
    let workshop = Workshop::new();
    workshop.list("good.csv", "--rows 3");
    let told = workshop.muster("register good.csv --tenant Contoso --data-dir data --json");
    let id = told.json()["uploadId"].as_str().unwrap().to_owned();
    assert_transcript!(
        workshop,
        workshop.muster(&format!("uploads resume {id} --data-dir data"))
    );
}

/// A run that resumed an upload and was interrupted says that the same command goes on.
#[test]
fn what_an_earlier_run_resumed_goes_on_and_is_told() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 3");
    workshop.muster("tenants add Contoso --data-dir data");
    let id = given_up(&workshop);
    let resumed = before(&workshop, async |embedded| {
        embedded.uploads().resume(&id, embedded.now()).await
    });
    assert!(resumed.unwrap());
    for _ in 0..2 {
        let mut run = workshop.muster(&format!("uploads resume {id} --data-dir data"));
        run.command = "uploads resume [upload]".to_owned();
        assert_transcript!(workshop, run);
    }
}
