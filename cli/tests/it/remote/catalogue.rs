//! Catalogues through a server.

use super::*;

#[test]
fn a_manufacturer_does_through_a_server_what_it_does_with_the_registry() {
    let workshop = Workshop::new();
    workshop.list("factory.csv", "--rows 3 --dialect partner-center --seed 4");
    for line in [
        "partners add northwind --kind oem --manufacturer Contoso",
        "partners add fabrikam --kind csp-direct",
    ] {
        assert_eq!(workshop.muster(&format!("{line} --data-dir data")).code, Some(0));
    }
    let remote = Remote::over(workshop);
    let oem = remote.token("--role oem --partner northwind");
    let agent = remote.token("--role admin-agent --partner fabrikam");
    let register = "register factory.csv --catalogue --partner northwind --intended-for fabrikam --json";
    let answer = remote.muster(&oem, register);
    assert_eq!(answer.code, Some(0), "{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.json()["outcomes"]["registered"], 3);
    assert!(answer.json()["report"].is_string());

    for line in [
        "catalogue list --partner northwind --json",
        "catalogue product-keys --partner northwind --for fabrikam --json",
    ] {
        let (there, here) = (
            remote.muster(&oem, line),
            remote.workshop.muster(&format!("{line} --data-dir data")),
        );
        assert_eq!(there.json(), here.json(), "{line}");
    }
    let keys = "catalogue product-keys --partner northwind --for fabrikam --json";
    let by_agent = remote.muster(&agent, keys);
    assert_eq!(
        by_agent.json()["productKeys"].as_array().unwrap().len(),
        3,
        "{}",
        by_agent.stderr
    );
    let list = remote.muster(&oem, "catalogue list --partner northwind --json").json();
    let id = list["entries"][0]["id"].as_str().unwrap();
    let withdrawn = remote.muster(&oem, &format!("catalogue withdraw {id} --partner northwind"));
    assert_eq!(
        (withdrawn.code, withdrawn.stdout.contains("is withdrawn.")),
        (Some(0), true),
        "{}",
        withdrawn.stderr
    );
    let shown = remote
        .muster(&oem, &format!("catalogue show {id} --partner northwind --json"))
        .json();
    assert_eq!(shown["state"], "withdrawn");
    let uploads = remote.muster(&oem, "uploads list --catalogue northwind --json").json();
    assert_eq!(uploads["uploads"].as_array().unwrap().len(), 1);
    let stranger = remote.muster(&agent, "catalogue list --partner northwind");
    assert_eq!(stranger.code, Some(2), "{}", stranger.stdout);
}
