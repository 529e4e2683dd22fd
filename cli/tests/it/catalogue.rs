//! `muster register --catalogue` and `muster catalogue`.

use super::{Run, Workshop};

/// A manufacturer, a CSP with the consent of Contoso, and a list of the manufacturer's.
fn workshop() -> Workshop {
    let workshop = Workshop::new();
    workshop.list("factory.csv", "--rows 3 --dialect partner-center --seed 4");
    for line in [
        "tenants add Contoso",
        "partners add northwind --kind oem --manufacturer Contoso",
        "partners add fabrikam --kind csp-direct",
        "consent request --tenant Contoso --partner fabrikam --kind csp-direct",
        "consent grant --tenant Contoso --partner fabrikam",
    ] {
        fine(&workshop, line);
    }
    workshop
}

fn run(workshop: &Workshop, line: &str) -> Run {
    workshop.muster(&format!("{line} --data-dir data"))
}

fn fine(workshop: &Workshop, line: &str) -> Run {
    let run = run(workshop, line);
    assert_eq!(run.code, Some(0), "{line}: {}{}", run.stdout, run.stderr);
    run
}

const REGISTER: &str = "register factory.csv --catalogue --partner northwind --intended-for fabrikam";

#[test]
fn a_manufacturer_lists_its_devices_sees_them_and_takes_back_what_nobody_owns() {
    let workshop = workshop();
    let answer = fine(&workshop, &format!("{REGISTER} --json")).json();
    assert_eq!(
        (&answer["catalogue"], &answer["outcomes"]["registered"]),
        (&"northwind".into(), &3.into())
    );
    assert!(answer.get("tenant").is_none());
    let again = fine(&workshop, REGISTER);
    assert!(
        again.stdout.contains("(the catalogue of northwind, upload "),
        "{}",
        again.stdout
    );
    let uploads = fine(&workshop, "uploads list --catalogue northwind --json").json();
    assert_eq!(uploads["uploads"].as_array().unwrap().len(), 2);

    let list = fine(&workshop, "catalogue list --partner northwind --json").json();
    let entries = list["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    let told = fine(&workshop, "catalogue list --partner northwind --serial TEST-4-0000001").stdout;
    assert_eq!(
        told.lines().filter(|line| line.contains("TEST-4-")).count(),
        1,
        "{told}"
    );

    // One of them is registered by its PKID.
    let keys = fine(
        &workshop,
        "catalogue product-keys --partner northwind --for fabrikam --json",
    )
    .json();
    let keys = keys["productKeys"].as_array().unwrap();
    assert_eq!(keys.len(), 3);
    let (pkid, serial) = (&keys[0]["productKeyId"], &keys[0]["serialNumber"]);
    let row = format!(
        "Device Serial Number,Windows Product ID,Hardware Hash,Manufacturer name,Device model\r\n,{},,,\r\n",
        pkid.as_str().unwrap()
    );
    workshop.write("pkid.csv", row);
    fine(&workshop, "register pkid.csv --tenant Contoso --partner fabrikam");
    let device = fine(&workshop, "devices list --tenant Contoso --json").json();
    assert_eq!(&device["devices"][0]["serial"], serial);

    let id = |n: usize| entries[n]["id"].as_str().unwrap();
    let all = format!("catalogue withdraw {} {} {} --partner northwind", id(0), id(1), id(2));
    let withdrawn = run(&workshop, &all);
    assert_eq!(withdrawn.code, Some(1), "{}{}", withdrawn.stdout, withdrawn.stderr);
    assert_eq!(
        withdrawn.stdout.matches("is withdrawn.").count(),
        2,
        "{}",
        withdrawn.stdout
    );
    assert_eq!(
        withdrawn.stdout.matches("somebody has registered the device").count(),
        1,
        "{}",
        withdrawn.stdout
    );
    let left = fine(&workshop, "catalogue list --partner northwind --json").json();
    assert_eq!(
        (left["entries"].as_array().unwrap().len(), &left["entries"][0]["owned"]),
        (1, &true.into())
    );
    let shown = fine(&workshop, &format!("catalogue show {} --partner northwind", id(0))).stdout;
    assert!(shown.contains("meant for") && !shown.contains("T0"), "{shown}");
    assert_eq!(
        run(&workshop, &format!("catalogue show {} --partner fabrikam", id(0))).code,
        Some(2)
    );
    assert!(fine(&workshop, "fsck").stdout.contains("catalogue entr"));
}

#[test]
fn a_tenant_demands_the_catalogue() {
    let workshop = workshop();
    fine(&workshop, REGISTER);
    let edited = fine(&workshop, "tenants edit Contoso --require-catalogue on --json").json();
    assert_eq!(
        (&edited["requireCatalogue"], &edited["version"]),
        (&true.into(), &2.into())
    );
    workshop.list("others.csv", "--rows 2 --dialect partner-center --seed 5");
    let list = String::from_utf8(std::fs::read(workshop.path("others.csv")).unwrap()).unwrap();
    // Without their hashes.
    let bare: String = list
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let hash = if cells[2].len() > 100 { "" } else { cells[2] };
            format!("{},{},{hash},{},{}\r\n", cells[0], cells[1], cells[3], cells[4])
        })
        .collect();
    workshop.write("bare.csv", bare);
    let unknown = run(
        &workshop,
        "register bare.csv --tenant Contoso --partner fabrikam --json",
    );
    assert_eq!(unknown.code, Some(1), "{}", unknown.stderr);
    assert_eq!(unknown.json()["outcomes"]["unknownIdentity"], 2);
    let edited = fine(&workshop, "tenants edit Contoso --require-catalogue off --json").json();
    assert_eq!(edited["requireCatalogue"], false);
    let known = fine(
        &workshop,
        "register bare.csv --tenant Contoso --partner fabrikam --json",
    )
    .json();
    assert_eq!(known["outcomes"]["registered"], 2);
}

#[test]
fn what_cannot_be_put_into_a_catalogue_is_said() {
    let workshop = workshop();
    for (line, words) in [
        ("register factory.csv --catalogue", "--partner"),
        (
            "register factory.csv --catalogue --partner northwind --tenant Contoso",
            "cannot be used with",
        ),
        (
            "register factory.csv --catalogue --partner fabrikam",
            "the channel catalogue is not for `fabrikam`",
        ),
        (
            "register factory.csv --catalogue --partner nobody",
            "there is no partner `nobody`",
        ),
        (
            "register factory.csv --catalogue --partner northwind --intended-for nobody",
            "there is no partner `nobody`",
        ),
    ] {
        let run = run(&workshop, line);
        assert_eq!(run.code, Some(2), "{line}: {}", run.stdout);
        assert!(run.stderr.contains(words), "{line}: {}", run.stderr);
    }
}
