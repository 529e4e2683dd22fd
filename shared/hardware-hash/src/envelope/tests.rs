//! What each kind of damage is called, and that good hashes have none.

use super::*;
use crate::generate::{Capture, Generator};

fn hash() -> Vec<u8> {
    Generator::new(1).device(1).capture(&Capture::default()).encode()
}

fn total(hash: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([hash[2], hash[3]]))
}

fn codes(bytes: &[u8]) -> Vec<&'static str> {
    Envelope::parse(bytes).unwrap().1.iter().map(Finding::code).collect()
}

/// Puts the right checksum behind the records again.
fn resign(bytes: &mut [u8]) {
    let end = total(bytes);
    let sum = checksum(&bytes[..end]);
    bytes[end + 4..end + 36].copy_from_slice(&sum);
}

#[test]
fn a_whole_hash_has_no_findings() {
    assert_eq!(codes(&hash()), [""; 0]);
}

#[test]
fn each_damage_is_a_finding_of_its_own() {
    let good = hash();
    let end = total(&good);
    let changed = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 0x40;
        bytes
    };
    let longer = [good.clone(), vec![0; 1000]].concat();
    let appended = [good.clone(), b"x".to_vec()].concat();
    let mut malformed = good.clone();
    malformed[4 + 28 + 2] = 3;
    resign(&mut malformed);

    let cases: &[(&str, &[u8], &[&str])] = &[
        ("a bit of a record", &changed(40), &["checksum-mismatch"]),
        ("a bit of the checksum", &changed(end + 10), &["checksum-mismatch"]),
        ("the checksum's tag", &changed(end), &["checksum-missing"]),
        ("a byte of the padding", &changed(2999), &["padding-not-zero"]),
        ("zeros appended", &longer, &["unusual-length"]),
        ("text appended", &appended, &["padding-not-zero", "unusual-length"]),
        ("cut in the padding", &good[..end + 40], &["unusual-length"]),
        (
            "cut in the checksum",
            &good[..end + 20],
            &["checksum-missing", "unusual-length"],
        ),
        ("cut in a record", &good[..end - 1], &["truncated"]),
        ("cut to two records", &good[..60], &["truncated"]),
        ("a record too short for its header", &malformed, &["malformed-record"]),
    ];
    for (what, bytes, expected) in cases {
        assert_eq!(codes(bytes), *expected, "{what}");
    }
}

#[test]
fn records_before_a_damage_are_still_read() {
    let mut bytes = hash();
    bytes[4 + 28 + 2] = 3;
    let (envelope, findings) = Envelope::parse(&bytes).unwrap();
    let kinds: Vec<u16> = envelope.records().map(|record| record.kind).collect();
    assert_eq!(kinds, [crate::kind::CAPTURE]);
    assert_eq!(findings.records, Some(Finding::MalformedRecord { offset: 32 }));
    assert!(findings.has_fault());
}

#[test]
fn a_short_hash_of_an_old_tool_is_recognised() {
    let mut bytes = b"OA\x20\0\x01\0\x1C\0".to_vec();
    bytes.resize(0x20, 0);
    let sum = checksum(&bytes);
    bytes.extend(TRAILER_HEAD);
    bytes.extend(sum);
    assert_eq!(codes(&bytes), ["old-short-hash"]);
}

#[test]
fn bytes_that_hold_nothing_readable_are_refused() {
    let cases: &[(&[u8], DecodeError)] = &[
        (b"", DecodeError::TooShort { bytes: 0 }),
        (b"OA\x04\0", DecodeError::TooShort { bytes: 4 }),
        (&[0; 128], DecodeError::OldForm),
        (&[0; 3000], DecodeError::NotAHash),
        (
            &[b"OA\x03\0".as_slice(), &[0; 100]].concat(),
            DecodeError::BadLength { total: 3 },
        ),
        (&[b"OA\x04\0".as_slice(), &[0; 100]].concat(), DecodeError::NoRecords),
        (
            &[b"OA\x20\0\x01\0\x03\0".as_slice(), &[0; 100]].concat(),
            DecodeError::NoRecords,
        ),
    ];
    for (bytes, error) in cases {
        assert_eq!(Envelope::parse(bytes).err(), Some(*error), "{} bytes", bytes.len());
    }
}

#[test]
fn findings_and_errors_say_what_to_do() {
    let findings = [
        Finding::Truncated {
            total: 1200,
            bytes: 900,
        },
        Finding::MalformedRecord { offset: 32 },
        Finding::ChecksumMismatch,
        Finding::ChecksumMissing,
        Finding::PaddingNotZero,
        Finding::OldShortHash { bytes: 407 },
        Finding::UnusualLength { bytes: 3001 },
    ];
    let errors = [
        DecodeError::TooShort { bytes: 12 },
        DecodeError::OldForm,
        DecodeError::NotAHash,
        DecodeError::BadLength { total: 3 },
        DecodeError::NoRecords,
    ];
    let lines = findings
        .map(|finding| format!("{}: {finding}", finding.code()))
        .into_iter();
    let lines = lines.chain(errors.map(|error| format!("{}: {error}", error.code())));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
    truncated: the hash was cut: its records take 1200 bytes and 900 are left; export it again, whole
    malformed-record: the record at byte 32 of the hash cannot be read, nor what follows; capture the hash again
    checksum-mismatch: the checksum does not fit the content: the hash was damaged or edited; capture it again
    checksum-missing: the checksum behind the records is missing: the hash was cut or edited; capture it again
    padding-not-zero: bytes that are not zero follow the checksum; they are ignored, but check that no other text was appended
    old-short-hash: the hash has only 407 bytes: it comes from a tool older than Windows 10 version 1709 and cannot be used; capture it again with a current tool
    unusual-length: the hash has 3001 bytes where 3000 are usual; its records are whole, but check how it was exported
    hash-too-short: the hash has only 12 bytes, a whole one has 3000; export it again, whole
    hash-not-4k: the hash is of the old form (128 bytes), made by a tool older than Windows 10 version 1709, which cannot be used; capture it again with a current tool
    not-a-hash: the value is no hardware hash: its first bytes are not `OA` (a hash begins with `T0`); check the column
    bad-length: the header of the hash gives a length of 3, which is impossible; capture the hash again
    no-records: the hash has a header but no readable record; capture it again
    ");
}
