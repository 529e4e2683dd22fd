//! Text records.

use std::borrow::Cow;
use std::fmt;

use crate::kind;

/// A text of a record, without the NUL that ends it. Normally ASCII, but any bytes are kept.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(Vec<u8>);

impl Text {
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// A text that zeros fill up.
    pub(super) fn padded(bytes: &[u8]) -> Self {
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Self(bytes.get(..end).unwrap_or_default().to_vec())
    }

    /// The bytes as they stand in the hash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text; U+FFFD stands for what is not UTF-8.
    pub fn to_str(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_str())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), f)
    }
}

/// Declares the text records once: variant, type number, name in oa3tool's reports.
macro_rules! text_fields {
    ($($(#[$doc:meta])* $variant:ident = $kind:path, $name:literal;)*) => {
        /// Which text a text record holds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum TextField {
            $($(#[$doc])* $variant,)*
        }

        impl TextField {
            /// The field that a record type holds, when it is a text record.
            pub const fn from_kind(kind: u16) -> Option<Self> {
                match kind {
                    $($kind => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The record type.
            pub const fn kind(self) -> u16 {
                match self {
                    $(Self::$variant => $kind,)*
                }
            }

            /// The name that oa3tool's report gives it, or one in that style where none is known.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

text_fields! {
    /// `GenuineIntel`, `AuthenticAMD`.
    ProcessorVendor = kind::PROCESSOR_VENDOR, "ProcessorManufacturer";
    /// Version, level, revision, vendor and firmware; absent without a TPM.
    TpmVersion = kind::TPM_VERSION, "TPMVersion";
    /// SMBIOS type 1.
    SerialNumber = kind::SERIAL_NUMBER, "SmbiosSystemSerialNumber";
    /// SMBIOS type 0.
    BiosVendor = kind::BIOS_VENDOR, "SmbiosFirmwareVendor";
    /// SMBIOS type 1.
    Manufacturer = kind::MANUFACTURER, "SmbiosSystemManufacturer";
    /// SMBIOS type 1.
    ProductName = kind::PRODUCT_NAME, "SmbiosSystemProductName";
    /// SMBIOS type 1.
    SkuNumber = kind::SKU_NUMBER, "SmbiosSkuNumber";
    /// SMBIOS type 1.
    Family = kind::FAMILY, "SmbiosSystemFamily";
    /// SMBIOS type 2.
    BoardManufacturer = kind::BOARD_MANUFACTURER, "SmbiosBoardManufacturer";
    /// SMBIOS type 2.
    BoardProduct = kind::BOARD_PRODUCT, "SmbiosBoardProduct";
    /// SMBIOS type 2.
    BoardVersion = kind::BOARD_VERSION, "SmbiosBoardVersion";
    /// SMBIOS type 1.
    SystemVersion = kind::SYSTEM_VERSION, "SmbiosSystemVersion";
    /// 13 digits; only with a key in the firmware.
    ProductKeyId = kind::PRODUCT_KEY_ID, "ProductKeyID";
    /// Such as `[TH]X19-99481`.
    ProductKeyPartNumber = kind::PRODUCT_KEY_PART_NUMBER, "ProductKeyPkPn";
    /// The identity of the disk that the system runs from; wrong when that is Windows PE.
    BootDisk = kind::BOOT_DISK, "DiskSSNKernel";
}
