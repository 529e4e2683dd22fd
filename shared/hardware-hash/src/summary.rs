//! What identifies a device, taken from a hash in one pass.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

use crate::components::{Components, Digest, MacDigest, Tag, digest};
use crate::placeholder::{is_pkid, is_placeholder, is_placeholder_uuid};
use crate::wire::until_nul;
use crate::{Envelope, Mac, OfflineDeviceId, SmbiosUuid, kind};

/// The values of a hash that name its device.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The system serial number without outer blanks; `None` when blank or not in SMBIOS. It may
    /// still be another [placeholder](crate::placeholder::is_placeholder).
    pub serial: Option<Cow<'a, str>>,
    /// The system manufacturer, by the same rule.
    pub manufacturer: Option<Cow<'a, str>>,
    /// The system product name, by the same rule.
    pub product: Option<Cow<'a, str>>,
    /// The product key id, only when it is one: 13 digits, not all zero.
    pub pkid: Option<&'a str>,
    /// The SMBIOS UUID, unless it is one that many devices share.
    pub uuid: Option<SmbiosUuid>,
    /// SHA-256 of the TPM endorsement key's modulus, which is also the offline device id.
    pub ek_digest: Option<[u8; 32]>,
}

/// [`Identity`] and [`Components`] of one hash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary<'a> {
    /// The values, for keys and cross-checks.
    pub identity: Identity<'a>,
    /// The digests, for the matcher.
    pub components: Components,
}

/// Takes what identifies the device from a hash in place.
///
/// Where a record that should not repeat does, the first counts.
pub fn summarise<'a>(envelope: &Envelope<'a>) -> Summary<'a> {
    let mut identity = Identity::default();
    let mut components = Components::default();
    let mut offline_id = None;
    for record in envelope.records() {
        let payload = record.payload;
        match record.kind {
            kind::SERIAL_NUMBER => first(&mut identity.serial, || present(payload)),
            kind::MANUFACTURER => first(&mut identity.manufacturer, || present(payload)),
            kind::PRODUCT_NAME => first(&mut identity.product, || present(payload)),
            kind::PRODUCT_KEY_ID => first(&mut identity.pkid, || pkid(payload)),
            kind::UUID => first(&mut identity.uuid, || uuid(payload)),
            kind::ENDORSEMENT_KEY => first(&mut identity.ek_digest, || key_digest(payload)),
            kind::OFFLINE_DEVICE_ID => first(&mut offline_id, || key_id(payload)),
            kind::NETWORK_ADAPTER => components.macs.extend(fixed_mac(payload).map(MacDigest::of)),
            kind::DISK_IDENTITY | kind::BOOT_DISK => components.disks.extend(disk(payload)),
            _ => {}
        }
    }
    identity.ek_digest = identity.ek_digest.or(offline_id);
    components.settle();
    components.ek = identity.ek_digest.and_then(|digest| digest.first_chunk().copied());
    components.uuid = identity.uuid.map(|uuid| digest(Tag::Uuid, &[&uuid.to_wire()]));
    components.pkid = identity.pkid.map(|pkid| Digest(digest(Tag::Pkid, &[pkid.as_bytes()])));
    let telling = |text: &Option<Cow<'a, str>>| text.clone().filter(|text| !is_placeholder(text));
    components.serial = telling(&identity.serial).map(|serial| Digest(digest(Tag::Serial, &[serial.as_bytes()])));
    components.model = telling(&identity.manufacturer)
        .zip(telling(&identity.product))
        .map(|(maker, product)| Digest(digest(Tag::Model, &[maker.as_bytes(), product.as_bytes()])));
    Summary { identity, components }
}

/// Without the values, which are personal data.
impl std::fmt::Debug for Identity<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("serial", &self.serial.is_some())
            .field("manufacturer", &self.manufacturer.is_some())
            .field("product", &self.product.is_some())
            .field("pkid", &self.pkid.is_some())
            .field("uuid", &self.uuid.is_some())
            .field("ek_digest", &self.ek_digest.is_some())
            .finish()
    }
}

fn first<T>(place: &mut Option<T>, read: impl FnOnce() -> Option<T>) {
    if place.is_none() {
        *place = read();
    }
}

/// A text that SMBIOS has.
fn present(payload: &[u8]) -> Option<Cow<'_, str>> {
    let text = match String::from_utf8_lossy(until_nul(payload)) {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    (!text.is_empty() && text != "SMBIOS_STRING_INDEX_0").then_some(text)
}

fn pkid(payload: &[u8]) -> Option<&str> {
    std::str::from_utf8(until_nul(payload))
        .ok()
        .map(str::trim)
        .filter(|text| is_pkid(text))
}

fn uuid(payload: &[u8]) -> Option<SmbiosUuid> {
    let uuid = SmbiosUuid::from_wire(payload.try_into().ok()?);
    (!is_placeholder_uuid(uuid)).then_some(uuid)
}

/// SHA-256 of a key, unless the record is too short for one or a single byte repeated.
fn key_digest(modulus: &[u8]) -> Option<[u8; 32]> {
    let real = modulus.len() >= 32 && modulus.iter().any(|byte| modulus.first() != Some(byte));
    real.then(|| Sha256::digest(modulus).into())
}

/// The offline device id where it stands for the endorsement key.
fn key_id(payload: &[u8]) -> Option<[u8; 32]> {
    let id = OfflineDeviceId::read(payload)?;
    let real = id.status == 0 && id.method == OfflineDeviceId::FROM_ENDORSEMENT_KEY && id.id != [0; 32];
    real.then_some(id.id)
}

/// The address of an adapter that belongs to the machine: what hangs on USB is taken along.
fn fixed_mac(payload: &[u8]) -> Option<Mac> {
    let mac = Mac(*payload.get(4..10)?.first_chunk()?);
    let on_usb = payload
        .get(14..)
        .is_some_and(|enumerator| enumerator.starts_with(b"U\0S\0B\0"));
    (!on_usb && !mac.is_placeholder()).then_some(mac)
}

/// The serial number of `serial|model|`.
fn disk(payload: &[u8]) -> Option<Digest> {
    let serial = until_nul(payload).split(|byte| *byte == b'|').next()?.trim_ascii();
    (!is_placeholder(&String::from_utf8_lossy(serial))).then(|| Digest(digest(Tag::Disk, &[serial])))
}

#[cfg(test)]
mod tests;
