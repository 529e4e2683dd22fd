//! Hardware hashes: any text, any bytes, any records. What is read is written back the same.
#![no_main]

use hardware_hash::{Components, Envelope, HardwareHash, compare, summarise, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut bytes = Vec::new();
    match text::decode(data, &mut bytes) {
        Ok(repairs) => {
            assert!(bytes.len() <= data.len());
            assert_eq!(repairs.iter().count() == 0, repairs.is_empty());
            let mut again = Vec::new();
            let written = text::encode(&bytes);
            assert!(text::decode(written.as_bytes(), &mut again).is_ok_and(|repairs| repairs.is_empty()));
            assert_eq!(again, bytes);
            read(&bytes);
        }
        Err(error) => assert!(bytes.is_empty() && !error.to_string().is_empty()),
    }
    read(data);
    // As records behind a good header.
    let length = u16::try_from(data.len() + 4).unwrap_or(u16::MAX);
    read(&[b"OA", &length.to_le_bytes()[..], data].concat());
    // Halves, as two captures of a device.
    let (one, other) = data.split_at(data.len() / 2);
    if let (Some(one), Some(other)) = (components(one), components(other)) {
        let (forth, back) = (compare(&one, &other), compare(&other, &one));
        assert_eq!(
            (forth.matched, forth.score, forth.veto),
            (back.matched, back.score, back.veto)
        );
        assert!(!forth.to_string().is_empty() && (0.0..=1.0).contains(&forth.score));
    }
});

fn components(bytes: &[u8]) -> Option<Components> {
    let (envelope, _) = Envelope::parse(bytes).ok()?;
    Some(summarise(&envelope).components)
}

fn read(bytes: &[u8]) {
    let decoded = match HardwareHash::decode(bytes) {
        Ok(decoded) => decoded,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return assert!(Envelope::parse(bytes).is_err());
        }
    };
    assert_eq!(decoded.hash.encode(), bytes);
    for finding in decoded.findings.iter() {
        assert!(!finding.to_string().is_empty());
    }
    let fields = decoded.hash.fields();
    assert!(fields.len() <= 64 * 1024);
    let found = components(bytes).expect("what decodes has an envelope");
    assert_eq!(decoded.hash.components(), found);
    assert_eq!(Components::from_bytes(&found.to_bytes()).as_ref(), Some(&found));
    let same = compare(&found, &found);
    assert!(same.veto.is_none(), "a hash speaks against itself: {same}");
}
