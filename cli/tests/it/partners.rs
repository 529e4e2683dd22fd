//! `muster partners`.

use super::{Workshop, assert_transcript};

#[test]
fn a_partner_is_added_once_and_found_by_the_other_commands() {
    let workshop = Workshop::new();
    assert_transcript!(workshop, workshop.muster("partners list --data-dir data"));
    let add = "partners add Northwind --kind csp-reseller --provider adatum --data-dir data";
    assert_transcript!(workshop, workshop.muster(add));
    assert_transcript!(
        workshop,
        workshop.muster("partners add adatum --kind csp-provider --name Adatum --data-dir data")
    );
    for _ in 0..2 {
        let run = workshop.muster(&format!("{add} --json"));
        assert_eq!(
            (&run.json()["id"], &run.json()["provider"]),
            (&"northwind".into(), &"adatum".into())
        );
    }
    assert_transcript!(
        workshop,
        workshop.muster("partners add adatum --kind oem --data-dir data")
    );
    assert_transcript!(workshop, workshop.muster("partners list --data-dir data"));
    let page = workshop.muster("partners list --limit 1 --json --data-dir data").json();
    assert_eq!(page["next"], "adatum");
    let oem = "partners add tailspin --kind oem --manufacturer Tailspin --data-dir data";
    assert_transcript!(workshop, workshop.muster(oem));
    assert_transcript!(workshop, workshop.muster(&oem.replace("Tailspin", "Fabrikam")));
    let edit = "partners edit tailspin --data-dir data";
    assert_transcript!(
        workshop,
        workshop.muster(&format!("{edit} --manufacturer Tailspin --manufacturer Toys"))
    );
    assert_transcript!(workshop, workshop.muster(&format!("{edit} --no-manufacturer")));
    assert_transcript!(workshop, workshop.muster(&format!("{edit} --manufacturer None")));
    assert_transcript!(workshop, workshop.muster(edit));
    workshop.muster("tenants add Contoso --data-dir data");
    let request = "consent request --tenant Contoso --partner northwind --data-dir data";
    assert_eq!(workshop.muster(request).code, Some(0));
}
