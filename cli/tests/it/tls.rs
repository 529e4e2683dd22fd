//! `muster serve --tls`: commands reach it, those at its data directory by themselves, others by the file it names.

use serde_json::Value;

use super::served::Served;
use super::{Run, Workshop};

fn start(workshop: &Workshop) -> (Served, Value) {
    let served = Served::spawn(workshop, &["--json", "--tls", "--sandbox"]);
    let said = served.hear("serving");
    (served, said)
}

/// Runs a command by this token and with this file of authorities.
fn ask(workshop: &Workshop, said: &Value, line: &str, authority: Option<&str>) -> Run {
    let line = format!("{line} --server {}", said["http"].as_str().unwrap());
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut command = workshop.command(&words);
    let tokens = said["sandbox"]["tokens"].as_array().unwrap();
    let token = tokens
        .iter()
        .find(|token| token["variable"] == "CONTOSO_TENANT_ADMINISTRATOR");
    command.env("MUSTER_TOKEN", token.unwrap()["token"].as_str().unwrap());
    if let Some(authority) = authority {
        command.env("MUSTER_CA_FILE", authority);
    }
    Run::of(&line, command.output().unwrap())
}

#[test]
fn a_list_goes_by_tls_to_the_end_and_a_stranger_is_not_believed() {
    let workshop = Workshop::new();
    let (served, said) = start(&workshop);
    let authority = said["authority"].as_str().unwrap().to_owned();
    assert!(
        said["http"].as_str().unwrap().starts_with("https://127.0.0.1:"),
        "{said}"
    );
    assert!(said["s3"].as_str().unwrap().starts_with("https://127.0.0.1:"), "{said}");
    workshop.list("list.csv", "--rows 3");
    // Up by a presigned URL, back again by others.
    let run = ask(&workshop, &said, "register list.csv --tenant Contoso", Some(&authority));
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let devices = ask(
        &workshop,
        &said,
        "devices list --tenant Contoso --json",
        Some(&authority),
    )
    .json();
    assert_eq!(devices["devices"].as_array().unwrap().len(), 3);
    // A command at the data directory finds the way by itself.
    let run = workshop.muster("devices list --tenant Contoso --json --data-dir data");
    assert_eq!(run.json()["devices"].as_array().unwrap().len(), 3, "{}", run.stderr);

    // The file is not there, and one without a certificate.
    workshop.write("empty.pem", "");
    for (file, said_of_it) in [
        ("nowhere.pem", "nowhere.pem"),
        ("empty.pem", "no certificate of an authority"),
    ] {
        let run = ask(&workshop, &said, "devices list --tenant Contoso", Some(file));
        assert_eq!(run.code, Some(2), "{file}");
        assert!(run.stderr.contains(said_of_it), "{}", run.stderr);
    }
    drop(served);

    let before = std::fs::read(&authority).unwrap();
    let (_served, said) = start(&workshop);
    assert_eq!(std::fs::read(&authority).unwrap(), before, "the same after a restart");
    let stranger = Workshop::new();
    let (_other, of_other) = start(&stranger);
    let other = of_other["authority"].as_str().unwrap();
    assert_ne!(std::fs::read(other).unwrap(), before);
    let environment = std::fs::read_to_string(workshop.path("data/aws.env")).unwrap();
    assert!(environment.contains(&format!(
        "export AWS_ENDPOINT_URL_S3={}\n",
        said["s3"].as_str().unwrap()
    )));
    assert!(environment.contains("export AWS_CA_BUNDLE="), "{environment}");
}

#[test]
fn a_person_is_told_how_to_trust_it() {
    let workshop = Workshop::new();
    let served = Served::spawn(&workshop, &["--tls"]);
    let path = workshop.path("data/tls-ca.pem").display().to_string();
    for setting in [
        "curl --cacert",
        "NODE_EXTRA_CA_CERTS=",
        "REQUESTS_CA_BUNDLE=",
        "AWS_CA_BUNDLE=",
        "MUSTER_CA_FILE=",
    ] {
        let line = served.line(setting);
        assert!(line.contains(&path), "{line}");
    }
}
