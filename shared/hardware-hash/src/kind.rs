//! The numbers of the record types.
//!
//! Types 31 to 33, 36 and 38 were never seen; 35 was, but its meaning is unknown. They have no
//! constant here and are read as [`Record::Opaque`](crate::Record::Opaque).

/// Tool and operating system builds, time of the capture.
pub const CAPTURE: u16 = 1;
/// Processor counts.
pub const PROCESSORS: u16 = 2;
/// Processor vendor (text).
pub const PROCESSOR_VENDOR: u16 = 3;
/// Processor brand string, 48 bytes.
pub const PROCESSOR_MODEL: u16 = 4;
/// Installed and possible memory.
pub const MEMORY: u16 = 5;
/// A disk's size and bus; may repeat.
pub const DISK: u16 = 6;
/// A disk's serial number and model; may repeat.
pub const DISK_IDENTITY: u16 = 7;
/// A network adapter; may repeat.
pub const NETWORK_ADAPTER: u16 = 8;
/// A display's size and resolution; may repeat.
pub const DISPLAY_MODE: u16 = 9;
/// Chassis type, power role, optical drive, digitiser.
pub const CHASSIS: u16 = 10;
/// The offline device id.
pub const OFFLINE_DEVICE_ID: u16 = 11;
/// The SMBIOS UUID.
pub const UUID: u16 = 12;
/// TPM version, vendor and firmware (text).
pub const TPM_VERSION: u16 = 13;
/// The system serial number (text).
pub const SERIAL_NUMBER: u16 = 14;
/// BIOS vendor (text).
pub const BIOS_VENDOR: u16 = 15;
/// System manufacturer (text).
pub const MANUFACTURER: u16 = 16;
/// System product name (text).
pub const PRODUCT_NAME: u16 = 17;
/// System SKU number (text).
pub const SKU_NUMBER: u16 = 18;
/// System family (text).
pub const FAMILY: u16 = 19;
/// Baseboard manufacturer (text).
pub const BOARD_MANUFACTURER: u16 = 20;
/// Baseboard product (text).
pub const BOARD_PRODUCT: u16 = 21;
/// Baseboard version (text).
pub const BOARD_VERSION: u16 = 22;
/// System version (text).
pub const SYSTEM_VERSION: u16 = 23;
/// Product key id, 13 digits (text).
pub const PRODUCT_KEY_ID: u16 = 24;
/// The modulus of the TPM's RSA endorsement key, 256 bytes.
pub const ENDORSEMENT_KEY: u16 = 25;
/// Part number of the product key (text).
pub const PRODUCT_KEY_PART_NUMBER: u16 = 26;
/// A display's size in centimetres, from its EDID; may repeat.
pub const DISPLAY_SIZE: u16 = 27;
/// The boot disk's identity as the kernel sees it (text).
pub const BOOT_DISK: u16 = 28;
/// A graphics adapter's memory; may repeat.
pub const GPU_MEMORY: u16 = 29;
/// A graphics adapter's vendor and name; may repeat.
pub const GPU_NAME: u16 = 30;
/// Core counts per efficiency class, on hybrid processors.
pub const CORE_CLASSES: u16 = 34;
/// The licensing hardware id.
pub const LICENSING_ID: u16 = 37;
