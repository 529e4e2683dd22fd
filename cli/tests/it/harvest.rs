//! `muster harvest`: an inventory in, those devices registered that a profile converts, here and through a server.

use std::sync::Arc;

use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::grant::Verb;
use muster_core::history::Requester;
use muster_core::id::ProfileId;
use muster_core::party::Registrant;
use muster_core::profile::{Assignment, OutOfBoxExperience, Profile, Settings, UserType};
use muster_local::data_dir::DataDir;
use muster_local::flow::Embedded;
use muster_store::devices::Act;
use serde_json::json;

use super::remote::Remote;
use super::{Workshop, hash};

/// A data directory with the tenant Contoso and a converting profile for all devices.
async fn make_profile(workshop: &Workshop) {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let directory = DataDir::open(workshop.path("data"), "test", now).unwrap();
    let embedded = Embedded::open(directory, Arc::new(move || now)).await.unwrap();
    let tenant = embedded.tenants().by_name("Contoso").await.unwrap().unwrap().id;
    let own = Registrant::Tenant;
    let grants = embedded.grants();
    let permit = grants.permit(tenant, &own, None, Verb::Update, Channel::Intune, now);
    let pin = permit.await.unwrap().unwrap();
    let by = Requester::new("test", own);
    let act = Act {
        pin: &pin,
        by: &by,
        now,
    };
    let profile = Profile {
        id: ProfileId::of_seed([1; 16]),
        tenant,
        version: 1,
        revision: 1,
        origin: Channel::Intune,
        partner: None,
        settings: Settings {
            name: "Everybody".to_owned(),
            out_of_box_experience: OutOfBoxExperience {
                user_type: Some(UserType::Standard),
                ..OutOfBoxExperience::default()
            },
            convert_targeted_devices: true,
            ..Settings::default()
        },
        assignment: Assignment {
            all_devices: true,
            ..Assignment::default()
        },
        included_devices: 0,
        excluded_devices: 0,
        created_at: now,
        modified_at: now,
    };
    embedded.profiles().create(&profile, &act).await.unwrap();
}

fn workshop() -> Workshop {
    let workshop = Workshop::new();
    let run = workshop.muster("tenants add Contoso --data-dir data");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(make_profile(&workshop));
    workshop
}

/// What Configuration Manager's report begins with, then an inventory: one device for each reason.
fn inventory() -> String {
    let damaged = hash(5).replace('A', "B");
    format!(
        "Textbox1,Textbox2\r\nWindows Autopilot Device Information,\r\n\r\n\
         OS Version,Ownership,Hardware Hash,Group Tag\r\n\
         10.0.22631.3007,Company,{},\r\n\
         10.0.19045,corporate,{},Office\r\n\
         10.0.22631.3007,Personal,{},\r\n\
         10.0.15063.2679,Company,{},\r\n\
         10.0.22631.3007,Company,{damaged},\r\n\
         10.0.22631.3007,,{},\r\n",
        hash(1),
        hash(2),
        hash(3),
        hash(4),
        hash(6),
    )
}

#[test]
fn an_inventory_registers_what_a_profile_converts_and_a_repeat_nothing() {
    let workshop = workshop();
    workshop.write("inventory.csv", inventory());
    let line = "harvest inventory.csv --tenant Contoso --json --data-dir data";
    let run = workshop.muster(line);
    let told = run.json();
    assert_eq!(run.code, Some(1), "a row cannot be used: {told}");
    assert_eq!(
        (&told["rows"], &told["taken"], &told["unusable"], &told["outcomes"]),
        (&json!(6), &json!(2), &json!(1), &json!({"registered": 2})),
        "{told}"
    );
    let skipped = json!({"ownership-unknown": 1, "personally-owned": 1, "unsupported-version": 1});
    assert_eq!(told["skipped"], skipped);
    let notices = told["notices"].to_string();
    for notice in [
        "3 lines before the header were skipped",
        "no column Device Serial Number",
    ] {
        assert!(notices.contains(notice), "{notices}");
    }
    let lines: Vec<_> = told["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["line"])
        .collect();
    assert_eq!(lines, [9, 7, 8, 10], "{told}");
    assert!(!run.stdout.contains(&hash(5)[..200]), "no hash is told");

    let again = workshop.muster(line).json();
    assert_eq!(
        (
            &again["taken"],
            &again["skipped"]["already-registered"],
            &again["uploads"]
        ),
        (&json!(0), &json!(2), &json!([])),
        "{again}"
    );
    let shown = workshop.muster("harvest inventory.csv --tenant Contoso --all --data-dir data");
    for text in [
        "6 devices for Contoso",
        "2  skipped: the tenant has the device already",
        "line 7: the device is personally owned",
    ] {
        assert!(shown.stdout.contains(text), "{text}: {}", shown.stdout);
    }
}

#[test]
fn what_a_query_leaves_out_is_told_and_taken_from_the_hash_or_for_granted() {
    let workshop = workshop();
    let rows = format!("Hardware_Hash\r\n{}\r\n{}\r\n", hash(1), hash(2));
    workshop.write("inventory.csv", rows);
    let run = workshop.muster("harvest inventory.csv --tenant Contoso --group-tag Office --data-dir data");
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    for column in ["OS Version", "Ownership", "Device Serial Number", "Group Tag"] {
        assert!(
            run.stdout.contains(&format!("there is no column {column}")),
            "{}",
            run.stdout
        );
    }
    let listed = workshop.muster("devices list --tenant Contoso --group-tag Office --json --data-dir data");
    assert_eq!(
        listed.json()["devices"].as_array().unwrap().len(),
        2,
        "{}",
        listed.stdout
    );

    workshop.write("none.csv", "Manufacturer,Model,Serial Number\r\nContoso,Book,S1\r\n");
    let refused = workshop.muster("harvest none.csv --tenant Contoso --data-dir data");
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stdout.contains("no column \"Hardware Hash\""),
        "{}",
        refused.stdout
    );
    let nobody = workshop.muster("harvest inventory.csv --tenant Nobody --data-dir data");
    assert_eq!(nobody.code, Some(2), "{}", nobody.stdout);
    let by_hand = workshop.muster("register inventory.csv --tenant Contoso --channel automatic --data-dir data");
    assert_eq!(by_hand.code, Some(2), "{}", by_hand.stdout);
    assert!(by_hand.stderr.contains("muster harvest"), "{}", by_hand.stderr);
}

#[test]
fn through_a_server_it_is_the_same_in_pages_of_500() {
    let workshop = workshop();
    workshop.list("list.csv", "--rows 1201 --seed 5");
    let remote = Remote::over(workshop);
    let tenant = remote.tenant("Contoso");
    let token = remote.token(&format!("--role mdm-service --tenant {tenant}"));
    let line = format!("harvest list.csv --tenant {tenant} --json");
    let run = remote.muster(&token, &line);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let told = run.json();
    assert_eq!(
        (
            &told["taken"],
            &told["outcomes"],
            told["uploads"].as_array().unwrap().len()
        ),
        (&json!(1201), &json!({"registered": 1201}), 3),
        "{told}"
    );
    let again = remote.muster(&token, &line).json();
    assert_eq!(again["skipped"], json!({"already-registered": 1201}));
    // It sees its uploads, and no devices.
    let uploads = remote.muster(&token, &format!("uploads list --tenant {tenant} --json"));
    assert_eq!(
        uploads.json()["uploads"].as_array().unwrap().len(),
        3,
        "{}",
        uploads.stdout
    );
    let devices = remote.muster(&token, &format!("devices list --tenant {tenant}"));
    assert_eq!(devices.code, Some(2), "{}", devices.stdout);
}
