//! Rebinding: the parts of a new capture become those of a registered device.

use hardware_hash::placeholder::is_placeholder;
use hardware_hash::{Agreement, Part, compare};

use super::{Recognition, Remediation, recognise};
use crate::Timestamp;
use crate::decide::MAX_KEYS;
use crate::device::Device;
use crate::identity::{IdentityKey, KeyKind};
use crate::record::Record;

/// What a rebind does to a device.
#[derive(Debug, Clone, PartialEq)]
pub struct Rebinding {
    /// The device with the new parts; version and time are still the old ones. The same as before where there is nothing to
    /// take over.
    pub device: Device,
    /// The keys that it did not hold.
    pub new_keys: Vec<IdentityKey>,
    /// The keys that it holds no longer.
    pub freed_keys: Vec<IdentityKey>,
    /// What somebody should know though it stops nothing.
    pub notices: Vec<Notice>,
}

/// What somebody should know about a repair though it stops nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notice {
    /// Of the network adapters some were kept and others replaced.
    AdaptersKept,
    /// The new board has no TPM.
    NoTpm,
}

impl Notice {
    /// A stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AdaptersKept => "adapters-kept",
            Self::NoTpm => "no-tpm",
        }
    }

    /// What it means.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::AdaptersKept => {
                "Some network adapters were kept and others replaced. Microsoft's service does not support that, since \
                 addresses may be ambiguous to it; Muster identifies no device by them."
            }
            Self::NoTpm => "The new board has no TPM: the device can be deployed by user-driven profiles only.",
        }
    }
}

/// Why a capture cannot be rebound to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// It is another device, for this reason.
    AnotherDevice(String),
    /// It has the product key of the device, and another serial number.
    OtherSerialNumber,
    /// The device has a product key, and the new board has none.
    NoProductKey,
    /// The device would have more than [`MAX_KEYS`] identities.
    TooManyIdentities,
}

impl Misfit {
    /// A stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AnotherDevice(_) => "another-device",
            Self::OtherSerialNumber => "other-serial-number",
            Self::NoProductKey => "no-product-key",
            Self::TooManyIdentities => "too-many-identities",
        }
    }

    /// What and why, as a sentence.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::AnotherDevice(why) => format!("The hash is that of another device: {why}."),
            Self::OtherSerialNumber => {
                "The new board has the product key of the device, and another serial number.".to_owned()
            }
            Self::NoProductKey => "The device has a product key, and the new board has none.".to_owned(),
            Self::TooManyIdentities => format!("The device would have more than {MAX_KEYS} identities."),
        }
    }

    /// What to do.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::AnotherDevice(_) => {
                "If it is this device all the same, write its serial number, manufacturer and model into the firmware of the \
                 new board, and capture the hash again. If not, release this device and register the other one."
            }
            Self::OtherSerialNumber => {
                "Write the serial number of the device into the firmware of the new board, and capture the hash again."
            }
            Self::NoProductKey => {
                "Inject a repair product key (RDPK) into the firmware of the new board, and capture the hash again."
            }
            Self::TooManyIdentities => "Release the device, and register it anew.",
        }
    }
}

/// Makes the parts of a capture those of a device.
///
/// The capture decides about every kind of identity that it speaks of. Of a kind that it is silent about, the device keeps
/// what is not on the board: its names; and all where it is the same board.
///
/// # Errors
/// Why the two do not belong together.
pub fn rebind(device: &Device, capture: &Record, now: Timestamp) -> Result<Rebinding, Misfit> {
    let same_board = match recognise(device, capture) {
        Recognition::SameDevice => true,
        Recognition::BoardReplaced(_) => false,
        Recognition::AnotherDevice(_) if same_names(device, capture) => false,
        Recognition::AnotherDevice(why) => return Err(Misfit::AnotherDevice(why)),
    };
    if !same_board {
        check_firmware(device, capture)?;
    }
    let mut new = device.clone();
    let silent = |kind: KeyKind| !capture.keys.iter().any(|key| key.kind() == kind);
    let kept = |key: &IdentityKey| silent(key.kind()) && (same_board || key.kind() == KeyKind::Tuple);
    new.keys.retain(kept);
    new.keys.extend(&capture.keys);
    new.keys.sort_unstable();
    new.keys.dedup();
    if new.keys.len() > MAX_KEYS {
        return Err(Misfit::TooManyIdentities);
    }
    new.serial = capture.serial.clone().or(new.serial);
    new.manufacturer = capture.manufacturer.clone().or(new.manufacturer);
    new.model = capture.model.clone().or(new.model);
    new.pkid = capture.pkid.clone().or(new.pkid);
    new.components.clone_from(&capture.components);
    if new != *device || device.remediation.as_ref().is_some_and(Remediation::is_open) {
        new.remediation = Some(Remediation::done(now));
    }
    let beyond = |a: &Device, b: &Device| a.keys.iter().filter(|key| !b.keys.contains(key)).copied().collect();
    Ok(Rebinding {
        new_keys: beyond(&new, device),
        freed_keys: beyond(device, &new),
        notices: if same_board {
            Vec::new()
        } else {
            notices(device, capture)
        },
        device: new,
    })
}

/// What a repair shop must have written into a new board.
fn check_firmware(device: &Device, capture: &Record) -> Result<(), Misfit> {
    if known(device.serial.as_deref()).is_some() && !same_names(device, capture) {
        return Err(Misfit::OtherSerialNumber);
    }
    let product_key = |keys: &[IdentityKey]| keys.iter().any(|key| key.kind() == KeyKind::Pkid);
    if product_key(&device.keys) && !product_key(&capture.keys) {
        return Err(Misfit::NoProductKey);
    }
    Ok(())
}

/// A serial number or a name that says something.
fn known(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !is_placeholder(text))
}

/// Whether serial number and manufacturer are the same: a new board may come with another name of the model.
fn same_names(device: &Device, capture: &Record) -> bool {
    let same = |a: &Option<String>, b: &Option<String>| Some(known(a.as_deref())? == known(b.as_deref())?);
    same(&device.serial, &capture.serial) == Some(true)
        && same(&device.manufacturer, &capture.manufacturer) != Some(false)
}

fn notices(device: &Device, capture: &Record) -> Vec<Notice> {
    let mut notices = Vec::new();
    let parts = device.components.as_ref().zip(capture.components.as_ref());
    let verdict = parts.map(|(old, new)| compare(old, new));
    if verdict.is_some_and(|verdict| {
        let partly = |field: &hardware_hash::FieldVerdict| field.verdict == Agreement::Partly;
        verdict
            .fields
            .iter()
            .any(|field| field.field == Part::Macs && partly(field))
    }) {
        notices.push(Notice::AdaptersKept);
    }
    let tpm = |keys: &[IdentityKey]| keys.iter().any(|key| key.kind() == KeyKind::EndorsementKey);
    if !tpm(&capture.keys) {
        notices.push(Notice::NoTpm);
    }
    notices
}
