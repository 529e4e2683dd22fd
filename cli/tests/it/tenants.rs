//! `muster tenants`, and commands on a deployment.

use super::{Workshop, assert_transcript};

const ID: &str = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10";

#[test]
fn a_tenant_is_added_once_and_found_by_the_other_commands() {
    let workshop = Workshop::new();
    let add = format!("tenants add Contoso --id {ID} --data-dir data");
    assert_transcript!(workshop, workshop.muster(&add));
    assert_eq!(workshop.muster(&add).code, Some(0), "again changes nothing");
    let again = workshop.muster("tenants add CONTOSO --json --data-dir data").json();
    assert_eq!((&again["id"], &again["name"]), (&ID.into(), &"Contoso".into()));
    assert_transcript!(
        workshop,
        workshop.muster("tenants add contoso --id 5d1e6a0f-28c3-4b7a-8a3f-0f5c2f0f7a11 --data-dir data")
    );
    assert_transcript!(
        workshop,
        workshop.muster(&format!("tenants add Tailspin --id {ID} --data-dir data"))
    );
    workshop.muster("tenants add Fabrikam --data-dir data");
    assert_transcript!(workshop, workshop.muster("tenants list --data-dir data"));
    let licensed = workshop
        .muster("tenants add contoso --licensed --json --data-dir data")
        .json();
    assert_eq!((&licensed["licensed"], &licensed["version"]), (&true.into(), &2.into()));
    let request = "consent request --tenant Fabrikam --partner northwind --kind oem --data-dir data";
    assert_eq!(workshop.muster(request).code, Some(0));
}

#[test]
fn tenants_are_listed_in_pages() {
    let workshop = Workshop::new();
    assert_transcript!(workshop, workshop.muster("tenants list --data-dir data"));
    for name in ["c", "a", "b"] {
        workshop.muster(&format!("tenants add {name} --data-dir data"));
    }
    let mut names = Vec::new();
    let mut from = String::new();
    loop {
        let page = workshop
            .muster(&format!("tenants list --limit 1 --json --data-dir data{from}"))
            .json();
        let tenants = page["tenants"].as_array().unwrap();
        names.extend(tenants.iter().map(|tenant| tenant["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => from = format!(" --from {next}"),
            None => break,
        }
    }
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn groups_of_a_tenant_are_declared_shown_and_taken_back() {
    let workshop = Workshop::new();
    workshop.muster(&format!("tenants add Contoso --id {ID} --data-dir data"));
    let (one, other) = (
        "bbbbbbbb-0000-4000-8000-000000000002",
        "cccccccc-0000-4000-8000-000000000002",
    );
    let edit = format!("tenants edit Contoso --group {one}=Office --group {other}=Kiosk=2 --data-dir data");
    let said = workshop.muster(&edit);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let shown = workshop.muster("tenants show Contoso --data-dir data");
    assert_eq!(said.stdout, shown.stdout);
    for line in [
        format!("The group {one} stands for the group tag `Office`."),
        format!("The group {other} stands for the group tag `Kiosk=2`."),
        "`Contoso` has no domain.".to_owned(),
    ] {
        assert!(shown.stdout.contains(&line), "{}", shown.stdout);
    }
    workshop.muster(&format!("tenants edit Contoso --group {other}= --data-dir data"));
    let told = workshop.muster("tenants show contoso --json --data-dir data").json();
    assert_eq!(told["groups"], serde_json::json!({one: "Office"}));
    for (wrong, word) in [
        (
            "--group sales=Sales".to_owned(),
            "--group: sales: a group is named by its id",
        ),
        (format!("--group {one}"), "stands ="),
        (format!("--group {one}=A --group {one}=B"), "named twice"),
        (format!("--group {one}={}", "x".repeat(129)), "1 to 128"),
        (String::new(), "required"),
    ] {
        let run = workshop.muster(&format!("tenants edit Contoso {wrong} --data-dir data"));
        assert_eq!(run.code, Some(2), "{wrong}: {}", run.stdout);
        assert!(run.stderr.contains(word), "{wrong}: {}", run.stderr);
    }
    let run = workshop.muster("tenants show Nobody --data-dir data");
    assert_eq!(run.code, Some(2), "{}", run.stdout);
}

#[test]
fn a_deployment_is_named_by_its_table_and_bucket() {
    let workshop = Workshop::new();
    for line in [
        "tenants list --table muster",
        "consent list --tenant Contoso --bucket muster",
        "devices list --tenant Contoso --table muster --bucket muster --data-dir data",
    ] {
        assert_transcript!(workshop, workshop.muster(line));
    }
}
