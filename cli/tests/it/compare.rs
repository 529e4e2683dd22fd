//! `muster compare`.

use hardware_hash::generate::{Capture, Generator, Rewritten, SyntheticDevice};

use super::{Workshop, assert_transcript};

fn capture(device: &SyntheticDevice, days: u32) -> String {
    let mut settings = Capture::default();
    settings.time += days * 86_400;
    device.capture(&settings).to_text()
}

fn workshop() -> Workshop {
    let device = Generator::new(9).device(1);
    let board = device.clone().with_new_board(1, Rewritten::Serial);
    let workshop = Workshop::new();
    workshop
        .write("old.txt", capture(&device, 0))
        .write("disk.txt", capture(&device.with_new_disk(1), 30));
    workshop.write("board.txt", capture(&board, 30));
    workshop
}

#[test]
fn a_new_disk_leaves_a_device_the_same() {
    let workshop = workshop();
    assert_transcript!(workshop, workshop.muster("compare old.txt disk.txt"));
}

#[test]
fn a_new_board_makes_another_device() {
    let workshop = workshop();
    assert_transcript!(workshop, workshop.muster("compare old.txt board.txt"));
}

#[test]
fn the_verdict_as_json_explains_itself() {
    let workshop = workshop();
    let value = workshop.muster("compare old.txt board.txt --json").json();
    assert_eq!(
        (&value["sameDevice"], &value["veto"]),
        (&false.into(), &"board-replaced".into())
    );
    assert_eq!(value["parts"].as_array().unwrap().len(), 7);
    assert_eq!(
        value["parts"][2]["a"], value["parts"][2]["b"],
        "the serial number was rewritten"
    );
}

#[test]
fn each_side_must_be_one_hash() {
    let workshop = workshop();
    workshop.list("list.csv", "--rows 2").write("cut.txt", "T0GX");
    assert_transcript!(workshop, workshop.muster("compare old.txt list.csv"));
    assert_transcript!(workshop, workshop.muster("compare old.txt cut.txt"));
    assert_transcript!(workshop, workshop.muster("compare old.txt nowhere.txt"));
}
