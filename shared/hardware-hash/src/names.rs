//! Numbers of SMBIOS and Windows enumerations in words.

use std::borrow::Cow;

type Name = Cow<'static, str>;

fn name(number: impl std::fmt::Display, known: Option<&'static str>) -> Name {
    known.map_or_else(|| Cow::Owned(number.to_string()), Cow::Borrowed)
}

/// What oa3tool calls the kind of Windows that it ran in.
pub(crate) fn os_type(number: u8) -> Name {
    name(number, (number == 2).then_some("FullOS"))
}

/// Windows' `PROCESSOR_ARCHITECTURE_*`.
pub(crate) fn architecture(number: u16) -> Name {
    let known = match number {
        0 => Some("x86"),
        5 => Some("ARM"),
        9 => Some("x64"),
        12 => Some("ARM64"),
        _ => None,
    };
    name(number, known)
}

/// SMBIOS type 16, error correction.
pub(crate) fn error_correction(number: u8) -> Name {
    let known = match number {
        3 => Some("None"),
        4 => Some("Parity"),
        5 => Some("Single-bit"),
        6 => Some("Multi-bit"),
        7 => Some("CRC"),
        _ => None,
    };
    name(number, known)
}

/// Windows' `STORAGE_BUS_TYPE`.
pub(crate) fn storage_bus(number: u16) -> Name {
    let known = match number {
        1 => Some("SCSI"),
        2 => Some("ATAPI"),
        3 => Some("ATA"),
        7 => Some("USB"),
        8 => Some("RAID"),
        9 => Some("iSCSI"),
        10 => Some("SAS"),
        11 => Some("SATA"),
        12 => Some("SD"),
        13 => Some("MMC"),
        14 => Some("Virtual"),
        15 => Some("FileBackedVirtual"),
        16 => Some("Spaces"),
        17 => Some("NVMe"),
        19 => Some("UFS"),
        _ => None,
    };
    name(number, known)
}

/// oa3tool's `DiskType`, from bus and seek penalty.
pub(crate) fn disk_type(bus: u16, seek_penalty: i8) -> &'static str {
    match (bus, seek_penalty) {
        (17, _) => "NVMe",
        (8, _) => "RAID",
        (12 | 13, _) => "SD",
        (14 | 15, _) => "Virtual",
        (_, 0) => "SSD",
        (_, 1) => "HDD",
        _ => "Other",
    }
}

/// Windows' `NDIS_PHYSICAL_MEDIUM`.
pub(crate) fn physical_medium(number: u32) -> Name {
    let known = match number {
        0 => Some("Unspecified"),
        1 => Some("WirelessLan"),
        8 => Some("WirelessWan"),
        9 => Some("Native802_11"),
        10 => Some("Bluetooth"),
        14 => Some("802_3"),
        _ => None,
    };
    name(number, known)
}

/// Windows' `DISPLAYCONFIG_VIDEO_OUTPUT_TECHNOLOGY`.
pub(crate) fn output_technology(number: u32) -> Name {
    let known = match number {
        0 => Some("VGA"),
        4 => Some("DVI"),
        5 => Some("HDMI"),
        6 => Some("LVDS"),
        10 => Some("DisplayPort"),
        11 => Some("EmbeddedDisplayPort"),
        0x8000_0000 => Some("Internal"),
        u32::MAX => Some("Other"),
        _ => None,
    };
    name(number, known)
}

/// Windows' `POWER_PLATFORM_ROLE`.
pub(crate) fn power_role(number: u8) -> Name {
    let known = match number {
        0 => Some("Unspecified"),
        1 => Some("Desktop"),
        2 => Some("Mobile"),
        3 => Some("Workstation"),
        4 => Some("EnterpriseServer"),
        5 => Some("SOHOServer"),
        6 => Some("AppliancePC"),
        7 => Some("PerformanceServer"),
        8 => Some("Slate"),
        _ => None,
    };
    name(number, known)
}

/// The methods of Windows' `GetOfflineDeviceUniqueID`.
pub(crate) fn offline_id_method(number: u8) -> Name {
    let known = match number {
        1 => Some("TPM_EK"),
        2 => Some("UEFI_VARIABLE_TPM"),
        3 => Some("UEFI_VARIABLE_RANDOMSEED"),
        _ => None,
    };
    name(number, known)
}
