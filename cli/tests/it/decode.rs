//! `muster decode`.

use super::{Workshop, assert_transcript, hash};

#[test]
fn a_hash_on_the_command_line_is_shown_as_a_table() {
    let workshop = Workshop::new();
    let mut run = workshop.muster(&format!("decode {}", hash(1)));
    run.command = "decode [hash]".to_owned();
    assert_transcript!(workshop, run);
}

#[test]
fn a_damaged_hash_is_shown_as_far_as_possible() {
    let workshop = Workshop::new();
    let good = hash(1);
    let (head, tail) = good.split_at(1000);
    workshop.write("damaged.txt", format!("{head}\r\n{}", tail.replacen('A', "B", 1)));
    let run = workshop.muster("decode damaged.txt");
    assert_eq!(run.code, Some(1));
    let beginning: Vec<&str> = run.stdout.lines().take(5).collect();
    insta::assert_snapshot!(beginning.join("\n"), @r"
    damaged.txt
      repaired: blanks or line breaks inside the hash were left out
      fault: the record at byte 748 of the hash cannot be read, nor what follows; capture the hash again
      fault: the checksum does not fit the content: the hash was damaged or edited; capture it again
      Identity
    ");
}

#[test]
fn a_list_gives_one_json_object_a_line() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 8 --faults");
    let run = workshop.muster("decode list.csv --json");
    assert_eq!(run.code, Some(1), "two rows have faults");
    let rows: Vec<serde_json::Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 8);
    assert_eq!(rows[0]["identity"]["serialNumber"], "TEST-1-0000001");
    assert_eq!(rows[0]["fields"]["SmbiosSystemSerialNumber"], "TEST-1-0000001");
    assert_eq!(
        (&rows[3]["line"], &rows[3]["findings"][0]["code"]),
        (&5.into(), &"checksum-mismatch".into())
    );
    assert!(rows[7]["rowProblems"][0].as_str().unwrap().contains("1.23457E+11"));
}

#[test]
fn the_json_of_a_hash_holds_everything() {
    let workshop = Workshop::new();
    let mut value = workshop.muster(&format!("decode --json {}", hash(1))).json();
    let fields = value["fields"].as_object_mut().unwrap();
    fields.retain(|name, _| !["TpmEkPub", "LicensingHwid"].contains(&name.as_str()));
    insta::assert_json_snapshot!(value);
}

#[test]
fn files_of_plain_hashes_are_read_in_the_forms_that_tools_write() {
    let workshop = Workshop::new();
    let wide: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(hash(1).encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let wrapped: String = hash(1)
        .as_bytes()
        .chunks(76)
        .map(|line| format!("{}\n", str::from_utf8(line).unwrap()))
        .collect();
    let serials = |name: &str| -> Vec<String> {
        let run = workshop.muster(&format!("decode --json {name}"));
        let objects = run
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        objects
            .map(|o| o["identity"]["serialNumber"].as_str().unwrap_or("none").to_owned())
            .collect()
    };
    workshop.write("powershell.txt", wide).write("wrapped.txt", wrapped);
    workshop.write("two.txt", format!("\n{}\r\n\r\n{}\n", hash(1), hash(2)));
    assert_eq!(serials("powershell.txt"), ["TEST-9-0000001"]);
    assert_eq!(serials("wrapped.txt"), ["TEST-9-0000001"]);
    assert_eq!(serials("two.txt"), ["TEST-9-0000001", "TEST-9-0000002"]);
    assert_eq!(
        workshop.muster_with("decode --json -", hash(3).as_bytes()).json()["identity"]["serialNumber"],
        "TEST-9-0000003"
    );
}

#[test]
fn what_is_no_hash_is_told_so() {
    let workshop = Workshop::new();
    workshop
        .write("letter.txt", "Dear Sir or Madam,\n")
        .write("empty.txt", "");
    assert_transcript!(workshop, workshop.muster("decode nowhere.txt"));
    assert_transcript!(workshop, workshop.muster("decode letter.txt"));
    assert_transcript!(workshop, workshop.muster("decode empty.txt"));
    assert_transcript!(workshop, workshop.muster("decode T0gAAA"));
    assert_transcript!(workshop, workshop.muster("decode ."));
}

#[test]
fn a_row_without_a_hash_is_told_so() {
    let workshop = Workshop::new();
    workshop.write(
        "list.csv",
        "Device Serial Number,Windows Product ID,Hardware Hash\r\nTEST-1,,\r\n",
    );
    assert_transcript!(workshop, workshop.muster("decode list.csv"));
}

#[test]
fn foreign_text_cannot_steer_the_terminal() {
    let workshop = Workshop::new();
    workshop.write(
        "list.csv",
        "Device Serial Number,Windows Product ID,Hardware Hash\r\nA\u{1b}[31mB,,T0\r\n",
    );
    let run = workshop.muster("decode list.csv");
    assert!(!run.stdout.contains('\u{1b}'), "{}", run.stdout);
}
