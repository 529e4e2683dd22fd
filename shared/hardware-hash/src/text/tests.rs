//! The decoder against the `base64` crate, and each repair.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

fn decoded(text: &str) -> Result<(Vec<u8>, Vec<Repair>), TextError> {
    let mut out = vec![0xEE];
    decode(text.as_bytes(), &mut out).map(|repairs| (out, repairs.iter().collect()))
}

#[test]
fn each_fault_of_transport_is_repaired_and_reported() {
    use Repair::*;
    let cases: &[(&str, &[u8], &[Repair])] = &[
        ("Pz8/Pz4+", b"????>>", &[]),
        ("", b"", &[]),
        (" Pz8/\r\nPz4+\t", b"????>>", &[Whitespace]),
        ("\u{FEFF}Pz8/\u{A0}Pz4\u{200B}+", b"????>>", &[Whitespace]),
        ("Pz8_Pz4-", b"????>>", &[UrlSafeAlphabet]),
        ("Pz8/Pw", b"????", &[MissingPadding]),
        ("Pz8/Pw=", b"????", &[MissingPadding]),
        ("Pz8/Pz8", b"?????", &[MissingPadding]),
        ("Pz8/Pz8==", b"?????", &[ExtraPadding]),
        ("Pz8/Pz4+=", b"????>>", &[ExtraPadding]),
        ("Pz8/A==", b"???\0", &[TrailingA]),
        ("Pz8/A", b"???\0", &[MissingPadding, TrailingA]),
        ("Pz8_\nPw", b"????", &[Whitespace, UrlSafeAlphabet, MissingPadding]),
    ];
    for (text, bytes, repairs) in cases {
        assert_eq!(decoded(text), Ok((bytes.to_vec(), repairs.to_vec())), "{text:?}");
    }
}

#[test]
fn what_cannot_be_repaired_is_refused_with_its_place() {
    assert_eq!(
        decoded("Pz8/#z4+"),
        Err(TextError::InvalidCharacter { offset: 4, found: '#' })
    );
    assert_eq!(
        decoded("Pz8/ é"),
        Err(TextError::InvalidCharacter { offset: 5, found: 'é' })
    );
    assert_eq!(decoded("Pw==Pw=="), Err(TextError::PaddingInside { offset: 2 }));
    assert_eq!(decoded("Pz8/Px=="), Err(TextError::Cut));
    let mut out = vec![1];
    let error = decode(b"Pz8/\xFFz4+", &mut out);
    assert_eq!(
        error,
        Err(TextError::InvalidCharacter {
            offset: 4,
            found: '\u{FFFD}'
        })
    );
    assert!(out.is_empty());
}

#[test]
fn errors_say_where_and_what_to_do() {
    let texts: Vec<String> = ["Pz8/#z4+", "Pw==Pw==", "Pz8/Px=="]
        .map(|text| decoded(text).unwrap_err().to_string())
        .into();
    insta::assert_snapshot!(texts.join("\n"), @r"
    position 5 of the hash is '#', which base64 does not use; copy the hash again from where it was made
    the `=` at position 3 of the hash is followed by more text: two hashes in one, or a cell that ran into the next; give one hash
    the hash ends in the middle of a byte: it was cut; export it again, whole (4000 characters)
    ");
}

/// Base64 of random bytes with a few characters changed, put in or taken out.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            0..3u8,
            prop::sample::select(b"Ab9+/-_= \n#\xFF=".to_vec()),
        ),
        0..4,
    );
    (prop::collection::vec(any::<u8>(), 0..200), edits).prop_map(|(bytes, edits)| {
        let mut text = STANDARD.encode(bytes).into_bytes();
        for (at, how, byte) in edits {
            let at = at.index(text.len() + 1);
            match how {
                0 => text.insert(at, byte),
                1 if at < text.len() => text[at] = byte,
                2 if at < text.len() => drop(text.remove(at)),
                _ => text.truncate(at),
            }
        }
        text
    })
}

proptest! {
    #[test]
    fn what_is_accepted_without_repair_is_what_the_oracle_accepts(text in mutated()) {
        let mut out = Vec::new();
        let ours = decode(&text, &mut out).ok().filter(|repairs| repairs.is_empty()).map(|_| out);
        prop_assert_eq!(ours, STANDARD.decode(&text).ok());
    }

    #[test]
    fn any_text_decodes_as_the_oracle_decodes_its_repaired_form(text in mutated()) {
        let mut out = Vec::new();
        if decode(&text, &mut out).is_ok() {
            let clean = String::from_utf8(text).unwrap().replace('-', "+").replace('_', "/");
            let mut clean: String = clean.chars().filter(|c| !c.is_whitespace() && *c != '=').collect();
            if clean.len() % 4 == 1 {
                clean.push('A');
            }
            clean.extend(std::iter::repeat_n('=', clean.len().next_multiple_of(4) - clean.len()));
            prop_assert_eq!(STANDARD.decode(clean), Ok(out));
        } else {
            prop_assert!(out.is_empty());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(text in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut out = Vec::new();
        let _ = decode(&text, &mut out);
    }

    #[test]
    fn what_is_encoded_decodes(bytes in prop::collection::vec(any::<u8>(), 0..5000)) {
        let mut out = Vec::new();
        prop_assert!(decode(encode(&bytes).as_bytes(), &mut out).is_ok_and(Repairs::is_empty));
        prop_assert_eq!(out, bytes);
    }
}
