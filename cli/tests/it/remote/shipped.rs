//! Booting devices, inventories and catalogues: a server says of them what the registry itself says.

use super::*;

#[test]
fn devices_boot_and_are_waited_for_the_same() {
    let both = Both::start(&[
        ("list.csv", "--rows 2 --dialect three-columns"),
        ("stranger.csv", "--rows 1 --seed 3"),
    ]);
    let service = both.there.token("--role service-administrator");
    both.same(&service, "tenants add Contoso");
    let admin = both.there.token("--role device-administrator --tenant Contoso");
    let boot = "boot --hash list.csv --serial TEST-1-0000001";
    let wait = "devices wait TEST-1-0000001 --tenant Contoso --timeout 0s";
    for (line, code) in [
        (boot, 1),
        (wait, 1),
        ("register list.csv --tenant Contoso --group-tag Sales", 0),
        (boot, 1),
        (wait, 1),
        ("boot --hash list.csv --serial nobody", 2),
        ("boot --hash T0nonsense", 2),
        (
            "profiles add Sales --hide-license-terms --name-template PC-%SERIAL% --tenant Contoso",
            0,
        ),
        ("profiles assign Sales --group-tag Sales --tenant Contoso", 0),
        (wait, 0),
        ("devices wait nobody --tenant Contoso --timeout 0s", 1),
        (boot, 0),
        (
            "boot --hash list.csv --serial TEST-1-0000001 --os-build 10.0.26100.1",
            0,
        ),
        ("boot --hash stranger.csv", 1),
        ("devices show TEST-1-0000001", 0),
        ("profiles explain TEST-1-0000001 --tenant Contoso", 0),
        ("boot --manufacturer Contoso --model Book --serial TEST-1-0000001", 1),
    ] {
        let (run, _) = both.same(&admin, line);
        assert_eq!(run.code, Some(code), "{line}: {}{}", run.stdout, run.stderr);
    }
    for line in [boot, "boot --hash stranger.csv", wait, "devices show TEST-1-0000001"] {
        json(&both, &admin, line);
    }
}

#[test]
fn an_inventory_is_harvested_the_same() {
    let both = Both::start(&[("inventory.csv", "--rows 4"), ("known.csv", "--rows 1")]);
    let service = both.there.token("--role service-administrator");
    both.same(&service, "tenants add Contoso");
    let admin = both.there.token("--role device-administrator --tenant Contoso");
    for (line, code) in [
        ("register known.csv --tenant Contoso", 0),
        // No profile converts anything yet.
        ("harvest inventory.csv --tenant Contoso", 0),
        ("profiles add Everybody --convert-targeted-devices --tenant Contoso", 0),
        ("profiles assign Everybody --all-devices --tenant Contoso", 0),
        ("harvest inventory.csv --tenant Contoso --group-tag Office", 0),
        ("harvest inventory.csv --tenant Contoso --all", 0),
        ("devices list --tenant Contoso --group-tag Office", 0),
        ("harvest nowhere.csv --tenant Contoso", 2),
    ] {
        let (run, _) = both.same(&admin, line);
        assert_eq!(run.code, Some(code), "{line}: {}{}", run.stdout, run.stderr);
    }
    both.here.write("page.csv", "Serial Number\r\nS1\r\n");
    both.there.workshop.write("page.csv", "Serial Number\r\nS1\r\n");
    both.same(&admin, "harvest page.csv --tenant Contoso");
    json(&both, &admin, "harvest inventory.csv --tenant Contoso");
}

#[test]
fn a_catalogue_is_filled_read_and_taken_back_the_same() {
    let both = Both::start(&[("factory.csv", "--rows 3 --dialect partner-center --seed 4")]);
    let service = both.there.token("--role service-administrator");
    both.same(&service, "partners add northwind --kind oem --manufacturer Contoso");
    both.same(&service, "partners add fabrikam --kind csp-direct");
    let oem = both.there.token("--role oem --partner northwind");
    let of = " --partner northwind";
    for (line, code) in [
        ("catalogue list", 0),
        ("register factory.csv --catalogue --intended-for fabrikam", 0),
        ("register factory.csv --catalogue --intended-for fabrikam", 0),
        ("catalogue list", 0),
        ("catalogue list --serial TEST-4-0000002", 0),
        ("catalogue product-keys --for fabrikam", 0),
        ("catalogue show 1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f", 2),
    ] {
        let (run, _) = both.same(&oem, &format!("{line}{of}"));
        assert_eq!(run.code, Some(code), "{line}: {}{}", run.stdout, run.stderr);
    }
    let first = |run: Run| run.json()["entries"][0]["id"].as_str().unwrap().to_owned();
    let list = "catalogue list --serial TEST-4-0000002 --json --partner northwind";
    let here = first(both.here.muster(&format!("{list} --data-dir data")));
    let there = first(both.there.muster(&oem, list));
    for (line, code) in [
        ("catalogue show ENTRY", 0),
        ("catalogue withdraw ENTRY", 0),
        ("catalogue withdraw ENTRY", 0),
        ("catalogue show ENTRY", 0),
        ("catalogue product-keys --for fabrikam", 0),
    ] {
        let line = format!("{line}{of}");
        let (run, _) = both.same_with(&oem, &line.replace("ENTRY", &here), &line.replace("ENTRY", &there));
        assert_eq!(run.code, Some(code), "{line}: {}{}", run.stdout, run.stderr);
    }
    json(&both, &oem, "catalogue list --partner northwind");
    json(&both, &oem, "uploads list --catalogue northwind");
}
