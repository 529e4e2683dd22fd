//! Profiles through a server.

use super::{Both, json};

#[test]
fn profiles_are_made_assigned_explained_and_removed_the_same() {
    let both = Both::start(&[("list.csv", "--rows 2 --dialect three-columns")]);
    let service = both.there.token("--role service-administrator");
    both.same(&service, "tenants add Contoso");
    let admin = both.there.token("--role device-administrator --tenant Contoso");
    both.same(&admin, "register list.csv --tenant Contoso --group-tag Sales");
    let of = |run: crate::Run| run.json()["id"].as_str().unwrap().to_owned();
    let here = of(both.here.muster("devices show TEST-1-0000001 --json --data-dir data"));
    let there = of(both.there.muster(&admin, "devices show TEST-1-0000001 --json"));
    let of_tenant = "--tenant Contoso";
    for (line, code) in [
        ("profiles list", 0),
        ("profiles explain TEST-1-0000001", 1),
        ("profiles add Sales --hide-license-terms --name-template PC-%SERIAL%", 0),
        ("profiles add sales", 2),
        ("profiles add Kiosk --mode selfDeploying --join hybrid", 2),
        (
            "profiles add Kiosk --mode selfDeploying --default --status-page {\"installProgressTimeoutInMinutes\":90}",
            0,
        ),
        ("profiles add Other --default", 2),
        ("profiles add Simple --channel m365-business", 0),
        ("profiles add Simple --channel partner-center", 2),
        ("profiles list", 0),
        ("profiles list --channel m365-business", 0),
        ("profiles show Kiosk", 0),
        ("profiles show Nobody", 2),
        ("profiles explain TEST-1-0000001", 0),
        ("profiles devices Sales", 0),
        ("profiles devices Nobody", 2),
        ("profiles edit Kiosk --role-scope-tag 3 --role-scope-tag 12", 0),
        ("profiles show Kiosk", 0),
        ("profiles assign Sales --group-tag Sales --exclude-group-tag Lab", 0),
        ("profiles assign Sales --exclude-group-tag Sales", 2),
        ("profiles explain TEST-1-0000001", 0),
        ("profiles show Sales", 0),
        (
            "profiles edit Sales --language de-DE --skip-keyboard-page --rename Sellers",
            0,
        ),
        ("profiles edit Sellers --language de-DE", 0),
        ("profiles edit Sellers", 2),
        (
            "profiles edit Sellers --hide-license-terms=false --name-template my%RAND",
            2,
        ),
        ("profiles remove Sellers", 2),
        ("profiles assign Sellers --device DEVICE", 0),
        ("profiles assign Sellers --exclude-device DEVICE", 1),
        ("profiles unassign Sellers --group-tag Sales", 0),
        ("profiles explain DEVICE", 0),
        ("profiles explain TEST-1-0000002", 0),
        ("profiles assign Sellers --all-devices", 2),
        ("profiles unassign Sellers", 0),
        ("profiles remove Sellers", 0),
        ("profiles remove Sellers", 2),
        ("profiles export Kiosk --existing-devices", 2),
        ("profiles export Simple --existing-devices", 2),
    ] {
        let line = format!("{line} {of_tenant}");
        let (run, _) = both.same_with(&admin, &line.replace("DEVICE", &here), &line.replace("DEVICE", &there));
        assert_eq!(run.code, Some(code), "{line}: {}{}", run.stdout, run.stderr);
    }
    both.same(&service, "tenants edit Contoso --domain contoso.onmicrosoft.com");
    both.same(&service, "tenants edit Contoso --domain contoso");
    let group = "bbbbbbbb-0000-4000-8000-000000000002";
    for line in [
        &*format!("tenants edit Contoso --group {group}=Office"),
        "tenants edit Contoso --group sales=Sales",
        "tenants show Contoso",
        "tenants show Nobody",
        &*format!("tenants edit Contoso --group {group}="),
        "tenants show Contoso",
    ] {
        both.same(&service, line);
    }
    let (shown, _) = both.same(&admin, "tenants show Contoso");
    assert!(!shown.stdout.contains("group"), "{}", shown.stdout);
    let (here, there) = both.same(&admin, "profiles export Simple --existing-devices --tenant Contoso");
    for run in [&here, &there] {
        let file: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            file["CloudAssignedTenantDomain"], "contoso.onmicrosoft.com",
            "{}",
            run.stdout
        );
        assert!(run.stdout.is_ascii());
    }
    json(&both, &admin, "profiles list --tenant Contoso");
    json(&both, &admin, "profiles explain TEST-1-0000001");
    json(&both, &admin, "profiles devices Kiosk --tenant Contoso");
}

#[test]
fn a_partners_token_makes_profiles_of_partners() {
    let both = Both::start(&[]);
    let service = both.there.token("--role service-administrator");
    both.same(&service, "tenants add Contoso");
    both.same(&service, "partners add fabrikam --kind csp-direct");
    let agent = both.there.token("--role admin-agent --partner fabrikam");
    let admin = both.there.token("--role tenant-administrator --tenant Contoso");
    let tenant = both.there.tenant("Contoso");
    let asked = format!("consent request --tenant {tenant} --partner fabrikam --kind csp-direct");
    assert_eq!(both.there.muster(&agent, &asked).code, Some(0));
    let granted = both
        .there
        .muster(&admin, "consent grant --tenant Contoso --partner fabrikam");
    assert_eq!(granted.code, Some(0), "{}", granted.stderr);
    let made = both
        .there
        .muster(&agent, &format!("profiles add Sales --tenant {tenant} --json"));
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    assert_eq!(made.json()["channel"], "partner-center");
    assert_eq!(made.json()["partner"], "fabrikam");
    let seen = both.there.muster(&admin, "profiles show Sales --tenant Contoso --json");
    assert_eq!(seen.json()["id"], made.json()["id"]);
    let own = both.there.muster(&admin, "profiles add Own --tenant Contoso");
    assert_eq!(own.code, Some(0), "{}", own.stderr);
    let hidden = both
        .there
        .muster(&agent, &format!("profiles show Own --tenant {tenant}"));
    assert_eq!(hidden.code, Some(2), "{}", hidden.stdout);
}
