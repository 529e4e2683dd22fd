//! `muster sample`, and the samples in this repository.

use std::path::Path;

use super::{Workshop, assert_transcript};

#[test]
fn the_samples_in_the_repository_are_what_the_command_writes() {
    let workshop = Workshop::new();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    for (name, options) in [
        ("device-list.csv", "--rows 25"),
        ("device-list-with-problems.csv", "--rows 40 --seed 2 --faults"),
    ] {
        let kept = std::fs::read(samples.join(name)).unwrap();
        let written = workshop.muster(&format!("sample {options}")).stdout;
        assert!(
            kept == written.as_bytes(),
            "samples/{name} is not what `muster sample {options}` writes"
        );
    }
}

#[test]
fn the_same_options_give_the_same_list_and_another_seed_another_one() {
    let workshop = Workshop::new();
    let list = |options: &str| workshop.muster(&format!("sample --rows 9 {options}")).stdout;
    assert_eq!(list("--faults"), list("--faults"));
    assert_ne!(list(""), list("--seed 2"));
}

#[test]
fn a_list_of_no_rows_has_a_header() {
    let workshop = Workshop::new();
    let run = workshop.muster("sample --rows 0 --dialect three-columns");
    assert_eq!(run.stdout, "Device Serial Number,Windows Product ID,Hardware Hash\r\n");
}

#[test]
fn what_cannot_be_written_is_told() {
    let workshop = Workshop::new();
    assert_transcript!(workshop, workshop.muster("sample --rows 1 --dialect excel"));
    assert_transcript!(workshop, workshop.muster("sample --rows 1 --output nowhere/list.csv"));
    assert_transcript!(workshop, workshop.muster("sample --rows many"));
}
