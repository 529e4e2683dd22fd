//! `muster consent`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use muster_core::Timestamp;
use muster_core::grant::Hindrance;
use muster_core::id::PartnerId;
use muster_core::party::Registrant;
use muster_core::upload::Reason;
use muster_local::data_dir::DataDir;
use muster_local::faults::{Fault, FaultPoint, Faulty};
use muster_local::flow::Embedded;

use super::{Workshop, assert_transcript};

fn workshop() -> Workshop {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 1");
    assert_eq!(
        workshop
            .muster("register list.csv --tenant Contoso --data-dir data")
            .code,
        Some(0)
    );
    workshop
}

#[test]
fn a_consent_is_asked_for_given_and_taken_back() {
    let workshop = workshop();
    let request = "consent request --tenant Contoso --partner Fabrikam --kind csp-direct --expires 90d --data-dir data";
    assert_transcript!(workshop, workshop.muster(request));
    assert_transcript!(
        workshop,
        workshop.muster("consent grant --tenant Contoso --partner fabrikam --data-dir data")
    );
    assert_transcript!(
        workshop,
        workshop.muster("consent grant --tenant Contoso --partner fabrikam --data-dir data")
    );
    assert_transcript!(
        workshop,
        workshop.muster("consent list --tenant Contoso --data-dir data")
    );
    assert_transcript!(
        workshop,
        workshop.muster("consent revoke --tenant Contoso --partner fabrikam --data-dir data")
    );
    assert_transcript!(
        workshop,
        workshop.muster("consent list --partner fabrikam --data-dir data")
    );
}

/// Leaves a revocation half made, as sweep does that could not carry it out and tries again then, if ever.
async fn hinder_a_revocation(workshop: &Workshop, next_try: Option<Timestamp>) {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let directory = DataDir::open(workshop.path("data"), "test", now).unwrap();
    let embedded = Embedded::open(directory, Arc::new(move || now)).await.unwrap();
    let tenant = embedded.tenants().by_name("Contoso").await.unwrap().unwrap().id;
    let partner: PartnerId = "fabrikam".parse().unwrap();
    let writes = Arc::new(AtomicU64::new(0));
    let dying = embedded.again(move |client| {
        let writes = Arc::clone(&writes);
        let plan = move |point: &FaultPoint| {
            let second = point.operation == "PutItem" && writes.fetch_add(1, Ordering::Relaxed) == 1;
            if second { Fault::Die } else { Fault::None }
        };
        Faulty::new(client, Arc::new(plan)).http_client()
    });
    assert!(dying.grants().revoke(tenant, &partner, "test", now).await.is_err());
    let registrant = Registrant::Partner(partner);
    let seen = embedded.grants().get(tenant, &registrant).await.unwrap().unwrap();
    let hindrance = Hindrance {
        tries: 6,
        next_try,
        reason: Reason {
            code: "not-carried-out".to_owned(),
            detail: "it could not be taken back everywhere: write an item: ThrottlingException".to_owned(),
            remedy: "`muster consent revoke --tenant Contoso --partner fabrikam` carries it out.".to_owned(),
        },
    };
    assert!(embedded.grants().hinder(&seen, hindrance).await.unwrap());
}

#[test]
fn a_decision_that_is_hindered_is_shown_with_its_next_try() {
    let workshop = workshop();
    for line in [
        "consent request --tenant Contoso --partner fabrikam --kind csp-direct --data-dir data",
        "consent grant --tenant Contoso --partner fabrikam --data-dir data",
    ] {
        assert_eq!(workshop.muster(line).code, Some(0), "{line}");
    }
    let next_try = "2026-01-01T01:00:00Z".parse().unwrap();
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(hinder_a_revocation(&workshop, Some(next_try)));
    let list = workshop.muster("consent list --tenant Contoso --data-dir data");
    assert_transcript!(workshop, list);
}

#[test]
fn a_decision_that_is_given_up_is_shown_with_what_to_do() {
    let workshop = workshop();
    for line in [
        "consent request --tenant Contoso --partner fabrikam --kind csp-direct --data-dir data",
        "consent grant --tenant Contoso --partner fabrikam --data-dir data",
    ] {
        assert_eq!(workshop.muster(line).code, Some(0), "{line}");
    }
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(hinder_a_revocation(&workshop, None));
    assert_transcript!(
        workshop,
        workshop.muster("consent list --tenant Contoso --data-dir data")
    );
    assert_transcript!(workshop, workshop.muster("fsck --data-dir data"));
    let revoke = workshop.muster("consent revoke --tenant Contoso --partner fabrikam --data-dir data");
    assert_eq!(revoke.code, Some(0), "{}", revoke.stderr);
    assert_eq!(workshop.muster("fsck --data-dir data").code, Some(0));
}

#[test]
fn a_consent_is_declined() {
    let workshop = workshop();
    workshop.muster("consent request --tenant Contoso --partner fabrikam --kind csp-direct --data-dir data");
    assert_transcript!(
        workshop,
        workshop.muster("consent decline --tenant Contoso --partner fabrikam --data-dir data")
    );
    let list = workshop
        .muster("consent list --tenant Contoso --json --data-dir data")
        .json();
    assert_eq!(
        (&list["grants"][0]["registrant"], &list["grants"][1]["state"]),
        (&"tenant".into(), &"declined".into())
    );
}

#[test]
fn a_consent_is_given_in_part_and_every_decision_is_kept() {
    let workshop = workshop();
    for line in [
        "consent request --tenant Contoso --partner adatum --kind oem",
        "consent request --tenant Contoso --partner fabrikam --kind csp-direct --expires 90d --delegated-administration",
    ] {
        assert_eq!(
            workshop.muster(&format!("{line} --data-dir data")).code,
            Some(0),
            "{line}"
        );
    }
    let grant = "consent grant --tenant Contoso --partner fabrikam --data-dir data";
    for (wrong, word) in [
        ("--channels oem-direct", "no more channels than were asked for"),
        ("--expires 91d", "not end later than was asked for"),
        ("--verbs register,own", "own"),
        ("--channels nowhere", "nowhere"),
    ] {
        let refused = workshop.muster(&format!("{grant} {wrong}"));
        assert_eq!(refused.code, Some(2), "{wrong}: {}", refused.stderr);
        assert!(refused.stderr.contains(word), "{wrong}: {}", refused.stderr);
    }
    let part = "--verbs register --channels partner-center --expires 30d --no-delegated-administration --json";
    let given = workshop.muster(&format!("{grant} {part}")).json();
    assert_eq!(given["verbs"], serde_json::json!(["register"]));
    assert_eq!(given["delegatedAdministration"], false);
    let changes = "consent changes --tenant Contoso --data-dir data";
    let table = workshop.muster(changes).stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    for (line, words) in lines.iter().zip([
        vec!["WHEN", "PARTNER", "WHAT", "BY", "FROM", "VERBS", "CHANNELS", "ENDS"],
        vec!["fabrikam", "granted", "command line", "register ", "partner-center"],
        vec!["fabrikam", "requested", "register, update, release"],
        vec!["adatum", "requested", "oem-direct"],
    ]) {
        assert!(words.iter().all(|word| line.contains(word)), "{words:?}: {line}");
    }
    let first = workshop.muster(&format!("{changes} --limit 2 --json")).json();
    let next = first["next"].as_str().unwrap();
    let second = workshop
        .muster(&format!("{changes} --limit 2 --json --from {next}"))
        .json();
    let what = |page: &serde_json::Value, n: usize| page["changes"][n]["what"].clone();
    assert_eq!(
        (what(&first, 0), what(&first, 1), what(&second, 0), &second["next"]),
        (
            "granted".into(),
            "requested".into(),
            "requested".into(),
            &serde_json::Value::Null
        )
    );
    assert_eq!(first["changes"][0]["old"]["verbs"].as_array().map(Vec::len), Some(3));
    let one = workshop.muster(&format!("{changes} --partner adatum --json")).json();
    assert_eq!(one["changes"].as_array().map(Vec::len), Some(1));
    assert_eq!(workshop.muster(&format!("{changes} --from nowhere")).code, Some(2));
}

#[test]
fn a_reseller_brings_its_provider() {
    let workshop = workshop();
    let request =
        "consent request --tenant Contoso --partner northwind --kind csp-reseller --provider wingtip --data-dir data";
    assert_transcript!(workshop, workshop.muster(request));
    assert_transcript!(
        workshop,
        workshop.muster("consent request --tenant Contoso --partner wingtip --kind oem --data-dir data")
    );
}

#[test]
fn what_cannot_be_asked_for_is_told() {
    let workshop = workshop();
    for line in [
        "consent request --tenant Tailspin --partner fabrikam --kind oem",
        "consent request --tenant Contoso --partner fabrikam",
        "consent request --tenant Contoso --partner fabrikam --kind oem --provider wingtip",
        "consent request --tenant Contoso --partner -x --kind oem",
        "consent request --tenant Contoso --partner fabrikam --kind oem --expires 2020-01-01T00:00:00Z",
        "consent request --tenant Contoso --partner fabrikam --kind oem --expires soon",
        "consent grant --tenant Contoso --partner nobody",
        "consent list",
    ] {
        assert_transcript!(workshop, workshop.muster(&format!("{line} --data-dir data")));
    }
}

#[test]
fn lists_come_in_pages() {
    let workshop = workshop();
    for partner in ["a", "b", "c"] {
        workshop.muster(&format!(
            "consent request --tenant Contoso --partner {partner} --kind oem --data-dir data"
        ));
    }
    let mut seen = Vec::new();
    let mut from = String::new();
    loop {
        let page = workshop
            .muster(&format!(
                "consent list --tenant Contoso --limit 2 --json --data-dir data {from}"
            ))
            .json();
        let registrants = page["grants"]
            .as_array()
            .unwrap()
            .iter()
            .map(|grant| grant["registrant"].to_string());
        seen.extend(registrants);
        let Some(next) = page["next"].as_str() else { break };
        from = format!("--from {next}");
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}
