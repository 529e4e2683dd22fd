//! `muster devices`.

use std::collections::BTreeSet;

use super::{Workshop, assert_transcript};

fn workshop(rows: u64) -> Workshop {
    let workshop = Workshop::new();
    workshop.list("list.csv", &format!("--rows {rows} --dialect partner-center"));
    assert_eq!(
        workshop
            .muster("register list.csv --tenant Contoso --data-dir data")
            .code,
        Some(0)
    );
    workshop
}

fn only_id(workshop: &Workshop, serial: &str) -> String {
    let page = workshop
        .muster(&format!(
            "devices list --tenant Contoso --serial {serial} --json --data-dir data"
        ))
        .json();
    page["devices"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn devices_are_listed_in_pages_each_once() {
    let workshop = workshop(23);
    let (mut seen, mut from, mut pages) = (BTreeSet::new(), String::new(), 0);
    loop {
        let page = workshop
            .muster(&format!(
                "devices list --tenant Contoso --limit 10 --json --data-dir data {from}"
            ))
            .json();
        for device in page["devices"].as_array().unwrap() {
            assert!(
                seen.insert(device["serial"].as_str().unwrap().to_owned()),
                "{device} comes twice"
            );
        }
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        from = format!("--from {next}");
    }
    assert_eq!((seen.len(), pages), (23, 3));
}

#[test]
fn a_list_is_a_table() {
    let workshop = workshop(1);
    assert_transcript!(
        workshop,
        workshop.muster("devices list --tenant Contoso --data-dir data")
    );
    assert_transcript!(
        workshop,
        workshop.muster("devices list --tenant Contoso --serial X --data-dir data")
    );
    assert_transcript!(
        workshop,
        workshop.muster("devices list --tenant Contoso --from nonsense --data-dir data")
    );
    assert_transcript!(
        workshop,
        workshop.muster("devices list --tenant Contoso --limit 0 --data-dir data")
    );
}

#[test]
fn a_device_is_found_by_id_serial_number_and_pkid() {
    let workshop = workshop(2);
    assert_transcript!(workshop, workshop.muster("devices show TEST-1-0000001 --data-dir data"));
    let by = |name: &str| {
        workshop
            .muster(&format!("devices show {name} --json --data-dir data"))
            .json()
    };
    let device = by("TEST-1-0000001");
    assert_eq!(by(device["id"].as_str().unwrap()), device);
    assert_eq!(by(device["pkid"].as_str().unwrap()), device);
    assert_transcript!(workshop, workshop.muster("devices show TEST-1 --data-dir data"));
}

#[test]
fn a_serial_number_that_two_devices_have_names_neither() {
    let workshop = Workshop::new();
    workshop.list("own.csv", "--rows 1 --seed 5");
    let header = "Manufacturer,Model,Serial Number\r\n";
    workshop.write(
        "tuples.csv",
        format!("{header}Contoso,Book,S1\r\nContoso,Tablet,S1\r\n"),
    );
    workshop.muster("register own.csv --tenant Contoso --data-dir data");
    workshop.muster("consent request --tenant Contoso --partner adatum --kind oem --data-dir data");
    workshop.muster("consent grant --tenant Contoso --partner adatum --data-dir data");
    assert_eq!(
        workshop
            .muster("register tuples.csv --tenant Contoso --partner adatum --data-dir data")
            .code,
        Some(0)
    );
    let run = workshop.muster("devices show S1 --data-dir data");
    assert_eq!((run.code, run.stdout.lines().count()), (Some(2), 3));
    assert!(
        run.stderr.contains("2 devices have the serial number `S1`"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_released_device_is_free_and_can_be_registered_again() {
    let workshop = workshop(2);
    let id = only_id(&workshop, "TEST-1-0000001");
    assert_transcript!(
        workshop,
        workshop.muster(&format!("devices release {id} --tenant Contoso --data-dir data"))
    );
    assert_transcript!(
        workshop,
        workshop.muster(&format!("devices release {id} --tenant Contoso --data-dir data"))
    );
    assert_eq!(
        workshop
            .muster(&format!("devices show {id} --json --data-dir data"))
            .json()["state"],
        "released"
    );
    let again = workshop
        .muster("register list.csv --tenant Contoso --json --data-dir data")
        .json();
    assert_eq!(
        (&again["outcomes"]["registered"], &again["outcomes"]["unchanged"]),
        (&1.into(), &1.into()),
        "{again}"
    );
}

#[test]
fn an_id_that_is_none_is_a_usage_error() {
    let workshop = Workshop::new();
    assert_transcript!(
        workshop,
        workshop.muster("devices release 17 --tenant Contoso --data-dir data")
    );
}

#[test]
fn a_device_is_changed_and_its_history_says_so() {
    let workshop = workshop(2);
    let id = only_id(&workshop, "TEST-1-0000001");
    let change = format!(
        "devices update {id} --tenant Contoso --group-tag Sales --user ada@contoso.com --display-name PC-1 \
         --purchase-order PO-7 --data-dir data"
    );
    assert_transcript!(workshop, workshop.muster(&change));
    assert_transcript!(workshop, workshop.muster(&change));
    assert_transcript!(workshop, workshop.muster(&format!("devices show {id} --data-dir data")));
    let cleared = workshop
        .muster(&format!(
            "devices update {id} --tenant Contoso --user= --json --data-dir data"
        ))
        .json();
    assert_eq!(
        (&cleared["version"], &cleared["displayName"]),
        (&3.into(), &"PC-1".into())
    );
    assert!(
        cleared.get("assignedUser").is_none() && cleared.get("components").is_none(),
        "{cleared}"
    );
    assert_transcript!(
        workshop,
        workshop.muster(&format!("devices history {id} --data-dir data"))
    );
    let history = workshop
        .muster(&format!(
            "devices history {id} --limit 1 --from 3 --json --data-dir data"
        ))
        .json();
    assert_eq!(
        (&history["changes"][0]["version"], &history["next"]),
        (&2.into(), &"2".into()),
        "{history}"
    );
}

#[test]
fn a_change_that_cannot_be_made_says_why() {
    let workshop = workshop(1);
    let id = only_id(&workshop, "TEST-1-0000001");
    for options in ["", "--display-name 12345 --user ada", "--group-tag x --tenant Tailspin"] {
        let tenant = if options.contains("--tenant") {
            ""
        } else {
            "--tenant Contoso"
        };
        assert_transcript!(
            workshop,
            workshop.muster(&format!("devices update {id} {tenant} {options} --data-dir data"))
        );
    }
    assert_eq!(
        workshop
            .muster(&format!("devices release {id} --tenant Contoso --data-dir data"))
            .code,
        Some(0)
    );
    assert_transcript!(
        workshop,
        workshop.muster(&format!(
            "devices update {id} --tenant Contoso --group-tag x --data-dir data"
        ))
    );
}

#[test]
fn a_list_is_filtered() {
    let workshop = workshop(5);
    let id = only_id(&workshop, "TEST-1-0000002");
    workshop.muster(&format!(
        "devices update {id} --tenant Contoso --group-tag Sales --data-dir data"
    ));
    let serials = |options: &str| -> Vec<String> {
        let page = workshop
            .muster(&format!(
                "devices list --tenant Contoso --json --data-dir data {options}"
            ))
            .json();
        let devices = page["devices"].as_array().unwrap();
        devices
            .iter()
            .map(|d| d["serial"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(serials("--group-tag Sales"), ["TEST-1-0000002"]);
    assert_eq!(serials("").len(), 5);
    assert!(serials("--partner adatum").is_empty());
    let device = workshop
        .muster(&format!("devices show {id} --json --data-dir data"))
        .json();
    let upload = device["source"]["upload"].as_str().unwrap();
    assert_eq!(serials(&format!("--upload {upload}")).len(), 5);
    workshop.muster(&format!("devices release {id} --tenant Contoso --data-dir data"));
    assert_eq!(serials("--state released"), ["TEST-1-0000002"]);
    assert!(serials("--group-tag Sales").is_empty());
    assert_transcript!(
        workshop,
        workshop.muster("devices list --tenant Contoso --state merged --data-dir data")
    );
}

#[test]
fn a_device_is_rebound_to_its_new_board() {
    let workshop = workshop(2);
    workshop.list("repaired.csv", "--rows 1 --replaced board");
    workshop.list("disk.csv", "--rows 1 --replaced disk");
    let id = only_id(&workshop, "TEST-1-0000001");
    let failed = workshop.muster("register repaired.csv --tenant Contoso --data-dir data");
    assert_eq!(failed.code, Some(1), "{}", failed.stdout);
    let marked =
        workshop.muster("devices list --tenant Contoso --remediation manualRemediationRequired --json --data-dir data");
    assert_eq!(marked.json()["devices"][0]["id"], id.as_str());
    assert_transcript!(workshop, workshop.muster(&format!("devices show {id} --data-dir data")));

    let rebind = |options: &str| {
        let line = format!("devices rebind {id} --tenant Contoso {options} --reason ticket-4711 --data-dir data");
        workshop.muster(&line)
    };
    workshop.list("two.csv", "--rows 2 --replaced board");
    workshop.list("other.csv", "--rows 1 --seed 2");
    for hash in ["two.csv", "other.csv", "missing.csv"] {
        assert_transcript!(workshop, rebind(&format!("--hash {hash}")));
    }
    for _ in 0..2 {
        assert_transcript!(workshop, rebind("--hash repaired.csv"));
    }
    let again = rebind("--hash repaired.csv --json").json();
    assert_eq!(
        (&again["changed"], &again["device"]["version"]),
        (&false.into(), &3.into()),
        "{again}"
    );
    assert_transcript!(
        workshop,
        workshop.muster(&format!("devices history {id} --data-dir data"))
    );
    let old = workshop
        .muster("register disk.csv --tenant Contoso --json --data-dir data")
        .json();
    assert_eq!(
        old["outcomes"]["ambiguous"], 1,
        "the old board is another one now: {old}"
    );
    let line = format!("devices rebind {id} --tenant Contoso --hash repaired.csv --reason= --data-dir data");
    let blank = workshop.muster(&line);
    assert_eq!(blank.code, Some(2), "{}", blank.stderr);
}
