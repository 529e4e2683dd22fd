//! `muster serve --sandbox`: who is there, over restarts, and where it may be.

use serde_json::Value;

use super::Workshop;
use super::served::{Served, http};

fn start(workshop: &Workshop, more: &[&str]) -> (Served, Value) {
    let served = Served::spawn(workshop, &[&["--json"], more].concat());
    let said = served.hear("serving");
    (served, said)
}

/// Runs a command at the server, by a token of the sandbox.
fn by(workshop: &Workshop, said: &Value, variable: &str, line: &str) -> super::Run {
    let tokens = said["sandbox"]["tokens"].as_array().unwrap();
    let token = tokens.iter().find(|token| token["variable"] == variable).unwrap();
    let line = format!("{line} --server {}", said["http"].as_str().unwrap());
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut command = workshop.command(&words);
    command.env("MUSTER_TOKEN", token["token"].as_str().unwrap());
    super::Run::of(&line, command.output().unwrap())
}

#[test]
fn whoever_is_in_it_can_act_and_it_is_the_same_after_a_restart() {
    let workshop = Workshop::new();
    let (served, said) = start(&workshop, &["--sandbox"]);
    let url = said["http"].as_str().unwrap();
    assert!(http(url, "/healthz").ends_with("\r\n\r\nalive, a sandbox\n"));
    let ids = said["sandbox"]["tenants"].clone();
    assert_eq!(ids[0]["name"], "Contoso");
    let sample = workshop.muster("sample --serial PC-1 --serial PC-2-808 --serial PC-3-slow1");
    workshop.write("list.csv", sample.stdout);
    let line = "register list.csv --tenant Contoso --json";
    let run = by(&workshop, &said, "CONTOSO_DEVICE_ADMINISTRATOR", line);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    let counts = |run: &super::Run| {
        let told = run.json();
        told.get("counts")
            .or_else(|| told.get("outcomes"))
            .cloned()
            .unwrap_or(told)
    };
    let told = counts(&run).to_string();
    assert!(
        told.contains("\"registered\":2") && told.contains("\"ownedByOtherTenant\":1"),
        "{told}"
    );
    let run = by(
        &workshop,
        &said,
        "NORTHWIND_ADMIN_AGENT",
        "consent list --partner northwind --json",
    );
    assert!(
        run.stdout.contains("\"requested\"") && run.stdout.contains("\"granted\""),
        "{}",
        run.stdout
    );
    let run = by(
        &workshop,
        &said,
        "CONTOSO_CONSENT_APPROVER",
        "consent revoke --tenant Contoso --partner northwind",
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    drop(served);

    // Without the option, too.
    for more in [&["--sandbox"][..], &[]] {
        let (_served, said) = start(&workshop, more);
        assert_eq!(said["sandbox"]["tenants"], ids);
        let line = "consent list --tenant Contoso --json";
        let run = by(&workshop, &said, "CONTOSO_READER", line);
        assert!(run.stdout.contains("\"revoked\""), "{}", run.stdout);
        let run = by(&workshop, &said, "SERVICE_ADMINISTRATOR", "tenants list --json");
        assert_eq!(run.json()["tenants"].as_array().unwrap().len(), 3);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = workshop
            .path("data/sandbox.env")
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_person_is_told_who_is_there_and_what_to_type() {
    let workshop = Workshop::new();
    let served = Served::spawn(&workshop, &["--sandbox"]);
    let mut told = vec![served.line("This is a sandbox")];
    while !told.last().unwrap().contains("muster register") {
        told.push(served.said.recv_timeout(std::time::Duration::from_secs(60)).unwrap());
    }
    let tokens: Vec<&String> = told.iter().filter(|line| line.contains("=ey")).collect();
    assert_eq!(tokens.len(), 13, "{told:#?}");
    let script = std::fs::read_to_string(workshop.path("data/sandbox.env")).unwrap();
    for line in tokens {
        assert!(script.contains(line.trim()), "{line}");
    }
    assert!(
        told.iter().any(|line| line.contains("was asked by northwind")),
        "{told:#?}"
    );
}

#[test]
fn nobodys_registry_becomes_a_sandbox() {
    let workshop = Workshop::new();
    workshop.muster("tenants add Contoso --data-dir data");
    let run = workshop.muster("serve --sandbox --port 0 --s3-port 0 --data-dir data");
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stderr.contains("no registry becomes a sandbox"), "{}", run.stderr);
    assert!(run.stderr.contains("Name a new or empty directory"), "{}", run.stderr);
    let (_served, said) = start(&workshop, &[]);
    assert!(said.get("sandbox").is_none() && http(said["http"].as_str().unwrap(), "/healthz").ends_with("\nalive\n"));
}
