//! Bad machines: a disk that is full, read-only or limited, and damaged files. A command says so and stops; nothing that
//! was answered is lost, and the same command goes on once the machine is mended.
#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Run, Workshop, assert_transcript};

const REGISTER: &str = "register list.csv --tenant Contoso --data-dir disk/data";

/// Within this time a command on a bad machine must have ended, however busy the machine is.
const BOUND: Duration = Duration::from_secs(60);

/// A place `disk` that a script can mount something on, in name spaces of its own: nothing of that is seen outside, and
/// no rights are needed where users may make name spaces. Says so and answers nothing where they may not.
fn with_own_mounts() -> Option<Workshop> {
    let may = Command::new("unshare")
        .args(["-Urm", "true"])
        .stderr(Stdio::null())
        .status();
    if !may.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: `unshare -Urm` is not possible here, so nothing can be mounted");
        return None;
    }
    let workshop = Workshop::new();
    fs::create_dir(workshop.path("disk")).unwrap();
    Some(workshop)
}

/// Runs a shell script in which `muster` is the binary, in name spaces of its own or not; ends it when it takes too long.
fn script(workshop: &Workshop, own_mounts: bool, text: &str) -> Run {
    let text = format!("muster() {{ '{}' \"$@\"; }}\n{text}", env!("CARGO_BIN_EXE_muster"));
    let (program, first) = if own_mounts { ("unshare", "-Urm") } else { ("env", "-") };
    let mut command = Command::new(program);
    command
        .args([first, "sh", "-c", &text])
        .current_dir(workshop.dir.path());
    command
        .env_clear()
        .env("HOME", workshop.dir.path())
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    let (stdout, stderr) = (workshop.path("stdout"), workshop.path("stderr"));
    command.stdin(Stdio::null());
    command
        .stdout(fs::File::create(&stdout).unwrap())
        .stderr(fs::File::create(&stderr).unwrap());
    let mut child = command.spawn().unwrap();
    let start = Instant::now();
    let code = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if start.elapsed() > BOUND => {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("still running after {BOUND:?}: {text}");
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
    Run {
        command: text,
        code,
        stdout: read(&stdout),
        stderr: read(&stderr),
    }
}

#[test]
fn a_full_disk_is_told_and_the_same_command_goes_on_when_there_is_space() {
    let Some(workshop) = with_own_mounts() else { return };
    workshop.list("list.csv", "--rows 200");
    for size in ["64k", "300k", "1m", "2m", "3m"] {
        let run = script(
            &workshop,
            true,
            &format!(
                "mount -t tmpfs -o size={size} none disk || exit 9\n\
                 muster {REGISTER} > /dev/null; echo $?\n\
                 mount -o remount,size=64m disk || exit 9\n\
                 muster {REGISTER} --json && muster fsck --data-dir disk/data > /dev/null"
            ),
        );
        assert_eq!(run.code, Some(0), "{size}: {}{}", run.stdout, run.stderr);
        let (first, second) = run.stdout.split_once('\n').unwrap();
        let answer: serde_json::Value = serde_json::from_str(second).unwrap();
        let told: Vec<&str> = run
            .stderr
            .lines()
            .filter(|line| !line.starts_with("The tenant"))
            .collect();
        if first == "0" {
            assert_eq!((size, told.len()), ("3m", 0), "{}", run.stderr);
            continue;
        }
        assert_eq!(first, "2", "{size}: {}", run.stderr);
        assert!(
            told[0].starts_with("error: ") && told[0].ends_with(" is full"),
            "{size}: {told:?}"
        );
        assert!(told[0].contains("the disk that holds /"), "{size}: {told:?}");
        assert_eq!(told[1..], ["  Free some space and try again."], "{size}");
        assert_eq!(answer["outcomes"]["registered"], 200, "{size}: {answer}");
    }
}

#[test]
fn a_file_that_may_not_grow_is_told_and_the_same_command_goes_on_without_the_limit() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 200");
    // In blocks of 512 or of 1024 bytes.
    for blocks in [40, 200, 400] {
        fs::create_dir(workshop.path("disk")).unwrap();
        let text = format!("trap '' XFSZ; ulimit -f {blocks}; muster {REGISTER}");
        let run = script(&workshop, false, &text);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains("the disk that holds /"), "{blocks}: {}", run.stderr);
        assert!(
            run.stderr.contains("See that it is there, works and has space"),
            "{blocks}: {}",
            run.stderr
        );
        let run = workshop.muster(&format!("{REGISTER} --json"));
        assert_eq!(run.json()["outcomes"]["registered"], 200, "{}", run.stderr);
        fs::remove_dir_all(workshop.path("disk")).unwrap();
    }
}

#[test]
fn a_read_only_directory_is_told() {
    let Some(workshop) = with_own_mounts() else { return };
    workshop.list("list.csv", "--rows 3");
    let mount = "mount --bind disk disk && mount -o remount,ro,bind disk || exit 9";
    let run = |command: &str| {
        let run = script(&workshop, true, &format!("{mount}\n{command}"));
        Run {
            command: command.replace("muster ", ""),
            ..run
        }
    };
    assert_transcript!(workshop, run(&format!("muster {REGISTER}")));
    assert_eq!(workshop.muster(REGISTER).code, Some(0));
    assert_transcript!(workshop, run(&format!("muster {REGISTER}")));
    assert_transcript!(workshop, run("muster serve --port 0 --s3-port 0 --data-dir disk/data"));
    let again = workshop.muster(&format!("{REGISTER} --json")).json();
    assert_eq!(again["outcomes"]["unchanged"], 3);
}

/// What becomes of a file.
type Damage = fn(Vec<u8>) -> Vec<u8>;

#[test]
fn a_damaged_database_is_told_and_a_backup_put_in_its_place_has_everything() {
    let damages: [(&str, Damage); 4] = [
        ("another file", |_| b"no database ".repeat(2000)),
        ("without its first page", |whole| whole[4096..].to_vec()),
        ("cut short", |whole| whole[..whole.len() / 8192 * 4096].to_vec()),
        ("overwritten in the middle", |mut whole| {
            whole[4096..].fill(0xA5);
            whole
        }),
    ];
    for file in ["registry.db", "objects.db"] {
        for (name, damage) in damages {
            let workshop = Workshop::new();
            workshop
                .list("list.csv", "--rows 60")
                .list("other.csv", "--rows 60 --seed 5");
            fs::create_dir(workshop.path("disk")).unwrap();
            assert_eq!(workshop.muster(REGISTER).code, Some(0));
            let path = workshop.path("disk/data").join(file);
            let whole = fs::read(&path).unwrap();
            fs::write(&path, damage(whole.clone())).unwrap();

            let register = REGISTER.replace("list.csv", "other.csv");
            let run = script(&workshop, false, &format!("muster {register}"));
            let what = format!("{file} {name}: {:?} {}{}", run.code, run.stdout, run.stderr);
            assert_eq!(run.code, Some(2), "{what}");
            let error = run.stderr.lines().find(|line| line.starts_with("error: ")).unwrap();
            assert!(error.contains(&format!("{file} is damaged (")), "{what}");
            let remedy =
                "  Put a backup of the whole data directory in its place, or move the directory away to begin anew.\n";
            assert!(run.stderr.ends_with(remedy), "{what}");

            for leftover in ["-wal", "-shm"] {
                let _ = fs::remove_file(workshop.path("disk/data").join(format!("{file}{leftover}")));
            }
            fs::write(&path, whole).unwrap();
            let again = workshop.muster(&format!("{REGISTER} --json"));
            assert_eq!(again.json()["outcomes"]["unchanged"], 60, "{what}");
        }
    }
}
