//! `muster register`.

use muster_local::data_dir::DataDir;

use super::{Workshop, assert_transcript};

/// The outcomes of a registration.
fn outcomes(workshop: &Workshop, line: &str) -> serde_json::Value {
    workshop
        .muster(&format!("register {line} --json --data-dir data"))
        .json()["outcomes"]
        .clone()
}

#[test]
fn what_is_only_validated_makes_no_tenant_and_no_device() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 3");
    let line = "register list.csv --tenant Contoso --validate-only --data-dir data";
    let run = workshop.muster(line);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stderr.contains("there is no tenant `Contoso`"), "{}", run.stderr);
    workshop.muster("tenants add Contoso --data-dir data");
    for _ in 0..2 {
        let run = workshop.muster(line);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(run.stdout.contains("nothing of it is registered"), "{}", run.stdout);
    }
    let run = workshop.muster("register list.csv --tenant Contoso --json --data-dir data");
    assert_eq!(run.json()["outcomes"]["registered"], 3);
}

#[test]
fn a_list_is_registered_once_and_the_same_list_again_changes_nothing() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 25");
    assert_transcript!(
        workshop,
        workshop.muster("register list.csv --tenant Contoso --data-dir data")
    );
    assert_transcript!(
        workshop,
        workshop.muster("register list.csv --tenant contoso --data-dir data")
    );
}

#[test]
fn rows_that_fail_are_told_and_stand_in_a_fixit_file_that_can_be_registered() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 52 --faults");
    let run = workshop.muster("register list.csv --tenant Contoso --data-dir data --json");
    assert_eq!(run.code, Some(1));
    let answer = run.json();
    let fixit = answer["fixit"].as_str().unwrap();
    let text = std::fs::read_to_string(fixit).unwrap();
    assert!(
        text.starts_with("Device Serial Number,Windows Product ID,Hardware Hash,Group Tag,Assigned User,Problem\r\n"),
        "{text}"
    );
    workshop.write("fixit.csv", &text);
    let again = outcomes(&workshop, "fixit.csv --tenant Contoso");
    assert_eq!(again["malformedRow"], answer["outcomes"]["malformedRow"], "{again}");
    assert_transcript!(
        workshop,
        workshop.muster("register list.csv --tenant Contoso --data-dir data")
    );
}

#[test]
fn the_json_is_one_object() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 5 --faults");
    let run = workshop.muster("register list.csv --tenant Contoso --data-dir data --json");
    assert_eq!(run.stderr, "", "with --json everything is in the object");
    assert_transcript!(workshop, run);
    let answer = run.json();
    assert!(
        std::fs::read_to_string(answer["report"].as_str().unwrap())
            .unwrap()
            .starts_with("Line,Row,")
    );
    assert!(std::fs::exists(answer["summary"].as_str().unwrap()).unwrap());
}

#[test]
fn a_file_that_is_no_list_is_refused_whole() {
    let workshop = Workshop::new();
    workshop.write("page.csv", "<!DOCTYPE html><html><body>Sign in</body></html>");
    assert_transcript!(
        workshop,
        workshop.muster("register page.csv --tenant Contoso --data-dir data")
    );
    let answer = workshop
        .muster("register page.csv --tenant Contoso --data-dir data --json")
        .json();
    assert_eq!(
        (&answer["state"], &answer["reason"]["code"]),
        (&"refused".into(), &"html".into())
    );
    assert_eq!(
        (&answer["report"], &answer["fixit"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    assert_eq!(
        workshop
            .muster("devices list --tenant Contoso --data-dir data --json")
            .json()["devices"],
        serde_json::json!([])
    );
}

#[test]
fn strict_refuses_what_is_longer_than_a_request() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 501");
    assert_transcript!(
        workshop,
        workshop.muster("register list.csv --tenant Contoso --strict --data-dir data")
    );
}

#[test]
fn a_partner_must_be_known_and_have_consent() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 3 --dialect partner-center");
    workshop.list("own.csv", "--rows 1 --seed 5");
    let register = "register list.csv --tenant Contoso --partner fabrikam --data-dir data";
    assert_transcript!(workshop, workshop.muster(register));
    assert_eq!(outcomes(&workshop, "own.csv --tenant Contoso")["registered"], 1);
    workshop.muster("consent request --tenant Contoso --partner fabrikam --kind csp-direct --data-dir data");
    assert_transcript!(workshop, workshop.muster(register));
    workshop.muster("consent grant --tenant Contoso --partner fabrikam --data-dir data");
    assert_transcript!(workshop, workshop.muster(register));
    workshop.muster("consent revoke --tenant Contoso --partner fabrikam --data-dir data");
    assert_transcript!(workshop, workshop.muster(register));
}

#[test]
fn an_oem_registers_tuples_through_its_own_channel() {
    let workshop = Workshop::new();
    workshop
        .list("list.csv", "--rows 3 --dialect corporate-identifiers")
        .list("own.csv", "--rows 1 --seed 5");
    assert_eq!(outcomes(&workshop, "own.csv --tenant Contoso")["registered"], 1);
    workshop.muster("consent request --tenant Contoso --partner adatum --kind oem --data-dir data");
    workshop.muster("consent grant --tenant Contoso --partner adatum --data-dir data");
    assert_transcript!(
        workshop,
        workshop.muster("register list.csv --tenant Contoso --partner adatum --channel partner-center --data-dir data")
    );
    assert_eq!(
        outcomes(&workshop, "list.csv --tenant Contoso --partner adatum")["registered"],
        3
    );
}

#[test]
fn group_tags_and_users_follow_the_options() {
    let workshop = Workshop::new();
    workshop
        .list("plain.csv", "--rows 2 --dialect three-columns")
        .list("tagged.csv", "--rows 2");
    let tags = || {
        let list = workshop
            .muster("devices list --tenant Contoso --data-dir data --json")
            .json();
        let mut tags: Vec<String> = list["devices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|d| d["groupTag"].as_str().unwrap().to_owned())
            .collect();
        tags.sort();
        tags
    };
    assert_eq!(
        outcomes(&workshop, "plain.csv --tenant Contoso --group-tag Büro")["registered"],
        2
    );
    assert_eq!(tags(), ["Büro", "Büro"]);
    assert_eq!(
        outcomes(&workshop, "tagged.csv --tenant Contoso --on-conflict keep")["unchanged"],
        2
    );
    assert_eq!(tags(), ["Büro", "Büro"]);
    assert_eq!(outcomes(&workshop, "tagged.csv --tenant Contoso")["updated"], 2);
    assert_eq!(tags(), ["Office-2", "Office-3"]);
}

#[test]
fn a_tenant_is_an_id_or_a_name() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 1");
    let id = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10";
    let answer = workshop
        .muster(&format!("register list.csv --tenant {id} --json --data-dir data"))
        .json();
    assert_eq!(
        (&answer["tenant"]["id"], &answer["tenant"]["created"]),
        (&id.into(), &true.into())
    );
    assert_eq!(
        outcomes(&workshop, "list.csv --tenant Fabrikam")["ownedByOtherTenant"],
        1
    );
    assert_transcript!(
        workshop,
        workshop.muster("devices list --tenant Tailspin --data-dir data")
    );
}

#[test]
fn usage_errors_write_nothing() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 1");
    assert_transcript!(
        workshop,
        workshop.muster("register nowhere.csv --tenant Contoso --data-dir data")
    );
    assert_transcript!(workshop, workshop.muster("register list.csv --data-dir data"));
    assert_transcript!(
        workshop,
        workshop.muster("register list.csv --tenant Contoso --channel oem-direct --data-dir data")
    );
    let blank = workshop
        .command(&["register", "list.csv", "--tenant", " ", "--data-dir", "data"])
        .output()
        .unwrap();
    assert_eq!(blank.status.code(), Some(2));
    assert_transcript!(
        workshop,
        workshop.muster("uploads list --tenant Contoso --data-dir data")
    );
}

#[test]
fn a_list_may_come_through_a_pipe_and_have_any_name() {
    let workshop = Workshop::new();
    workshop.list("Lieferung", "--rows 2");
    let list = std::fs::read(workshop.path("Lieferung")).unwrap();
    let run = workshop.muster_with("register - --tenant Contoso --json --data-dir data", &list);
    assert_eq!(run.json()["outcomes"]["registered"], 2, "{}", run.stderr);
    assert_eq!(outcomes(&workshop, "Lieferung --tenant Contoso")["unchanged"], 2);
    let uploads = workshop
        .muster("uploads list --tenant Contoso --json --data-dir data")
        .json();
    let keys: Vec<&str> = uploads["uploads"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| u["object"]["key"].as_str().unwrap())
        .collect();
    assert!(
        keys[0].ends_with("/Lieferung.csv") && keys[1].ends_with("/stdin.csv"),
        "{keys:?}"
    );
}

#[test]
fn a_second_process_is_refused_and_told_the_first() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 1");
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let owner = DataDir::open(workshop.path("data"), "muster register big.csv --tenant Contoso", now).unwrap();
    assert_transcript!(
        workshop,
        workshop.muster("register list.csv --tenant Contoso --data-dir data")
    );
    drop(owner);
    assert_eq!(outcomes(&workshop, "list.csv --tenant Contoso")["registered"], 1);
}

#[test]
fn a_data_directory_that_cannot_be_used_is_told() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 1").write("file", "");
    assert_transcript!(
        workshop,
        workshop.muster("register list.csv --tenant Contoso --data-dir file")
    );
    // Made by ourselves, so that nothing else is told of it.
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    drop(DataDir::open(workshop.path("damaged"), "muster", now).unwrap());
    workshop.write(
        "damaged/registry.db",
        "this is no database, but it is long enough to be taken for one at first sight ".repeat(20),
    );
    assert_transcript!(
        workshop,
        workshop.muster("register list.csv --tenant Contoso --data-dir damaged")
    );
}

#[test]
fn by_default_the_state_is_in_the_xdg_data_home() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 1");
    assert_eq!(workshop.muster("register list.csv --tenant Contoso").code, Some(0));
    assert!(workshop.path(".local/share/muster/registry.db").exists());
}
