//! `muster serve`: starts, says how to use it, stops cleanly, and is started again.

use std::collections::BTreeSet;
use std::io::{BufRead as _, Write as _};
use std::time::{Duration, Instant};

use super::served::{Client, Served, http};
use super::{Workshop, beside, fsck};

const KEY: &str = "inbox/intune/-/Contoso/list.csv";

/// A workshop with a tenant.
fn workshop() -> Workshop {
    let workshop = Workshop::new();
    let run = workshop.muster("tenants add Contoso --data-dir data");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    workshop
}

#[cfg(unix)]
#[test]
fn it_stops_cleanly_and_starts_again() {
    let workshop = Workshop::new();
    for _ in 0..2 {
        let (mut served, said, _) = Served::start(&workshop);
        let second = workshop.muster("serve --port 0 --s3-port 0 --data-dir data");
        assert_eq!(second.code, Some(2), "{}", second.stderr);
        assert!(
            second.stderr.contains("is in use by `muster serve"),
            "{}",
            second.stderr
        );

        use std::os::unix::fs::PermissionsExt as _;
        let environment = workshop.path("data/aws.env");
        assert_eq!(environment.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(environment).unwrap();
        let endpoint = format!("export AWS_ENDPOINT_URL_S3={}\n", said["s3"].as_str().unwrap());
        assert!(text.contains(&endpoint), "{endpoint}");

        served.signal("TERM");
        let start = Instant::now();
        assert_eq!(served.ended(), Some(0));
        assert!(start.elapsed() < Duration::from_secs(10));
        let rest: Vec<String> = served.said.iter().collect();
        assert_eq!(rest, [r#"{"event":"stopping"}"#, r#"{"event":"stopped"}"#]);
    }
}

#[test]
fn a_throttling_that_is_none_is_told_by_its_name() {
    let run = Workshop::new().muster("serve --graph-throttling fast --data-dir data");
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    for word in ["--graph-throttling", "`fast` is neither `off` nor `documented`"] {
        assert!(run.stderr.contains(word), "{}", run.stderr);
    }
}

#[cfg(unix)]
#[test]
fn an_upload_that_was_interrupted_ends_after_the_next_start() {
    const ROWS: usize = 3000;
    let workshop = workshop();
    for (seed, signal, code) in [(1, "TERM", Some(0)), (2, "KILL", None)] {
        workshop.list("list.csv", &format!("--rows {ROWS} --seed {seed}"));
        let list = std::fs::read(workshop.path("list.csv")).unwrap();
        let (mut served, _, s3) = Served::start(&workshop);
        let upload = s3.put(KEY, &list, &[]).unwrap();
        assert_eq!(served.hear(upload.as_str())["upload"]["state"], "processing");
        served.signal(signal);
        assert_eq!(served.ended(), code, "{signal}");
        assert!(
            served.said.iter().all(|line| !line.contains("finished")),
            "{signal}: too late"
        );

        let (served, _, s3) = Served::start(&workshop);
        let end = served.end_of(&upload);
        assert_eq!(
            (&end["state"], &end["counts"]["registered"]),
            (&"finished".into(), &ROWS.into())
        );
        let report = s3.get(&format!("uploads/{upload}/report.csv")).unwrap();
        assert_eq!(
            String::from_utf8(report.body).unwrap().lines().count(),
            1 + ROWS,
            "{signal}"
        );
    }
}

#[cfg(unix)]
#[test]
fn while_it_stops_it_is_not_ready_and_a_second_signal_ends_it_at_once() {
    let workshop = workshop();
    let (mut served, said, s3) = Served::start(&workshop);
    let address = said["http"].as_str().unwrap();
    assert!(http(address, "/readyz").starts_with("HTTP/1.1 200"));
    // A request whose body never comes keeps it from stopping for as long as it may.
    let mut half = s3.begin("PUT", KEY, 10, &[]).unwrap();
    half.write_all(b"half").unwrap();
    // Answered behind it, so that it has surely arrived.
    assert_eq!(s3.get("uploads/none").unwrap().status, 404);
    served.signal("TERM");
    served.hear("stopping");
    let start = Instant::now();
    while !http(address, "/readyz").starts_with("HTTP/1.1 503") {
        assert!(start.elapsed() < Duration::from_secs(10), "it stays ready");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(http(address, "/healthz").starts_with("HTTP/1.1 200"));
    // The listener closes a moment behind the answer above.
    while s3.get("uploads/none").is_ok() {
        assert!(start.elapsed() < Duration::from_secs(10), "new requests are taken");
        std::thread::sleep(Duration::from_millis(10));
    }
    served.signal("TERM");
    assert_eq!(served.ended(), Some(128 + 15));
    assert!(start.elapsed() < Duration::from_secs(15));
    drop(half);
}

#[test]
fn an_option_that_nobody_knows_refuses_the_file_by_name() {
    let workshop = workshop();
    workshop.list("list.csv", "--rows 1");
    let list = std::fs::read(workshop.path("list.csv")).unwrap();
    let metadata = [("muster-grouptag", "Office"), ("other", "is not ours")];

    let (served, _, s3) = Served::start(&workshop);
    let end = served.end_of(&s3.put(KEY, &list, &metadata).unwrap());
    assert_eq!(end["state"], "refused");
    let detail = end["reason"]["detail"].as_str().unwrap();
    assert!(detail.contains("`x-amz-meta-muster-grouptag`"), "{detail}");
    drop(served);

    let served = Served::spawn(&workshop, &[]);
    served.line("Ctrl-C stops it.");
    Client::of(&workshop).put(KEY, &list, &metadata).unwrap();
    let line = served.line("refused");
    assert!(
        line.starts_with(KEY) && line.contains("`x-amz-meta-muster-grouptag`"),
        "{line}"
    );
}

#[test]
fn a_port_that_is_taken_is_named() {
    let workshop = Workshop::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let run = workshop.muster(&format!("serve --port {port} --s3-port 0 --data-dir data"));
    assert_eq!(run.code, Some(2));
    let said = format!(
        "error: cannot listen on port {port} of 127.0.0.1: another process has it\n  \
         Stop what uses it, or choose another with --port or --s3-port.\n"
    );
    assert_eq!(run.stderr, said);
}

/// Who reads what it prints stands still: the pipe is full, and stays so.
#[test]
fn a_reader_that_stands_still_holds_up_neither_the_log_nor_the_work() {
    const LISTS: usize = 60;
    let workshop = workshop();
    let (served, unread) = Served::unread(&workshop, &[("RUST_LOG", "info")]);
    let s3 = Client::of(&workshop);
    // Each is refused by the name of its option, so that what is told of all is more than a pipe holds.
    let option = format!("muster-{}", "x".repeat(1500));
    let put = |number: usize| {
        let key = format!("inbox/intune/-/Contoso/{}{number}.csv", "y".repeat(900));
        s3.put(&key, b"x", &[(&option, "x")]).unwrap()
    };
    let uploads: Vec<_> = (0..LISTS).map(put).collect();
    let start = Instant::now();
    let refused = || {
        let log = std::fs::read_to_string(workshop.path("serve.log")).unwrap();
        log.lines().filter(|line| line.contains("an upload is refused")).count()
    };
    while refused() < LISTS {
        assert!(start.elapsed() < Duration::from_secs(60), "{} of {LISTS}", refused());
        std::thread::sleep(Duration::from_millis(10));
    }
    let said = unread.lines().map_while(Result::ok);
    let mut open: BTreeSet<_> = uploads.iter().map(ToString::to_string).collect();
    let mut bytes = 0;
    for line in said {
        bytes += line.len();
        open.retain(|upload| !line.contains(upload));
        if open.is_empty() {
            break;
        }
    }
    assert_eq!(open.len(), 0, "what was not read yet is not lost");
    assert!(bytes > 64 << 10, "{bytes} fit into a pipe");
    drop(served);
}

/// The log of a workshop's servers.
fn log(workshop: &Workshop) -> String {
    std::fs::read_to_string(workshop.path("serve.log")).unwrap()
}

#[cfg(unix)]
#[test]
fn it_stops_cleanly_beside_a_reader_that_stands_still() {
    let workshop = workshop();
    let (mut served, _unread) = Served::unread(&workshop, &[("RUST_LOG", "info")]);
    let s3 = Client::of(&workshop);
    let option = format!("muster-{}", "x".repeat(1500));
    for number in 0..60 {
        let key = format!("inbox/intune/-/Contoso/{}{number}.csv", "y".repeat(900));
        s3.put(&key, b"x", &[(&option, "x")]).unwrap();
    }
    let start = Instant::now();
    while log(&workshop).matches("an upload is refused").count() < 60 {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(10));
    }
    served.signal("TERM");
    assert_eq!(served.ended(), Some(0));
}

#[cfg(unix)]
#[test]
fn it_works_on_where_its_reader_has_gone() {
    let workshop = workshop();
    workshop.list("list.csv", "--rows 3");
    let list = std::fs::read(workshop.path("list.csv")).unwrap();
    let (mut served, unread) = Served::unread(&workshop, &[]);
    drop(unread);
    let upload = Client::of(&workshop).put(KEY, &list, &[]).unwrap();
    let start = Instant::now();
    loop {
        let run = workshop.muster(&format!("uploads show {upload} --json --data-dir data"));
        if run.code == Some(0) && run.json()["state"] == "finished" {
            break;
        }
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{}{}",
            run.stdout,
            run.stderr
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    served.signal("TERM");
    assert_eq!(served.ended(), Some(0));
    let log = log(&workshop);
    assert_eq!(log.matches("prints nothing more").count(), 1, "{log}");
}

#[test]
fn the_commands_that_it_prints_work() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 3");
    let list = std::fs::read(workshop.path("list.csv")).unwrap();
    for (adds, told) in [(true, "3 registered"), (false, "3 unchanged")] {
        let served = Served::spawn(&workshop, &[]);
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line| line != "Ctrl-C stops it.") {
            lines.push(served.line(""));
        }
        let commands = |name: &str| -> Vec<String> {
            let commands = lines
                .iter()
                .filter_map(|line| line.strip_prefix(&format!("    {name} ")));
            commands.map(str::to_owned).collect()
        };
        let ours = commands("muster");
        let of = |name: &str| ours.iter().filter(|line| line.starts_with(name)).count();
        assert_eq!((of("tenants add"), of("token")), (usize::from(adds), 1), "{lines:#?}");
        for line in ours {
            let run = workshop.muster(&line);
            assert_eq!(run.code, Some(0), "{line}: {}", run.stderr);
        }
        let copies = commands("aws s3 cp");
        assert_eq!(copies.len(), 2, "{lines:#?}");
        for (command, told) in copies.iter().zip([told, "3 "]) {
            let (target, metadata) = command.split_once(" --metadata ").unwrap_or((command, ""));
            let key = target.strip_prefix("list.csv s3://muster/").unwrap();
            let metadata: Vec<_> = metadata.split_once('=').into_iter().collect();
            Client::of(&workshop).put(key, &list, &metadata).unwrap();
            let line = served.line("finished");
            assert!(line.contains(told), "{command}: {line}");
        }
    }
}

/// An upload that is under way, and of which nobody knows how it stands.
#[test]
fn an_upload_that_cannot_be_read_keeps_nothing_from_its_start() {
    let workshop = workshop();
    workshop
        .list("list.csv", "--rows 3")
        .list("other.csv", "--rows 3 --seed 2");
    let id = beside::split(&workshop, "list.csv");
    let statement = format!(
        r#"UPDATE muster SET item_json = replace(item_json, '"S":"processing"', '"S":"dreaming"')
           WHERE pk = 'S:UPLOAD#{id}' AND sk = 'S:UPLOAD'"#
    );
    fsck::damage(&workshop, "registry.db", &statement);
    let register = workshop.muster("register list.csv --tenant Contoso --json --data-dir data");
    assert_eq!(register.json()["outcomes"]["registered"], 3, "{}", register.stderr);

    let (served, _, s3) = Served::start(&workshop);
    let list = std::fs::read(workshop.path("other.csv")).unwrap();
    let end = served.end_of(&s3.put(KEY, &list, &[]).unwrap());
    assert_eq!(end["counts"]["registered"], 3);
    drop(served);
    let log = std::fs::read_to_string(workshop.path("serve.log")).unwrap();
    assert!(log.contains("something due could not be looked after"), "{log}");
    let fsck = workshop.muster("fsck --data-dir data");
    assert!(
        fsck.code == Some(1) && fsck.stdout.contains(id.as_str()),
        "{}",
        fsck.stdout
    );
}
