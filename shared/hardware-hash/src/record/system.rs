//! Records about the system as a whole.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::wire::Reader;

/// 2000-01-01T00:00:00Z in Unix seconds: where the hash's clock starts.
const EPOCH: i64 = 946_684_800;

/// A build number, such as 10.0.26100.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Build {
    /// The 10 of 10.0.26100.1.
    pub major: u16,
    /// The 0 of 10.0.26100.1.
    pub minor: u16,
    /// The 26100 of 10.0.26100.1.
    pub build: u16,
    /// The 1 of 10.0.26100.1.
    pub revision: u16,
}

impl Build {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (minor, major, revision, build) = (from.u16()?, from.u16()?, from.u16()?, from.u16()?);
        Some(Self {
            major,
            minor,
            build,
            revision,
        })
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend(
            [self.minor, self.major, self.revision, self.build]
                .into_iter()
                .flat_map(u16::to_le_bytes),
        );
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.major, self.minor, self.build, self.revision)
    }
}

/// Type 1: by what and when the hash was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The build of the tool.
    pub tool: Build,
    /// The build of the operating system.
    pub os: Build,
    /// Seconds since 2000-01-01T00:00:00Z.
    pub time: u32,
    /// The zone in quarter hours east of UTC, daylight saving included. Tools before 10.0.19041
    /// wrote other numbers, so it may lie outside any real zone.
    pub zone: i8,
    /// 2 is the full operating system.
    pub os_type: u8,
    /// 0 x86, 9 x64, 12 ARM64.
    pub architecture: u8,
    /// The version of the format, as far as is known: 3 to 9 were seen.
    pub tool_version: u8,
}

impl Capture {
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let mut from = Reader::new(payload);
        Some(Self {
            tool: Build::read(&mut from)?,
            os: Build::read(&mut from)?,
            time: from.u32()?,
            zone: from.i8()?,
            os_type: from.u8()?,
            architecture: from.u8()?,
            tool_version: from.u8()?,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.tool.write(out);
        self.os.write(out);
        out.extend(self.time.to_le_bytes());
        out.extend(self.zone.to_le_bytes());
        out.extend([self.os_type, self.architecture, self.tool_version]);
    }

    /// The moment of the capture.
    pub fn at(&self) -> Timestamp {
        let since = SignedDuration::from_secs(EPOCH + i64::from(self.time));
        Timestamp::UNIX_EPOCH
            .saturating_add(since)
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The moment in the device's own clock, as `2024-05-01T12:00:00+02:00`.
    pub fn local_time(&self) -> String {
        let minutes = i64::from(self.zone) * 15;
        let shifted = self
            .at()
            .saturating_add(SignedDuration::from_mins(minutes))
            .unwrap_or(Timestamp::UNIX_EPOCH);
        let local = shifted.to_string();
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        format!("{}{sign}{hours:02}:{rest:02}", local.trim_end_matches('Z'))
    }
}

/// Type 2: processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processors {
    /// 0 x86, 9 x64, 12 ARM64.
    pub architecture: u16,
    /// Sockets in use.
    pub packages: u16,
    /// Cores of all packages.
    pub cores: u16,
    /// Logical processors of all packages.
    pub threads: u16,
    /// 1 with hyper-threading.
    pub hyper_threading: u16,
}

impl Processors {
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let mut from = Reader::new(payload);
        Some(Self {
            architecture: from.u16()?,
            packages: from.u16()?,
            cores: from.u16()?,
            threads: from.u16()?,
            hyper_threading: from.u16()?,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let words = [
            self.architecture,
            self.packages,
            self.cores,
            self.threads,
            self.hyper_threading,
            0,
        ];
        out.extend(words.into_iter().flat_map(u16::to_le_bytes));
    }
}

/// Part of type 34: the cores of one efficiency class of a hybrid processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreClass {
    /// Higher is faster.
    pub efficiency: u8,
    /// Cores of this class.
    pub cores: u16,
    /// Logical processors of this class.
    pub threads: u16,
}

impl CoreClass {
    pub(super) fn read_all(payload: &[u8]) -> Option<Vec<Self>> {
        let mut from = Reader::new(payload);
        let count = from.u8()?;
        (0..count)
            .map(|_| {
                Some(Self {
                    efficiency: from.u8()?,
                    cores: from.u16()?,
                    threads: from.u16()?,
                })
            })
            .collect()
    }

    pub(super) fn write_all(classes: &[Self], out: &mut Vec<u8>) {
        out.push(u8::try_from(classes.len()).unwrap_or(u8::MAX));
        for class in classes {
            out.push(class.efficiency);
            out.extend([class.cores, class.threads].into_iter().flat_map(u16::to_le_bytes));
        }
    }
}

/// Type 5: memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Installed, in GB.
    pub installed_gb: u64,
    /// What the board takes at most, in GB.
    pub maximum_gb: u64,
    /// Slots.
    pub slots: u16,
    /// Memory arrays.
    pub arrays: u16,
    /// As in SMBIOS type 16: 3 none, 4 parity, 5 single-bit, 6 multi-bit, 7 CRC.
    pub error_correction: u8,
}

impl Memory {
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let mut from = Reader::new(payload);
        Some(Self {
            installed_gb: from.u64()?,
            maximum_gb: from.u64()?,
            slots: from.u16()?,
            arrays: from.u16()?,
            error_correction: from.u8()?,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(
            [self.installed_gb, self.maximum_gb]
                .into_iter()
                .flat_map(u64::to_le_bytes),
        );
        out.extend([self.slots, self.arrays].into_iter().flat_map(u16::to_le_bytes));
        out.push(self.error_correction);
    }
}

/// Type 10: chassis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chassis {
    /// As in SMBIOS type 3: 3 desktop, 10 notebook, 31 convertible, …
    pub chassis_type: u8,
    /// As in Windows' `POWER_PLATFORM_ROLE`: 1 desktop, 2 mobile, 8 slate.
    pub power_role: u8,
    /// 1 with an optical drive.
    pub optical_drive: u8,
    /// As in Windows' `SM_DIGITIZER`: 1 and 2 touch, 4 and 8 pen, 0x40 multi-touch, 0x80 ready.
    pub digitizer: u8,
    /// Of unknown meaning.
    pub unknown: u8,
}

impl Chassis {
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let [chassis_type, power_role, optical_drive, digitizer, unknown] = payload.try_into().ok()?;
        Some(Self {
            chassis_type,
            power_role,
            optical_drive,
            digitizer,
            unknown,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend([
            self.chassis_type,
            self.power_role,
            self.optical_drive,
            self.digitizer,
            self.unknown,
        ]);
    }
}

/// Type 37: the hardware id that Windows licensing computes. Varies between captures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicensingId {
    /// How many hashes there are of each of ten component classes.
    pub counts: [u16; 10],
    /// A measure of the memory.
    pub memory: u16,
    /// A hash of the firmware.
    pub bios: u16,
    /// The components' hashes, class by class.
    pub hashes: Vec<u16>,
}

impl LicensingId {
    /// Length field, ten counts, memory, firmware.
    const FIXED_LENGTH: usize = 4 + 20 + 2 + 2;

    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let mut from = Reader::new(payload);
        let _lengths: [u8; 8] = from.array()?;
        let mut counts = [0; 10];
        for count in &mut counts {
            *count = from.u16()?;
        }
        let (memory, bios) = (from.u16()?, from.u16()?);
        let hashes = from
            .rest()
            .as_chunks::<2>()
            .0
            .iter()
            .map(|pair| u16::from_le_bytes(*pair))
            .collect();
        Some(Self {
            counts,
            memory,
            bios,
            hashes,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let length = u32::try_from(Self::FIXED_LENGTH + 2 * self.hashes.len()).unwrap_or(u32::MAX);
        out.extend([length, length].into_iter().flat_map(u32::to_le_bytes));
        let words = self.counts.iter().chain([&self.memory, &self.bios]).chain(&self.hashes);
        out.extend(words.flat_map(|word| word.to_le_bytes()));
    }
}
