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
fn a_device_with_a_serial_number_of_its_own_has_it_in_its_hash_and_is_the_same_wherever_it_stands() {
    let workshop = Workshop::new();
    let rows = |options: &str| -> Vec<String> {
        let run = workshop.muster(&format!("sample --dialect three-columns {options}"));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stdout.lines().skip(1).map(str::to_owned).collect()
    };
    let both = rows("--serial PC-1 --serial PC-2-808");
    assert_eq!(both, [rows("--serial PC-1"), rows("--serial PC-2-808")].concat());
    assert_ne!(rows("--serial PC-1 --seed 2"), rows("--serial PC-1"));
    for (row, serial) in both.iter().zip(["PC-1", "PC-2-808"]) {
        let cells: Vec<&str> = row.split(',').collect();
        assert_eq!(cells[0], serial);
        let decoded = workshop.muster_with("decode - --json", cells[2].as_bytes());
        assert!(
            decoded.stdout.contains(&format!("\"{serial}\"")),
            "{}{}",
            decoded.stdout,
            decoded.stderr
        );
    }
    workshop.write("two.csv", workshop.muster("sample --serial PC-1 --serial PC-2").stdout);
    let checked = workshop.muster("check two.csv");
    assert_eq!(checked.code, Some(0), "{}", checked.stdout);
    for wrong in ["sample", "sample --serial PC-1 --rows 1", "sample --serial größe"] {
        assert_eq!(workshop.muster(wrong).code, Some(2), "{wrong}");
    }
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
