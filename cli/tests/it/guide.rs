//! What a new user reads first.

use super::{Workshop, assert_transcript};

#[test]
fn without_a_command_it_says_what_to_do_next() {
    let workshop = Workshop::new();
    assert_transcript!(workshop, workshop.muster(""));
}

#[test]
fn under_cargo_its_commands_work_when_they_are_copied() {
    let workshop = Workshop::new();
    let output = workshop.command(&[]).env("CARGO", "/usr/bin/cargo").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("\n    cargo run -- register samples/device-list.csv --tenant Contoso\n"),
        "{text}"
    );
}

#[test]
fn help_lists_the_commands() {
    let workshop = Workshop::new();
    assert_transcript!(workshop, workshop.muster("--help"));
}

#[test]
fn each_command_explains_itself_with_examples() {
    let workshop = Workshop::new();
    for command in [
        "register",
        "check",
        "decode",
        "compare",
        "sample",
        "tenants",
        "partners",
        "consent",
        "devices",
        "catalogue",
        "uploads",
        "fsck",
        "token",
        "login",
        "logout",
    ] {
        let run = workshop.muster(&format!("{command} --help"));
        assert_eq!(run.code, Some(0));
        assert!(
            run.stdout.contains(&format!("Examples:\n  muster {command}")),
            "{}",
            run.stdout
        );
        assert!(
            run.stdout.lines().all(|line| line.chars().count() <= 120),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn help_of_register_tells_all_options() {
    let workshop = Workshop::new();
    assert_transcript!(workshop, workshop.muster("register --help"));
}

#[test]
fn an_unknown_command_is_a_usage_error() {
    let workshop = Workshop::new();
    assert_transcript!(workshop, workshop.muster("regster list.csv"));
}

#[test]
fn an_environment_that_is_not_utf8_harms_nothing() {
    use std::os::unix::ffi::OsStrExt as _;
    let workshop = Workshop::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
    let output = workshop.command(&[]).env("LATIN1", name).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn without_a_home_the_data_directory_must_be_named() {
    let workshop = Workshop::new();
    let output = workshop
        .command(&["devices", "list", "--tenant", "x"])
        .env_remove("HOME")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @r"
    error: there is no place for the data directory: neither XDG_DATA_HOME nor HOME is set
      Name one with --data-dir.
    ");
}
