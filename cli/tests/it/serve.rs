//! `muster serve`: starts, says how to use it, stops cleanly, and is started again.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Workshop;

struct Served(Child, BufReader<std::process::ChildStdout>);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

fn serve(workshop: &Workshop) -> (Served, Value) {
    let words = ["serve", "--port", "0", "--s3-port", "0", "--json", "--data-dir", "data"];
    let mut child = workshop.command(&words).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    (Served(child, lines), serde_json::from_str(&first).unwrap())
}

#[cfg(unix)]
#[test]
fn it_stops_cleanly_and_starts_again() {
    let workshop = Workshop::new();
    for _ in 0..2 {
        let (mut served, said) = serve(&workshop);
        assert_eq!(said["event"], "serving");
        let second = workshop.muster("tenants list --data-dir data");
        assert_eq!(second.code, Some(2), "{}", second.stderr);
        assert!(second.stderr.contains("muster serve"), "{}", second.stderr);

        use std::os::unix::fs::PermissionsExt as _;
        let environment = workshop.path("data/aws.env");
        assert_eq!(environment.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(environment).unwrap();
        let endpoint = format!("export AWS_ENDPOINT_URL_S3={}\n", said["s3"].as_str().unwrap());
        assert!(text.contains(&endpoint), "{endpoint}");

        let pid = served.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let start = Instant::now();
        let code = served.0.wait().unwrap().code();
        assert!(start.elapsed() < Duration::from_secs(10));
        let mut rest = String::new();
        served.1.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "{\"event\":\"stopping\"}\n{\"event\":\"stopped\"}\n");
        assert_eq!(code, Some(0));
    }
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
