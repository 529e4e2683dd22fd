//! The rows of a synthetic list: a function of seed and number.

use hardware_hash::generate::{Capture, Generator, Rewritten, SyntheticDevice};
use manifest::{Format, ListRow};
use sha2::{Digest as _, Sha256};

use super::Part;

/// Every so many rows one has an assigned user.
const USER_EVERY: u64 = 5;
/// How many group tags there are.
const TAGS: u64 = 4;
const SECONDS_A_DAY: u32 = 86_400;
/// How long a repair takes.
const DAYS_OF_REPAIR: u32 = 30;

/// Makes rows.
pub(super) struct Rows {
    generator: Generator,
    with_pkid: bool,
    tag: &'static str,
    replaced: Option<Part>,
    seed: u64,
    /// Those of the first rows.
    serials: Vec<String>,
}

/// The values of a row.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Its number, counted from 1.
    pub(super) n: u64,
    pub(super) serial: String,
    pub(super) pkid: String,
    pub(super) hash: String,
    pub(super) tag: String,
    pub(super) user: String,
    pub(super) manufacturer: String,
    pub(super) model: String,
}

impl Rows {
    /// `accents`: group tags with letters outside of ASCII. `replaced`: what was replaced in each device.
    pub(super) fn new(seed: u64, format: Format, accents: bool, replaced: Option<Part>) -> Self {
        let tag = if accents { "Büro" } else { "Office" };
        // Partners know the key of a device; customers mostly leave the column empty.
        Self {
            generator: Generator::new(seed),
            with_pkid: format == Format::PartnerCenter,
            tag,
            replaced,
            seed,
            serials: Vec::new(),
        }
    }

    /// The same, whose first rows have these serial numbers.
    pub(super) fn with_serials(self, serials: Vec<String>) -> Self {
        Self { serials, ..self }
    }

    /// The `n`-th row, counted from 1.
    pub(super) fn row(&self, n: u64) -> Row {
        self.captured(n, if self.replaced.is_some() { DAYS_OF_REPAIR } else { 0 })
    }

    /// The same device, its hash captured so many days later.
    pub(super) fn captured(&self, n: u64, days: u32) -> Row {
        let device = self.repaired(self.device(n));
        let mut capture = Capture::default();
        capture.time = capture.time.saturating_add(days.saturating_mul(SECONDS_A_DAY));
        let user = if n.is_multiple_of(USER_EVERY) {
            format!("user{n}@contoso.example")
        } else {
            String::new()
        };
        Row {
            n,
            hash: device.capture(&capture).to_text(),
            tag: format!("{}-{}", self.tag, n % TAGS + 1),
            user,
            pkid: device.pkid.filter(|_| self.with_pkid).unwrap_or_default(),
            serial: device.serial,
            manufacturer: device.manufacturer,
            model: device.product,
        }
    }
}

impl Rows {
    /// A device with a serial number of its own is the same wherever it stands, and is no other one's double.
    fn device(&self, n: u64) -> SyntheticDevice {
        let at = usize::try_from(n).ok().and_then(|n| n.checked_sub(1));
        let Some(serial) = at.and_then(|at| self.serials.get(at)) else {
            return self.generator.device(n);
        };
        let digest = Sha256::digest(serial.as_bytes());
        let (first, _) = digest.split_at(size_of::<u64>());
        let own = first.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let mut device = Generator::new(self.seed ^ own).device(1);
        device.serial.clone_from(serial);
        device
    }

    fn repaired(&self, device: SyntheticDevice) -> SyntheticDevice {
        match self.replaced {
            None => device,
            Some(Part::Disk) => device.with_new_disk(1),
            Some(Part::Memory) => device.with_memory(32),
            Some(Part::NetworkCard) => device.with_new_wifi(1),
            Some(Part::Board) => device.with_new_board(1, Rewritten::Serial),
            Some(Part::Tpm) => device.with_new_tpm(1),
        }
    }
}

impl Row {
    /// The values, to write.
    pub(super) fn cells(&self) -> ListRow<'_> {
        ListRow {
            serial: &self.serial,
            product_id: &self.pkid,
            hash: &self.hash,
            group_tag: &self.tag,
            assigned_user: &self.user,
            manufacturer: &self.manufacturer,
            model: &self.model,
        }
    }
}
