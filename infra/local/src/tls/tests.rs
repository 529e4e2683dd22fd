//! The certificate is made once, kept for one user, replaced in time, and its authority is what clients can trust.

use std::fs;

use jiff::ToSpan as _;

use super::*;

fn day(days: i64) -> Timestamp {
    let start: Timestamp = "2026-01-02T12:00:00Z".parse().unwrap();
    start.checked_add((days * 24).hours()).unwrap()
}

fn kept(directory: &Path) -> String {
    fs::read_to_string(directory.join(FILE)).unwrap()
}

#[test]
fn it_is_made_once_and_replaced_before_its_time_is_up() {
    let scratch = tempfile::tempdir().unwrap();
    let first = Tls::open(scratch.path(), day(0)).unwrap();
    let text = kept(scratch.path());
    assert_eq!(text.lines().next(), Some("# Good until 2028-03-12."));
    assert!(are_authorities(first.authority().as_bytes()));
    for days in [1, 770] {
        let again = Tls::open(scratch.path(), day(days)).unwrap();
        assert_eq!(again.authority(), first.authority(), "after {days} days");
    }
    let other = Tls::open(scratch.path(), day(771)).unwrap();
    assert_ne!(other.authority(), first.authority());
    assert_eq!(kept(scratch.path()).lines().next(), Some("# Good until 2030-04-22."));
    let told = fs::read_to_string(other.authority_file().unwrap()).unwrap();
    assert_eq!(told, other.authority());
}

#[test]
fn clients_get_the_authority_alone_and_its_key_is_kept_nowhere() {
    let scratch = tempfile::tempdir().unwrap();
    let tls = Tls::open(scratch.path(), day(0)).unwrap();
    let parts = |text: &str| {
        (
            text.matches("BEGIN CERTIFICATE").count(),
            text.matches("BEGIN PRIVATE KEY").count(),
        )
    };
    assert_eq!(parts(&kept(scratch.path())), (2, 1));
    assert_eq!(parts(tls.authority()), (1, 0));
    #[cfg(unix)]
    for file in [FILE, AUTHORITY] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(scratch.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn what_is_no_such_file_is_told_and_left() {
    let scratch = tempfile::tempdir().unwrap();
    Tls::open(scratch.path(), day(0)).unwrap();
    let whole = kept(scratch.path());
    let (head, _) = whole.split_at(whole.len() / 2);
    for text in ["", "hello", head, &whole.replace("PRIVATE KEY", "PUBLIC KEY")] {
        fs::write(scratch.path().join(FILE), text).unwrap();
        let error = Tls::open(scratch.path(), day(0)).map(|_| ()).unwrap_err();
        assert!(matches!(error, TlsError::Damaged { .. }), "{error}");
        assert_eq!(kept(scratch.path()), text);
    }
    fs::write(scratch.path().join(FILE), [0xFF, 0xFE]).unwrap();
    assert!(matches!(
        Tls::open(scratch.path(), day(0)),
        Err(TlsError::Damaged { .. })
    ));
}

#[test]
fn a_text_without_an_authority_is_none() {
    let one = Tls::in_memory(day(0)).unwrap().authority().to_owned();
    let two = Tls::in_memory(day(0)).unwrap().authority().to_owned();
    let (begin, end) = one.split_at(one.find('\n').unwrap() + 1);
    for (text, expected) in [
        (one.clone(), true),
        (format!("{one}{two}"), true),
        (String::new(), false),
        ("hello".to_owned(), false),
        (format!("{begin}AAAA{end}"), false),
        (begin.to_owned(), false),
    ] {
        assert_eq!(are_authorities(text.as_bytes()), expected, "{text}");
    }
}
