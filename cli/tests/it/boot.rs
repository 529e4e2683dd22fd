//! `muster boot` and `muster devices wait`: with the registry of this machine, and at a server.

use std::process::Stdio;

use super::served::Served;
use super::{Run, Workshop, assert_transcript};

const SERIAL: &str = "TEST-1-0000002";

fn workshop() -> Workshop {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 3 --dialect intune");
    workshop
}

fn register(workshop: &Workshop) {
    let run = workshop.muster("register list.csv --tenant Contoso --data-dir data");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn a_device_is_told_what_the_registry_knows_of_it() {
    let workshop = workshop();
    let boot = format!("boot --hash list.csv --serial {SERIAL} --os-build 10.0.26100.1 --data-dir data");
    assert_eq!(workshop.muster("tenants add Contoso --data-dir data").code, Some(0));
    assert_transcript!(workshop, workshop.muster(&boot));
    register(&workshop);
    assert_transcript!(workshop, workshop.muster(&boot));
    let seen = workshop
        .muster(&format!("devices show {SERIAL} --json --data-dir data"))
        .json();
    assert_eq!(
        (&seen["lastAnswer"], &seen["osBuild"]),
        (&"noProfile".into(), &"10.0.26100.1".into())
    );
    for wrong in [
        "boot --hash list.csv --data-dir data",
        "boot --hash list.csv --serial nobody --data-dir data",
        "boot --hash T0nonsense --data-dir data",
        "boot --serial S1 --data-dir data",
    ] {
        let run = workshop.muster(wrong);
        assert_eq!(run.code, Some(2), "{wrong}: {}", run.stdout);
    }
}

#[test]
fn a_tuple_counts_where_the_tenant_says_so() {
    let workshop = workshop();
    register(&workshop);
    let seen = workshop
        .muster(&format!("devices show {SERIAL} --json --data-dir data"))
        .json();
    let text = |name: &str| seen[name].as_str().unwrap().to_owned();
    let words = [
        "boot",
        "--manufacturer",
        &text("manufacturer"),
        "--model",
        &text("model"),
        "--serial",
        SERIAL,
        "--json",
        "--data-dir",
        "data",
    ];
    for (switch, code) in [("off", 807), ("on", 815), ("off", 807)] {
        let set = workshop.muster(&format!("tenants edit Contoso --tuple-lookup {switch} --data-dir data"));
        assert_eq!(set.code, Some(0), "{}", set.stderr);
        let run = Run::of("boot", workshop.command(&words).output().unwrap());
        assert_eq!(
            (run.code, &run.json()["code"]),
            (Some(1), &code.into()),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn a_device_that_is_not_ready_is_said_to_be_so_and_why() {
    let workshop = workshop();
    assert_eq!(workshop.muster("tenants add Contoso --data-dir data").code, Some(0));
    let wait = format!("devices wait {SERIAL} --tenant Contoso --data-dir data");
    assert_transcript!(workshop, workshop.muster(&wait));
    register(&workshop);
    assert_transcript!(workshop, workshop.muster(&wait));
    let stand = workshop.muster(&format!("{wait} --json")).json();
    assert_eq!(
        (&stand["ready"], &stand["profile"]["assignmentStatus"]),
        (&false.into(), &"notAssigned".into())
    );
}

#[test]
fn a_device_boots_at_a_server_without_a_token_and_is_waited_for_there() {
    let workshop = workshop();
    assert_eq!(workshop.muster("tenants add Contoso --data-dir data").code, Some(0));
    let (_served, said, _) = Served::start(&workshop);
    let url = said["http"].as_str().unwrap();
    let boot = format!("boot --hash list.csv --serial {SERIAL} --json --server {url}");
    assert_eq!(workshop.muster(&boot).json()["code"], 807);
    let token = workshop.muster("token --role reader --tenant Contoso --data-dir data");
    let wait = format!("devices wait {SERIAL} --json --timeout 60s --server {url}");
    let words: Vec<&str> = wait.split_whitespace().collect();
    let mut waits = workshop.command(&words);
    waits.env("MUSTER_TOKEN", token.stdout.trim()).stdin(Stdio::null());
    let waits = waits.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    register(&workshop);
    assert_eq!(workshop.muster(&boot).json()["code"], 815, "no profile is assigned yet");
    let admin = workshop.muster("token --role tenant-administrator --tenant Contoso --data-dir data");
    let profile = r#"{"name":"Kiosks","assignment":{"allDevices":true}}"#;
    let tenant = &workshop.muster("tenants list --json --data-dir data").json()["tenants"][0]["id"];
    let path = format!("/v1/tenants/{}/profiles", tenant.as_str().unwrap());
    let made = super::served::post(url, &path, admin.stdout.trim(), profile);
    assert!(made.contains("201"), "{made}");
    let waited = Run::of(&wait, waits.wait_with_output().unwrap());
    let stand = waited.json();
    assert_eq!(
        (waited.code, &stand["ready"]),
        (Some(0), &true.into()),
        "{}",
        waited.stdout
    );
    assert_eq!(stand["profile"]["profile"]["name"], "Kiosks");
    let told = workshop.muster(&boot);
    assert_eq!((told.code, &told.json()["answer"]), (Some(0), &"profile".into()));
}
