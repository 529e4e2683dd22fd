//! Commands with `--server`: each says what it says with the registry itself, and ends the same way.

mod catalogue;
mod login;
mod profiles;
mod sent;
mod shipped;

use std::process::Stdio;

use regex::Regex;
use serde_json::Value;

use super::beside::split;
use super::served::Served;
use super::{Run, Workshop};

/// A running server over the directory `data` of a workshop, and whoever asks it.
pub(super) struct Remote {
    workshop: Workshop,
    _served: Served,
    url: String,
}

impl Remote {
    fn start() -> Self {
        Self::over(Workshop::new())
    }

    pub(super) fn over(workshop: Workshop) -> Self {
        let (served, said, _) = Served::start(&workshop);
        let url = said["http"].as_str().unwrap().to_owned();
        Self {
            workshop,
            _served: served,
            url,
        }
    }

    /// A token of these roles and whom they hold for.
    pub(super) fn token(&self, options: &str) -> String {
        let run = self.workshop.muster(&format!("token {options} --data-dir data"));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stdout.trim().to_owned()
    }

    /// Runs a command line by this token.
    pub(super) fn muster(&self, token: &str, line: &str) -> Run {
        let line = format!("{line} --server {}", self.url);
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut command = self.workshop.command(&words);
        command.env("MUSTER_TOKEN", token).stdin(Stdio::null());
        Run::of(&line, command.output().unwrap())
    }

    /// The tenant's id.
    pub(super) fn tenant(&self, name: &str) -> String {
        let list = self.workshop.muster("tenants list --json --data-dir data").json();
        let tenants = list["tenants"].as_array().unwrap();
        let tenant = tenants.iter().find(|tenant| tenant["name"] == name).unwrap();
        tenant["id"].as_str().unwrap().to_owned()
    }
}

/// What a run said without what differs from run to run: ids, times, places, and how wide columns are. A partner knows a
/// tenant by its id, whoever has the registry by its name.
fn plain(workshop: &Workshop, run: &Run) -> String {
    let root = workshop.dir.path().canonicalize().unwrap().display().to_string();
    let text = format!("{}--- exit {:?}\n", run.stdout, run.code).replace(&root, "[dir]");
    let text = text.replace("[dir]/data/reports", "[dir]/reports");
    let filters = [
        (r"u-[A-Za-z0-9_-]{20}", "[upload]"),
        (r"Contoso \([0-9a-f-]{36}\)", "[tenant]"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]"),
        (r"`Contoso`", "`[id]`"),
        (r"\bContoso  ", "[id]  "),
        (r"--tenant Contoso", "--tenant [id]"),
        (r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ", "[time]"),
        (r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
        (r"[A-Za-z0-9+/]{22}\.0\b", "[vector]"),
        (r"  (object|version|report|fix-it file) +\S.*\n", ""),
        (r"  Reports: .*\n", ""),
        (r"or with its own program, at .*\n", ""),
        (r"127\.0\.0\.1", "-"),
        (r" +", " "),
    ];
    let text = filters.iter().fold(text, |text, (pattern, with)| {
        Regex::new(pattern).unwrap().replace_all(&text, *with).into_owned()
    });
    // Devices are listed in no order.
    let listed = run.command.starts_with("devices list");
    let mut lines: Vec<&str> = text.lines().collect();
    if listed {
        lines.sort_unstable();
    }
    lines.join("\n")
}

/// The registry itself and a server, in the same state, told the same.
struct Both {
    here: Workshop,
    there: Remote,
}

impl Both {
    fn start(files: &[(&str, &str)]) -> Self {
        let (here, there) = (Workshop::new(), Remote::start());
        for (name, options) in files {
            here.list(name, options);
            there.workshop.list(name, options);
        }
        Self { here, there }
    }

    /// Runs a line both ways, and holds one against the other. `T` and `D` stand for the tenant and the device of each.
    fn same(&self, token: &str, line: &str) -> (Run, Run) {
        self.same_with(token, line, line)
    }

    fn same_with(&self, token: &str, line: &str, line_there: &str) -> (Run, Run) {
        let here = self.here.muster(&format!("{line} --data-dir data"));
        let there = self.there.muster(token, line_there);
        assert_eq!(
            plain(&self.here, &here),
            plain(&self.there.workshop, &there),
            "{line}\n{}\n{}",
            here.stderr,
            there.stderr
        );
        (here, there)
    }
}

/// A JSON object without what differs from run to run.
fn canonical(run: &Run) -> Value {
    let filters = [
        (r"u-[A-Za-z0-9_-]{20}", "[upload]"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]"),
        (r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
        (r"[A-Za-z0-9+/]{22}\.0\b", "[vector]"),
        (r#""(report|fixit|summary)":"[^"]*""#, r#""$1":"[file]""#),
    ];
    let text = filters.iter().fold(run.json().to_string(), |text, (pattern, with)| {
        Regex::new(pattern).unwrap().replace_all(&text, *with).into_owned()
    });
    without(serde_json::from_str(&text).unwrap())
}

/// Whoever has the bucket is told where a file is; what came through a server was announced, and lies elsewhere. Marks and
/// cursors name the same place in different words, and how fast it went is a matter of luck.
fn without(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let differs = ["object", "announcement", "rate"];
            let members = members
                .into_iter()
                .filter(|(name, _)| !differs.contains(&name.as_str()));
            let plain = |(name, value): (String, Value)| match name.as_str() {
                "next" => (name, value.is_null().into()),
                _ => (name, without(value)),
            };
            Value::Object(members.map(plain).collect())
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(without).collect();
            // Devices are listed in no order.
            items.sort_by_key(|item| item["serial"].as_str().map(str::to_owned));
            Value::Array(items)
        }
        other => other,
    }
}

/// Runs a line both ways where values differ, such as JSON with ids and times.
fn json(both: &Both, token: &str, line: &str) -> (Run, Run) {
    let runs = (
        both.here.muster(&format!("{line} --json --data-dir data")),
        both.there.muster(token, &format!("{line} --json")),
    );
    assert_eq!(runs.0.code, runs.1.code, "{line}: {}{}", runs.0.stderr, runs.1.stderr);
    assert_eq!(canonical(&runs.0), canonical(&runs.1), "{line}");
    runs
}

#[test]
fn tenants_and_partners_are_made_known_and_listed_the_same() {
    let both = Both::start(&[]);
    let service = both.there.token("--role service-administrator");
    both.same(&service, "tenants list");
    both.same(&service, "partners list");
    for line in [
        "tenants add Contoso",
        "tenants add CONTOSO",
        "tenants add Contoso --licensed",
        "tenants add Fabrikam --licensed",
        "tenants list",
        "partners add adatum --kind csp-provider",
        "partners add adatum --kind csp-provider",
        "partners add northwind --kind csp-reseller --provider adatum --name North",
        "partners list",
    ] {
        let (run, _) = both.same(&service, line);
        assert_eq!(run.code, Some(0), "{line}: {}", run.stderr);
    }
    json(&both, &service, "tenants list --limit 1");
    for name in ["fabrikam", "Nobody"] {
        both.same(&service, &format!("tenants list --name {name}"));
    }
    json(&both, &service, "partners list");
    json(&both, &service, "tenants add Contoso");
    for line in [
        "tenants add Tailspin --id 1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10",
        "tenants add Contoso --id 1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10",
        "partners add adatum --kind oem",
        "partners add other --kind oem --provider adatum",
        "partners add tailspin --kind oem",
        "partners add tailspin --kind oem --manufacturer Tailspin",
        "partners edit tailspin --manufacturer Tailspin --manufacturer Toys",
        "partners add tailspin --kind oem --manufacturer Tailspin --manufacturer Toys",
        "partners edit tailspin --no-manufacturer",
        "partners edit adatum --manufacturer Adatum",
        "partners edit nobody --manufacturer Adatum",
        "partners add other --kind csp-reseller --provider nobody",
    ] {
        both.same(&service, line);
    }
    // Page by page, by the cursors of the one and the marks of the other.
    let mut names = Vec::new();
    let mut from = String::new();
    loop {
        let page = both
            .there
            .muster(&service, &format!("tenants list --limit 1 --json{from}"))
            .json();
        let tenants = page["tenants"].as_array().unwrap();
        names.extend(tenants.iter().map(|tenant| tenant["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        from = format!(" --from {next}");
    }
    assert_eq!(names, ["Contoso", "Fabrikam", "Tailspin"]);
}

#[test]
fn lists_are_registered_and_looked_at_the_same() {
    let both = Both::start(&[("list.csv", "--rows 52 --faults"), ("good.csv", "--rows 3 --seed 5")]);
    let service = both.there.token("--role service-administrator");
    both.same(&service, "tenants add Contoso");
    let admin = both.there.token("--role tenant-administrator --tenant Contoso");
    let (here, _) = both.same(&admin, "register list.csv --tenant contoso");
    assert_eq!(here.code, Some(1), "{}", here.stderr);
    let (here, there) = both.same(&admin, "register good.csv --tenant Contoso --group-tag Office");
    assert_eq!(here.code, Some(0), "{}", here.stderr);
    assert!(there.stdout.contains("3  "), "{}", there.stdout);
    let again = json(&both, &admin, "register good.csv --tenant Contoso --group-tag Office");
    for run in [&again.0, &again.1] {
        assert_eq!(run.json()["outcomes"]["unchanged"], 3);
        assert_eq!(run.json()["resumed"], false);
    }
    // The files are the same, and lie below the directory of the command.
    let files = ["report", "fixit"].map(|name| {
        [&again.0, &again.1].map(|run| match run.json()[name].as_str() {
            Some(path) => std::fs::read_to_string(path).unwrap(),
            None => String::new(),
        })
    });
    assert!(files[0][1].lines().count() == 4 && files[1][1].is_empty(), "{files:?}");
    let path = again.1.json()["report"].as_str().unwrap().to_owned();
    assert!(path.contains("/reports/u-"), "{path}");

    both.here.write("page.csv", "<html>");
    both.there.workshop.write("page.csv", "<html>");
    for line in [
        "register page.csv --tenant Contoso",
        "register good.csv --tenant Contoso --channel oem-direct",
        "uploads list --tenant Contoso",
        "uploads list --tenant Contoso --limit 2",
        "devices list --tenant Contoso --serial TEST-5",
        "devices list --tenant Contoso --group-tag Office",
        "devices list --tenant Contoso --group-tag Nothing",
        "devices list --tenant Contoso --state released",
        "devices show TEST-5-0000002",
        "devices show TEST-5-000000",
        "devices show 17",
    ] {
        let line = line.replace(" --limit 2", "");
        both.same(&admin, &line);
    }
    json(&both, &admin, "uploads list --tenant Contoso");
    json(&both, &admin, "devices list --tenant Contoso");
    let [here, there] = [
        both.here.muster("uploads list --tenant Contoso --json --data-dir data"),
        both.there.muster(&admin, "uploads list --tenant Contoso --json"),
    ]
    .map(|run| run.json()["uploads"][0]["id"].as_str().unwrap().to_owned());
    for line in ["uploads show", "uploads resume", "uploads cancel"] {
        both.same_with(&admin, &format!("{line} {here}"), &format!("{line} {there}"));
    }
    for line in ["uploads show", "uploads cancel"] {
        both.same(&admin, &format!("{line} u-AAAAAAAAAAAAAAAAAAAA"));
    }
}

#[test]
fn a_list_is_validated_the_same_and_nothing_is_registered() {
    let both = Both::start(&[("list.csv", "--rows 12 --faults")]);
    let service = both.there.token("--role service-administrator");
    both.same(&service, "tenants add Contoso");
    let admin = both.there.token("--role tenant-administrator --tenant Contoso");
    let validate = "register list.csv --tenant Contoso --validate-only";
    let (predicted, _) = both.same(&admin, validate);
    assert_eq!(predicted.code, Some(1), "{}", predicted.stderr);
    assert!(
        predicted.stdout.contains("nothing of it is registered"),
        "{}",
        predicted.stdout
    );
    let (told, _) = json(&both, &admin, validate);
    assert_eq!(told.json()["validateOnly"], true);
    let (none, _) = both.same(&admin, "devices list --tenant Contoso");
    assert!(
        none.stdout.starts_with("No such device is registered"),
        "{}",
        none.stdout
    );
    let (done, _) = json(&both, &admin, "register list.csv --tenant Contoso");
    assert_eq!(done.json()["outcomes"], told.json()["outcomes"]);
    assert!(done.json().get("validateOnly").is_none());
}

#[test]
fn an_upload_that_is_called_off_stays_so_also_through_a_server() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 3");
    workshop.muster("tenants add Contoso --data-dir data");
    let id = split(&workshop, "list.csv");
    let line = format!("uploads cancel {id}");
    let here = workshop.muster(&format!("{line} --data-dir data"));
    assert_eq!(here.code, Some(0), "{}", here.stderr);
    assert!(here.stdout.contains("cancelled"), "{}", here.stdout);
    let remote = Remote::over(workshop);
    let admin = remote.token("--role device-administrator --tenant Contoso");
    let there = remote.muster(&admin, &line);
    assert_eq!(
        plain(&remote.workshop, &here),
        plain(&remote.workshop, &there),
        "{}",
        there.stderr
    );
    let shown = remote.muster(&admin, &format!("uploads show {id} --json")).json();
    assert_eq!((&shown["state"], &shown["rowsDone"]), (&"cancelled".into(), &0.into()));
    let resumed = remote.muster(&admin, &format!("uploads resume {id}"));
    assert_eq!(resumed.code, Some(2), "{}", resumed.stdout);
}

#[test]
fn devices_are_changed_and_released_the_same() {
    let both = Both::start(&[
        ("list.csv", "--rows 2"),
        ("repaired.csv", "--rows 1 --replaced board"),
        ("other.csv", "--rows 1 --seed 3"),
    ]);
    let service = both.there.token("--role service-administrator");
    both.same(&service, "tenants add Contoso");
    let admin = both.there.token("--role device-administrator --tenant Contoso");
    both.same(&admin, "register list.csv --tenant Contoso");
    let of = |run: Run| run.json()["id"].as_str().unwrap().to_owned();
    let here = of(both.here.muster("devices show TEST-1-0000001 --json --data-dir data"));
    let there = of(both.there.muster(&admin, "devices show TEST-1-0000001 --json"));
    for line in [
        "devices show DEVICE",
        "devices show DEVICE --tenant Contoso",
        "devices update DEVICE --tenant Contoso --group-tag Sales --display-name PC-1",
        "devices update DEVICE --tenant Contoso --group-tag Sales",
        "devices update DEVICE --tenant Contoso --display-name 1",
        "register repaired.csv --tenant Contoso",
        "devices list --tenant Contoso --remediation manualRemediationRequired",
        "devices show DEVICE",
        "devices rebind DEVICE --tenant Contoso --hash other.csv --reason board",
        "devices rebind DEVICE --tenant Contoso --hash repaired.csv --reason board",
        "devices rebind DEVICE --tenant Contoso --hash repaired.csv --reason board",
        "devices rebind 1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10 --tenant Contoso --hash repaired.csv --reason board",
        "devices list --tenant Contoso --remediation manualRemediationRequired",
        "devices show DEVICE",
        "devices history DEVICE",
        "devices release DEVICE --tenant Contoso",
        "devices release DEVICE --tenant Contoso",
        "devices update DEVICE --tenant Contoso --group-tag Other",
        "devices history DEVICE",
        "devices show DEVICE",
        "devices list --tenant Contoso --state released",
        "devices history 1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10",
    ] {
        both.same_with(&admin, &line.replace("DEVICE", &here), &line.replace("DEVICE", &there));
    }
    let shown = (
        both.here.muster(&format!("devices show {here} --json --data-dir data")),
        both.there.muster(&admin, &format!("devices show {there} --json")),
    );
    assert_eq!(canonical(&shown.0), canonical(&shown.1));
    // Its serial number leads to it no more, and the other one is found by its PKID.
    both.same(&admin, "devices show TEST-1-0000001");
    let other = both.there.muster(&admin, "devices show TEST-1-0000002 --json").json();
    if let Some(pkid) = other["pkid"].as_str() {
        let found = both.there.muster(&admin, &format!("devices show {pkid} --json")).json();
        assert_eq!(found, other);
    }
}

#[test]
fn a_consent_lives_its_whole_life_the_same() {
    let both = Both::start(&[("partner.csv", "--rows 2 --seed 6 --dialect partner-center")]);
    let service = both.there.token("--role service-administrator");
    both.same(&service, "tenants add Contoso");
    both.same(&service, "partners add adatum --kind csp-direct");
    let tenant = both.there.tenant("Contoso");
    let approver = both.there.token("--role consent-approver --tenant Contoso");
    let agent = both.there.token("--role admin-agent --partner adatum");
    let ask = "consent request --tenant T --partner adatum --expires 90d --delegated-administration";
    let register = "register partner.csv --tenant T --partner adatum";
    let steps = [
        (&agent, "consent list --partner adatum"),
        (&agent, ask),
        (&agent, ask),
        (&agent, register),
        (&approver, "consent list --tenant T"),
        (
            &approver,
            "consent grant --tenant T --partner adatum --verbs register,update --no-delegated-administration",
        ),
        (&approver, "consent grant --tenant T --partner adatum"),
        (&agent, ask),
        (&agent, register),
        (&agent, "consent list --partner adatum"),
        (&approver, "consent decline --tenant T --partner adatum"),
        (&approver, "consent revoke --tenant T --partner adatum"),
        (&approver, "consent revoke --tenant T --partner adatum"),
        (&approver, "consent changes --tenant T"),
        (&approver, "consent changes --tenant T --partner adatum --limit 1"),
        (&agent, "consent request --tenant T --partner adatum --kind oem"),
    ];
    for (token, line) in steps {
        let there = line.replace(" T ", &format!(" {tenant} "));
        let there = there
            .strip_suffix(" T")
            .map_or(there.clone(), |line| format!("{line} {tenant}"));
        let here = line.replace(" T", " Contoso");
        // Where the consent does not allow it, the server says so before anything is sent.
        if line == register {
            let runs = (
                both.here.muster(&format!("{here} --data-dir data")),
                both.there.muster(token, &there),
            );
            let fine = runs.0.code == Some(0);
            assert_eq!(runs.1.code, Some(if fine { 0 } else { 2 }), "{}", runs.1.stderr);
            continue;
        }
        if line.contains("--limit 1") {
            let page = both.there.muster(token, &there);
            assert!(page.stdout.contains("More: --from "), "{}{}", page.stdout, page.stderr);
            continue;
        }
        both.same_with(token, &here, &there);
    }
    let changes = (
        both.here
            .muster("consent changes --tenant Contoso --json --data-dir data"),
        both.there
            .muster(&approver, &format!("consent changes --tenant {tenant} --json")),
    );
    let acts = |run: &Run| -> Vec<Value> {
        let changes = run.json()["changes"].clone();
        changes
            .as_array()
            .unwrap()
            .iter()
            .map(|change| change["what"].clone())
            .collect()
    };
    assert_eq!(acts(&changes.0), acts(&changes.1));
}

/// A manufacturer sees no devices, and releases those that partners registered.
#[test]
fn a_manufacturer_releases_what_it_does_not_see() {
    let remote = Remote::start();
    remote
        .workshop
        .list("partner.csv", "--rows 2 --seed 6 --dialect partner-center");
    for line in [
        "tenants add Contoso",
        "consent request --tenant Contoso --partner fabrikam --kind csp-direct",
        "consent request --tenant Contoso --partner adatum --kind oem",
        "consent grant --tenant Contoso --partner fabrikam",
        "consent grant --tenant Contoso --partner adatum",
        "register partner.csv --tenant Contoso --partner fabrikam",
    ] {
        let run = remote.workshop.muster(&format!("{line} --data-dir data"));
        assert_eq!(run.code, Some(0), "{line}: {}{}", run.stdout, run.stderr);
    }
    let (tenant, oem) = (remote.tenant("Contoso"), remote.token("--role oem --partner adatum"));
    let list = remote
        .workshop
        .muster("devices list --tenant Contoso --json --data-dir data")
        .json();
    let [first, second] = [0, 1].map(|at| list["devices"][at]["id"].as_str().unwrap().to_owned());
    let run = remote.muster(&oem, &format!("devices release {first} --tenant {tenant}"));
    assert_eq!(
        run.stdout,
        format!("Device {first} no longer belongs to `{tenant}`.\n"),
        "{}",
        run.stderr
    );
    let run = remote.muster(&oem, &format!("devices release {second} --tenant {tenant} --json"));
    assert_eq!(run.json()["outcome"], "released", "{}", run.stderr);
    let run = remote.muster(
        &oem,
        &format!("devices update {second} --tenant {tenant} --group-tag x"),
    );
    assert_eq!(run.code, Some(2), "{}", run.stdout);
}

#[test]
fn what_a_server_refuses_is_told_with_what_to_do() {
    let remote = Remote::start();
    let service = remote.token("--role service-administrator");
    assert_eq!(remote.muster(&service, "tenants add Contoso").code, Some(0));
    assert_eq!(remote.muster(&service, "partners add adatum --kind oem").code, Some(0));
    remote.workshop.list("list.csv", "--rows 1");
    let reader = remote.token("--role reader --tenant Contoso");
    let oem = remote.token("--role oem --partner adatum");
    let told = [
        (&reader, "register list.csv --tenant Contoso"),
        (&reader, "register list.csv --tenant Other"),
        (&service, "register list.csv --tenant Other"),
        (&reader, "tenants list"),
        (&reader, "fsck"),
        (&service, "uploads list --unassigned"),
        (&service, "devices show TEST-1-0000001"),
        (&oem, "devices list --tenant 1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10"),
        (&oem, "consent request --tenant Contoso --partner other"),
        (&oem, "register list.csv --tenant Contoso --partner other"),
        (&"no.token".to_owned(), "tenants list"),
    ]
    .map(|(token, line)| {
        let run = remote.muster(token, line);
        assert_eq!(run.code, Some(2), "{line}: {}", run.stdout);
        assert!(!run.stderr.contains(token.as_str()), "the token is printed");
        run.transcript()
    });
    let mut settings = super::redacted(&remote.workshop);
    settings.add_filter(&remote.url, "[server]");
    settings.add_filter(r"request \S+\)", "request [request])");
    settings.bind(|| insta::assert_snapshot!(told.join("\n")));
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let workshop = Workshop::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let words = ["tenants", "list", "--server", &format!("http://127.0.0.1:{port}")];
    let run = workshop.command(&words).env("MUSTER_TOKEN", "a.b.c").output().unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(
        told.contains(&format!("http://127.0.0.1:{port} cannot be reached: ")),
        "{told}"
    );
    for url in ["http://muster.example", "muster.example", "https://a@b"] {
        let run = workshop.muster(&format!("tenants list --server {url}"));
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains("invalid value"), "{}", run.stderr);
    }
    let both = workshop.muster("tenants list --server http://localhost --data-dir data");
    assert!(both.stderr.contains("cannot be used with"), "{}", both.stderr);
}
