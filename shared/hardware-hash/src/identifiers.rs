//! The two identifiers that have a customary way of being written.

use std::fmt;

/// An SMBIOS UUID.
///
/// The wire form is mixed-endian, as in a .NET `Guid`: the first three groups are little-endian.
/// `Display` writes the groups the right way round, dashed and in lower case, as oa3tool and
/// `Win32_ComputerSystemProduct` do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SmbiosUuid([u8; 16]);

impl SmbiosUuid {
    /// From the bytes as they stand in the hash.
    pub const fn from_wire(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes as they stand in the hash.
    pub const fn to_wire(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for SmbiosUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a3, a2, a1, a0, b1, b0, c1, c0, d0, d1, e @ ..] = self.0;
        write!(
            f,
            "{a0:02x}{a1:02x}{a2:02x}{a3:02x}-{b0:02x}{b1:02x}-{c0:02x}{c1:02x}-{d0:02x}{d1:02x}-"
        )?;
        e.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A network adapter's MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Whether software chose the address: it may be random, and another tomorrow.
    pub const fn is_locally_administered(self) -> bool {
        let [first, ..] = self.0;
        first & 0x02 != 0
    }

    /// Whether the address names no adapter: all zeros or all ones.
    pub const fn is_placeholder(self) -> bool {
        matches!(self.0, [0, 0, 0, 0, 0, 0] | [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02X}-{b:02X}-{c:02X}-{d:02X}-{e:02X}-{g:02X}")
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for SmbiosUuid {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_written_mixed_endian() {
        let wire = [
            0x44, 0x33, 0x22, 0x11, 0x66, 0x55, 0x88, 0x77, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0x00,
        ];
        assert_eq!(
            SmbiosUuid::from_wire(wire).to_string(),
            "11223344-5566-7788-99aa-bbccddeeff00"
        );
    }

    #[test]
    fn a_mac_is_written_with_dashes_and_knows_who_chose_it() {
        let mac = Mac([0x00, 0x00, 0x5E, 0x00, 0x53, 0x01]);
        assert_eq!(mac.to_string(), "00-00-5E-00-53-01");
        assert!(!mac.is_locally_administered());
        assert!(Mac([0x02, 0, 0, 0, 0, 1]).is_locally_administered());
    }
}
