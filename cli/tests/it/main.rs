//! Runs the built binary as a person would, and keeps what it says.
#![cfg(test)]

mod beside;
mod boot;
mod catalogue;
mod check;
mod compare;
mod consent;
mod decode;
mod devices;
mod disk;
mod figures;
mod fsck;
mod guide;
mod harvest;
mod kill_rounds;
mod killed;
mod partners;
mod profiles;
mod register;
mod remote;
mod sample;
mod sandbox;
mod serve;
mod served;
mod stopped;
mod tenants;
mod tls;
mod uploads;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use hardware_hash::generate::{Capture, Generator};
use tempfile::TempDir;

/// A directory to work in, with a data directory of its own.
struct Workshop {
    dir: TempDir,
}

/// What a command said and how it ended.
struct Run {
    command: String,
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Workshop {
    fn new() -> Self {
        Self {
            dir: TempDir::new().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.path(name), content).unwrap();
        self
    }

    /// A list of so many devices, as `muster sample` writes it.
    fn list(&self, name: &str, options: &str) -> &Self {
        let run = self.muster(&format!("sample {options} --output {name}"));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        self
    }

    /// The binary, ready to run here; only `HOME` is set, so that nothing of this machine gets in.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command
            .args(words)
            .current_dir(self.dir.path())
            .env_clear()
            .env("HOME", self.dir.path());
        command
    }

    /// Runs a command line; its words are parted by blanks.
    fn muster(&self, line: &str) -> Run {
        let words: Vec<&str> = line.split_whitespace().collect();
        Run::of(line, self.command(&words).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs a command line with this on stdin.
    fn muster_with(&self, line: &str, stdin: &[u8]) -> Run {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut command = self.command(&words);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin).unwrap();
        Run::of(line, child.wait_with_output().unwrap())
    }
}

impl Run {
    fn of(line: &str, output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            command: line.to_owned(),
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The whole of it, for a snapshot.
    fn transcript(&self) -> String {
        let code = self.code.map_or_else(|| "killed".to_owned(), |code| code.to_string());
        let stderr = if self.stderr.is_empty() {
            String::new()
        } else {
            format!("--- stderr\n{}", self.stderr)
        };
        format!("$ muster {}\n{}{stderr}--- exit {code}\n", self.command, self.stdout)
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

/// Holds what a run said against the snapshot.
macro_rules! assert_transcript {
    ($workshop:expr, $run:expr) => {{
        let run = &$run;
        $crate::redacted(&$workshop).bind(|| insta::assert_snapshot!(run.transcript()));
    }};
}
pub(crate) use assert_transcript;

/// Takes out what differs from run to run.
fn redacted(workshop: &Workshop) -> insta::Settings {
    let root = workshop.dir.path().canonicalize().unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(&root.display().to_string().replace('.', r"\."), "[dir]");
    settings.add_filter(r"u-[A-Za-z0-9_-]{20}", "[upload]");
    settings.add_filter(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]");
    settings.add_filter(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ", "[time]");
    settings.add_filter(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "[time]");
    settings.add_filter(r"\(process \d+", "(process [pid]");
    settings.add_filter(r"blobs/[0-9a-f]{32}", "blobs/[blob]");
    settings.add_filter(r"version( +)[0-9a-f]{32}", "version$1[version]");
    settings
}

/// The hash of a synthetic device.
fn hash(n: u64) -> String {
    Generator::new(9).device(n).capture(&Capture::default()).to_text()
}
