//! `muster profiles`, as docs/profiles.md tells it.

use super::Workshop;

/// A workshop with two devices of Contoso's that are tagged `Sales`.
fn workshop() -> Workshop {
    let workshop = Workshop::new();
    // Whose rows have no tags of their own.
    workshop.list("list.csv", "--rows 2 --dialect three-columns");
    let line = "register list.csv --tenant Contoso --group-tag Sales --data-dir data";
    assert_eq!(workshop.muster(line).code, Some(0));
    workshop
}

fn fine(workshop: &Workshop, line: &str) -> String {
    let run = workshop.muster(&format!("{line} --data-dir data"));
    assert_eq!(run.code, Some(0), "{line}: {}{}", run.stdout, run.stderr);
    run.stdout
}

fn refused(workshop: &Workshop, line: &str) -> String {
    let run = workshop.muster(&format!("{line} --data-dir data"));
    assert_eq!(run.code, Some(2), "{line}: {}{}", run.stdout, run.stderr);
    run.stderr
}

#[test]
fn the_story_of_a_profile() {
    let workshop = workshop();
    let none = workshop.muster("profiles explain TEST-1-0000001 --data-dir data");
    assert_eq!(none.code, Some(1), "{}", none.stderr);
    let line = "profiles add Sales --tenant Contoso --hide-license-terms --name-template PC-%SERIAL%";
    assert!(fine(&workshop, line).contains("The profile `Sales` is made"));
    let said = fine(&workshop, "profiles assign Sales --tenant Contoso --group-tag Sales");
    assert!(said.contains("is for: Sales."), "{said}");
    let said = fine(&workshop, "profiles explain TEST-1-0000001");
    assert!(
        said.contains("has the profile `Sales` (assignedUnknownSyncState)"),
        "{said}"
    );
    assert!(said.contains("the profile is for the device's group tag"), "{said}");
    let said = fine(&workshop, "profiles show Sales --tenant Contoso");
    for word in ["PC-%SERIAL%", "license terms", "userDriven", "the user chooses"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let said = fine(&workshop, "profiles devices Sales --tenant Contoso");
    for word in [
        "TEST-1-0000001",
        "TEST-1-0000002",
        "the device's group tag",
        "assignedUnknownSyncState",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let why = refused(&workshop, "profiles remove Sales --tenant Contoso");
    assert!(why.contains("it is for the group tags Sales"), "{why}");
    fine(&workshop, "profiles unassign Sales --tenant Contoso");
    let said = fine(&workshop, "profiles devices Sales --tenant Contoso");
    assert!(said.contains("No device has the profile `Sales`"), "{said}");
    fine(&workshop, "profiles remove Sales --tenant Contoso");
    fine(&workshop, "fsck");
}

#[test]
fn a_profile_is_exported_for_devices_that_are_there_already() {
    let workshop = workshop();
    fine(&workshop, "profiles add Sales --tenant Contoso --hide-change-account");
    let export = "profiles export Sales --tenant Contoso --existing-devices --output AutopilotConfigurationFile.json";
    let why = refused(&workshop, export);
    assert!(why.contains("muster tenants edit"), "{why}");
    let said = fine(&workshop, "tenants edit Contoso --domain Contoso.OnMicrosoft.com");
    assert!(said.contains("Contoso"), "{said}");
    fine(&workshop, export);
    let text = std::fs::read_to_string(workshop.path("AutopilotConfigurationFile.json")).unwrap();
    assert!(text.is_ascii());
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(file["CloudAssignedTenantDomain"], "contoso.onmicrosoft.com");
    assert_eq!(file["CloudAssignedForcedEnrollment"], 1);
    assert_eq!(file["CloudAssignedOobeConfig"], 8 + 256 + 2);
    fine(&workshop, "profiles edit Sales --tenant Contoso --rename Geräte");
    let why = refused(
        &workshop,
        "profiles export Geräte --tenant Contoso --existing-devices --output x.json",
    );
    assert!(
        why.contains("name: the file is ASCII, which cannot hold `ä` (U+00E4), character 4"),
        "{why}"
    );
    assert!(!workshop.path("x.json").exists());
    let run = workshop.muster("profiles export Sales --tenant Contoso --data-dir data");
    assert_eq!(run.code, Some(2), "the form is to be named: {}", run.stdout);
}

#[test]
fn role_scope_tags_are_kept_shown_and_cleared() {
    let workshop = workshop();
    fine(
        &workshop,
        "profiles add Sales --tenant Contoso --role-scope-tag 17 --role-scope-tag 0",
    );
    let said = fine(&workshop, "profiles show Sales --tenant Contoso");
    assert!(said.contains("role scope tags") && said.contains("0, 17"), "{said}");
    fine(&workshop, "profiles edit Sales --tenant Contoso --language de-DE");
    fine(&workshop, "profiles edit Sales --tenant Contoso --role-scope-tag 5");
    let shown = fine(&workshop, "profiles show Sales --tenant Contoso --json");
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["roleScopeTagIds"], serde_json::json!(["5"]));
    assert_eq!(shown["revision"], 2, "no device is told of them: {shown}");
    fine(&workshop, "profiles edit Sales --tenant Contoso --role-scope-tag=");
    let said = fine(&workshop, "profiles show Sales --tenant Contoso");
    assert!(!said.contains("role scope tags"), "{said}");
    let long = "1".repeat(37);
    let why = refused(
        &workshop,
        &format!("profiles edit Sales --tenant Contoso --role-scope-tag {long}"),
    );
    assert!(why.contains("roleScopeTagIds: it has 37 characters"), "{why}");
}
