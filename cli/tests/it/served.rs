//! `muster serve` as others have it: a process, what it says, and the S3 endpoint behind its socket.

mod s3;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use muster_core::id::UploadId;
use serde_json::Value;

use super::Workshop;
pub(super) use s3::Client;

/// How long anything may take that a test waits for: a busy machine is no failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server over the directory `data` of a workshop. Dropped, it is killed.
pub(super) struct Served {
    pub(super) child: Child,
    /// What it says, line by line, until it is gone.
    pub(super) said: Receiver<String>,
}

impl Served {
    /// Starts a server on free ports. Its warnings are in `serve.log`.
    pub(super) fn spawn(workshop: &Workshop, more: &[&str]) -> Self {
        Self::spawn_with(workshop, more, &[])
    }

    /// The same with this environment.
    pub(super) fn spawn_with(workshop: &Workshop, more: &[&str], environment: &[(&str, &str)]) -> Self {
        let (child, stdout) = process(workshop, more, environment);
        let (sender, said) = channel();
        std::thread::spawn(move || {
            let mut lines = stdout.lines().map_while(Result::ok);
            lines.try_for_each(|line| sender.send(line))
        });
        Self { child, said }
    }

    /// Starts a server that speaks JSON, and stops reading what it says as soon as it serves: the server, and the rest of
    /// what it says.
    pub(super) fn unread(workshop: &Workshop, environment: &[(&str, &str)]) -> (Self, BufReader<ChildStdout>) {
        let (child, mut stdout) = process(workshop, &["--json"], environment);
        let mut line = String::new();
        while !line.contains("serving") {
            line.clear();
            assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "it does not start");
        }
        let (_, said) = channel();
        (Self { child, said }, stdout)
    }

    /// Starts a server that speaks JSON, and waits until it serves: the server, what it said, and a client for it.
    pub(super) fn start(workshop: &Workshop) -> (Self, Value, Client) {
        let served = Self::spawn(workshop, &["--json"]);
        let said = served.hear("serving");
        (served, said, Client::of(workshop))
    }

    /// The next line that has this text in it. Panics when the process ends before, or it takes too long.
    pub(super) fn line(&self, wanted: &str) -> String {
        self.line_within(wanted, PATIENCE)
    }

    fn line_within(&self, wanted: &str, patience: Duration) -> String {
        let (start, mut heard) = (Instant::now(), Vec::new());
        loop {
            match self.said.recv_timeout(patience.saturating_sub(start.elapsed())) {
                Ok(line) if line.contains(wanted) => return line,
                Ok(line) => heard.push(line),
                Err(error) => panic!("no line has `{wanted}`: {error}; the lines: {heard:#?}"),
            }
        }
    }

    /// The next object that has this text in it.
    pub(super) fn hear(&self, wanted: &str) -> Value {
        serde_json::from_str(&self.line(wanted)).unwrap()
    }

    /// The upload in its final state.
    pub(super) fn end_of(&self, upload: &UploadId) -> Value {
        self.end_within(upload, PATIENCE)
    }

    /// The same for one that takes longer.
    pub(super) fn end_within(&self, upload: &UploadId, patience: Duration) -> Value {
        loop {
            let said: Value = serde_json::from_str(&self.line_within(upload.as_str(), patience)).unwrap();
            if said["upload"]["state"] != "processing" {
                return said["upload"].clone();
            }
        }
    }

    #[cfg(unix)]
    pub(super) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Its exit code; `None` where a signal ended it.
    pub(super) fn ended(&mut self) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the server does not end");
    }
}

/// A server on free ports, and what it says. Its warnings are in `serve.log`.
fn process(workshop: &Workshop, more: &[&str], environment: &[(&str, &str)]) -> (Child, BufReader<ChildStdout>) {
    let words = ["serve", "--port", "0", "--s3-port", "0", "--data-dir", "data"];
    let log = File::options()
        .create(true)
        .append(true)
        .open(workshop.path("serve.log"));
    let mut command = workshop.command(&[&words, more].concat());
    command
        .stdout(Stdio::piped())
        .stderr(log.unwrap())
        .envs(environment.iter().copied());
    let mut child = command.spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (child, stdout)
}

/// The answer to a GET of the HTTP port at this address, head and all.
pub(super) fn http(address: &str, target: &str) -> String {
    let host = address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The answer to a POST of JSON with this token.
pub(super) fn post(address: &str, target: &str, token: &str, body: &str) -> String {
    let host = address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST {target} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
