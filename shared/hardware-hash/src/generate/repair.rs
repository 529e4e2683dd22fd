//! What a repair shop does to a device: parts are replaced, and the firmware is written again or not.

use super::{Generator, Random, SyntheticDevice, mix};

/// What a repair shop wrote into the firmware of a new board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewritten {
    /// Nothing: serial number and UUID are the new board's.
    Nothing,
    /// The old serial number.
    Serial,
    /// The old serial number and the old UUID.
    SerialAndUuid,
}

impl SyntheticDevice {
    /// The same device with another disk. `which` tells several replacements apart.
    #[must_use]
    pub fn with_new_disk(mut self, which: u64) -> Self {
        self.disk = self.replacement(which).disk();
        self
    }

    /// The same device with another Wi-Fi card: Wi-Fi and Bluetooth addresses. `which` is 0 or 1.
    #[must_use]
    pub fn with_new_wifi(mut self, which: u64) -> Self {
        let (generator, n) = self.origin;
        for (index, mac) in (4 + which % 2 * 2..).zip(self.macs.iter_mut().skip(1).take(2)) {
            *mac = generator.mac(n, index);
        }
        self
    }

    /// The same device with another Ethernet adapter.
    #[must_use]
    pub fn with_new_nic(mut self, which: u64) -> Self {
        let new = self.spare(0x4E49, which).mac(self.origin.1, 0);
        if let Some(ethernet) = self.macs.first_mut() {
            *ethernet = new;
        }
        self
    }

    /// The same device with one more wired network card, which is not on the board.
    #[must_use]
    pub fn with_second_nic(mut self, which: u64) -> Self {
        let card = self.spare(0x4E32, which).mac(self.origin.1, 0);
        self.macs.push(card);
        self
    }

    /// The same device with other memory.
    #[must_use]
    pub fn with_memory(mut self, gb: u64) -> Self {
        self.memory_gb = gb;
        self
    }

    /// The same device with another graphics adapter.
    #[must_use]
    pub fn with_graphics(mut self, name: &str) -> Self {
        name.clone_into(&mut self.graphics);
        self
    }

    /// The same device with another product key in its firmware.
    #[must_use]
    pub fn with_new_product_key(mut self, which: u64) -> Self {
        self.pkid = Some(self.spare(0x504B, which).pkid(self.origin.1));
        self
    }

    /// The device without a product key in its firmware.
    #[must_use]
    pub fn without_product_key(mut self) -> Self {
        self.pkid = None;
        self
    }

    /// The device after its board was replaced: TPM, product key and Ethernet are new, and of
    /// serial number and UUID what was not rewritten.
    #[must_use]
    pub fn with_new_board(mut self, which: u64, rewritten: Rewritten) -> Self {
        let (generator, n) = self.origin;
        let board = self.spare(0x424F, which).device(n);
        self.ek = self.ek.and(board.ek);
        self.pkid = self.pkid.and(board.pkid);
        if let Some(ethernet) = self.macs.first_mut() {
            *ethernet = generator.mac(n, 3);
        }
        if rewritten != Rewritten::SerialAndUuid {
            self.uuid = board.uuid;
        }
        if rewritten == Rewritten::Nothing {
            self.serial = board.serial;
        }
        self
    }

    /// The device after it got the board of another one: TPM, product key and Ethernet are the donor's, and of names and
    /// UUID what was not rewritten.
    #[must_use]
    pub fn with_board_of(mut self, donor: &Self, rewritten: Rewritten) -> Self {
        self.ek.clone_from(&donor.ek);
        self.pkid.clone_from(&donor.pkid);
        if let (Some(ethernet), Some(given)) = (self.macs.first_mut(), donor.macs.first()) {
            *ethernet = *given;
        }
        if rewritten != Rewritten::SerialAndUuid {
            self.uuid = donor.uuid;
        }
        if rewritten == Rewritten::Nothing {
            self.serial.clone_from(&donor.serial);
            self.manufacturer.clone_from(&donor.manufacturer);
            self.product.clone_from(&donor.product);
            self.sku.clone_from(&donor.sku);
            self.family.clone_from(&donor.family);
        }
        self
    }

    /// The same device after its TPM was reset or replaced.
    #[must_use]
    pub fn with_new_tpm(mut self, which: u64) -> Self {
        self.ek = Some(self.replacement(which).endorsement_key());
        self
    }

    /// The device without a TPM.
    #[must_use]
    pub fn without_tpm(mut self) -> Self {
        self.ek = None;
        self
    }

    /// Makes spare parts of one kind, which no device has from the start.
    fn spare(&self, kind: u64, which: u64) -> Generator {
        Generator::new(mix(self.origin.0.seed ^ kind ^ which))
    }

    fn replacement(&self, which: u64) -> Random {
        let (generator, n) = self.origin;
        Random(mix(mix(generator.seed ^ 0x5245 ^ mix(which)) ^ mix(n)))
    }
}
