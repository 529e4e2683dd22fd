//! `muster token`, `muster login` and `muster logout`.

use std::io::Write as _;
use std::process::Stdio;

use super::super::served::Served;
use super::super::{Run, Workshop, assert_transcript, redacted};
use super::Remote;

/// Runs a line without a token in the environment.
fn muster(remote: &Remote, line: &str, stdin: &str) -> Run {
    let line = format!("{line} --server {}", remote.url);
    remote.workshop.muster_with(&line, stdin.as_bytes())
}

#[test]
fn a_token_says_what_was_asked_for_and_needs_whom_it_is_for() {
    let workshop = Workshop::new();
    workshop.muster("tenants add Contoso --data-dir data");
    workshop.muster("partners add fabrikam --kind csp-direct --data-dir data");
    for line in [
        "token --role reader",
        "token --role oem --tenant Contoso",
        "token --role service-administrator --tenant Contoso",
        "token --role service-administrator --partner fabrikam",
        "token --role reader --tenant Nobody",
        "token --role oem --partner nobody",
        "token --role king",
        "token --role reader --tenant Contoso --lifetime 367d",
        "token",
    ] {
        let run = workshop.muster(&format!("{line} --data-dir data"));
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{line}");
        assert_transcript!(workshop, run);
    }
    let run =
        workshop.muster("token --role reader --tenant contoso --subject ada --lifetime 30m --json --data-dir data");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told = run.json();
    assert_eq!(told["token"].as_str().unwrap().split('.').count(), 3);
    assert!(told["expiresAt"].is_string());
    let alone = workshop.muster("token --role admin-agent --role sales-agent --partner fabrikam --data-dir data");
    assert_eq!(
        (alone.code, alone.stdout.lines().count()),
        (Some(0), 1),
        "{}",
        alone.stderr
    );
}

#[test]
fn a_token_is_kept_used_and_forgotten() {
    let remote = Remote::start();
    remote.workshop.muster("tenants add Contoso --data-dir data");
    let token = remote.token("--role reader --tenant Contoso --subject ada");
    let none = muster(&remote, "devices list --tenant Contoso", "");
    assert_eq!(none.code, Some(2));
    let login = muster(&remote, "login", &format!("{token}\n"));
    let list = muster(&remote, "devices list --tenant Contoso", "");
    assert_eq!(list.code, Some(0), "{}", list.stderr);
    let json = muster(&remote, "login --json", &token);
    assert_eq!(json.json()["subject"], "ada");
    assert_eq!(json.json()["roles"], serde_json::json!(["reader"]));
    remote.workshop.write("token.txt", &token);
    let by_file = muster(&remote, "login --token-file token.txt", "");
    assert_eq!(by_file.stdout, login.stdout);
    let logout = muster(&remote, "logout", "");
    let again = muster(&remote, "logout", "");
    for run in [&none, &login, &list, &json, &logout, &again] {
        assert!(
            !format!("{}{}", run.stdout, run.stderr).contains(&token),
            "the token is printed"
        );
    }
    let mut settings = redacted(&remote.workshop);
    settings.add_filter(&remote.url, "[server]");
    let told = [&none, &login, &logout, &again].map(Run::transcript).join("\n");
    settings.bind(|| insta::assert_snapshot!(told));
    assert_eq!(muster(&remote, "devices list --tenant Contoso", "").code, Some(2));
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let remote = Remote::start();
    let token = remote.token("--role service-administrator");
    assert_eq!(muster(&remote, "login", &token).code, Some(0));
    let file = remote.workshop.path(".config/muster/servers.json");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = muster(&remote, "tenants list", "");
    assert_eq!(open.code, Some(2));
    assert!(open.stderr.contains("chmod 600 "), "{}", open.stderr);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(muster(&remote, "tenants list", "").code, Some(0));
}

#[test]
fn the_environment_goes_before_what_is_kept() {
    let remote = Remote::start();
    remote.workshop.muster("tenants add Contoso --data-dir data");
    let service = remote.token("--role service-administrator");
    let reader = remote.token("--role reader --tenant Contoso");
    assert_eq!(muster(&remote, "login", &service).code, Some(0));
    assert_eq!(muster(&remote, "tenants list", "").code, Some(0));
    let run = remote.muster(&reader, "tenants list");
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stderr.contains("service-administrator"), "{}", run.stderr);
}

#[test]
fn a_token_that_is_not_good_is_not_kept() {
    let remote = Remote::start();
    let other = Workshop::new();
    let foreign = other
        .muster("token --role service-administrator --data-dir data")
        .stdout;
    for bad in [foreign.as_str(), "", "x", "a b", &"x".repeat(20_000)] {
        let run = muster(&remote, "login", bad);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{}", run.stderr);
    }
    assert!(!remote.workshop.path(".config/muster/servers.json").exists());
}

/// The server's clock is the machine's, so that the token is made as it would have been a day ago.
#[test]
fn a_token_whose_time_is_up_is_told_with_the_remedy() {
    let workshop = Workshop::new();
    let (_served, said, _) = Served::start(&workshop);
    let url = said["http"].as_str().unwrap();
    let issuer = muster_local::issuer::DevIssuer::open(&workshop.path("data")).unwrap();
    let request = muster_local::issuer::TokenRequest {
        subject: "ada".to_owned(),
        tenant: None,
        partner: None,
        roles: [muster_core::access::Role::ServiceAdministrator].into(),
        lifetime: jiff::SignedDuration::from_hours(1),
    };
    let token = issuer.token(&request, "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let words = ["tenants", "list", "--server", url];
    let run = workshop.command(&words).env("MUSTER_TOKEN", &token).output().unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(
        told.contains("was good until 2026-01-01 01:00:00Z") && told.contains("MUSTER_TOKEN"),
        "{told}"
    );
    let mut command = workshop.command(&["login", "--server", url]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    let run = child.wait_with_output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(
        String::from_utf8(run.stderr)
            .unwrap()
            .contains("muster login --server ")
    );
}
