//! What firmware says when it has nothing to say.
//!
//! Vendors leave default texts in SMBIOS, and whole fleets share them. Such a value identifies
//! nothing: it is no key, and the matcher treats it as absent.

use crate::SmbiosUuid;

/// Texts that stand where a serial number was never written. Compared without regard to case.
///
/// `SMBIOS_STRING_INDEX_0` is what the OA3 tool writes for a string that SMBIOS does not have.
pub const TEXTS: &[&str] = &[
    "To be filled by O.E.M.",
    "Default string",
    "System Serial Number",
    "Chassis Serial Number",
    "Base Board Serial Number",
    "SystemSerialNumb",
    "None",
    "Not Specified",
    "Not Applicable",
    "Not Available",
    "N/A",
    "NA",
    "0123456789",
    "1234567890",
    "123456789",
    "Invalid",
    "Unknown",
    "Empty",
    "OEM",
    "SMBIOS_STRING_INDEX_0",
];

/// UUIDs that many devices share, as wire bytes: zeros, ones, and the one of AMI's sample firmware
/// (`03000200-0400-0500-0006-000700080009`).
pub const UUIDS: &[SmbiosUuid] = &[
    SmbiosUuid::from_wire([0; 16]),
    SmbiosUuid::from_wire([0xFF; 16]),
    SmbiosUuid::from_wire([0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8, 0, 9]),
];

/// Whether a serial number, manufacturer or model says nothing: blank, only zeros, or one of
/// [`TEXTS`].
pub fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    text.bytes().all(|byte| byte == b'0') || TEXTS.iter().any(|known| known.eq_ignore_ascii_case(text))
}

/// Whether a UUID is one of [`UUIDS`].
pub fn is_placeholder_uuid(uuid: SmbiosUuid) -> bool {
    UUIDS.contains(&uuid)
}

/// Whether a text is a product key id (PKID): 13 decimal digits, not all zero.
///
/// The 5-5-5-5 form of a Windows Product ID is none: whole fleets share it.
pub fn is_pkid(text: &str) -> bool {
    text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit()) && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firmware_defaults_are_placeholders_in_any_case_and_serials_are_not() {
        for text in [
            "",
            "  ",
            "0",
            "00000000",
            "To Be Filled By O.E.M.",
            "INVALID",
            " none ",
            "SMBIOS_STRING_INDEX_0",
        ] {
            assert!(is_placeholder(text), "{text:?}");
        }
        for text in ["TEST-0001", "00000001", "NONE-1", "7243-2648-3107-2818-2556-6923-30"] {
            assert!(!is_placeholder(text), "{text:?}");
        }
    }

    #[test]
    fn the_shared_uuids_read_as_published() {
        let written: Vec<String> = UUIDS.iter().map(ToString::to_string).collect();
        assert_eq!(written[2], "03000200-0400-0500-0006-000700080009");
        assert!(UUIDS.iter().copied().all(is_placeholder_uuid));
        assert!(!is_placeholder_uuid(SmbiosUuid::from_wire([1; 16])));
    }

    #[test]
    fn a_pkid_is_thirteen_digits_that_are_not_all_zero() {
        assert!(is_pkid("3303012345678"));
        for text in [
            "0000000000000",
            "330301234567",
            "33030123456789",
            "00330-80000-00000-AAOEM",
            "330301234567X",
        ] {
            assert!(!is_pkid(text), "{text}");
        }
    }
}
