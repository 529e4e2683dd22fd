//! What registering a row does, given the devices that hold its identities. Pure: the store carries it out and makes
//! it conditional on what was seen here.

use hardware_hash::compare;

use crate::device::{Device, DeviceState, RowContext, Source};
use crate::id::DeviceId;
use crate::identity::{IdentityKey, KeyKind};
use crate::inbox::OnConflict;
use crate::outcome::Outcome;
use crate::party::Registrant;
use crate::record::Record;

/// How many identities one device can have; with its device each is an action of a release, which is one transaction.
pub const MAX_KEYS: usize = 32;

/// What to do for a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Nobody holds its identities: a new device.
    Insert(Box<Device>),
    /// Nothing is written.
    Leave(Left),
    /// The device becomes this; `new_keys` are claimed for it.
    Update(Box<Change>),
}

/// Why nothing is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The outcome of the row.
    pub outcome: Outcome,
    /// The device, where the caller may know it.
    pub device: Option<DeviceId>,
    /// The row that stands for the same device, for [`Outcome::DuplicateInUpload`].
    pub other: Option<Source>,
    /// What a person should know beyond the outcome's meaning.
    pub detail: Option<String>,
}

/// A change of a device, and the devices that turned out to be the same one.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The device as it shall be; its version is one more than the one that was seen.
    pub device: Device,
    /// Keys that nobody held.
    pub new_keys: Vec<IdentityKey>,
    /// Devices that end as `merged`, as they were seen; their keys are claimed for `device`.
    pub absorbed: Vec<Device>,
}

impl Left {
    fn new(outcome: Outcome, device: impl Into<Option<DeviceId>>) -> Decision {
        Decision::Leave(Self { outcome, device: device.into(), other: None, detail: None })
    }

    fn ambiguous(detail: impl Into<String>) -> Decision {
        Decision::Leave(Self { outcome: Outcome::Ambiguous, device: None, other: None, detail: Some(detail.into()) })
    }
}

/// Decides about a row. `holders` are the registered devices that hold a key of the record, each once.
#[must_use]
pub fn decide(record: &Record, context: &RowContext<'_>, holders: &[Device]) -> Decision {
    let mut holders: Vec<&Device> = holders.iter().filter(|d| d.state == DeviceState::Registered).collect();
    holders.sort_by_key(|d| (d.registered_at, d.id));
    let Some(oldest) = holders.first().copied() else {
        return Decision::Insert(Box::new(Device::new(record, context)));
    };
    if holders.iter().any(|d| d.tenant != context.tenant) {
        return Left::new(Outcome::OwnedByOtherTenant, None);
    }
    if let Some(other) = holders.iter().map(|d| d.last_source()).find(|s| is_other_row(s, record, context)) {
        let other = Some(other.clone());
        return Decision::Leave(Left { outcome: Outcome::DuplicateInUpload, device: Some(oldest.id), other, detail: None });
    }
    if matches!(context.registrant, Registrant::Partner(_)) && holders.iter().any(|d| d.registrant == Registrant::Tenant) {
        return Left::new(Outcome::Unchanged, None);
    }
    if let Some(detail) = holders.iter().find_map(|d| conflict(record, d)) {
        return Left::ambiguous(detail);
    }
    let pairs = holders.iter().enumerate().flat_map(|(at, a)| holders.iter().skip(at + 1).map(move |b| (a, b)));
    if let Some(detail) = pairs.into_iter().find_map(|(a, b)| devices_conflict(a, b)) {
        return Left::ambiguous(detail);
    }
    change(record, context, oldest, &holders)
}

fn is_other_row(source: &Source, record: &Record, context: &RowContext<'_>) -> bool {
    source.upload == *context.upload && source.place.row != record.place.row
}

/// A key that is held by a device which the matcher vetoes is a conflict, never a second holder.
fn conflict(record: &Record, device: &Device) -> Option<String> {
    if let (Some(new), Some(old)) = (&record.components, &device.components) {
        let verdict = compare(new, old);
        if let Some(veto) = verdict.veto {
            return Some(format!("the row shares an identity with device {}, but its hardware is another: {veto}", device.id));
        }
    }
    keys_conflict(&record.keys, &device.keys)
        .map(|kind| format!("the row shares an identity with device {}, but its {} differs", device.id, kind.name()))
}

fn devices_conflict(a: &Device, b: &Device) -> Option<String> {
    let hardware = match (&a.components, &b.components) {
        (Some(x), Some(y)) => compare(x, y).veto.is_some(),
        _ => false,
    };
    (hardware || keys_conflict(&a.keys, &b.keys).is_some())
        .then(|| format!("the row joins device {} and device {}, whose hardware differs", a.id, b.id))
}

/// The kind of key that tells two devices apart: different endorsement keys, or without those different PKIDs.
fn keys_conflict(a: &[IdentityKey], b: &[IdentityKey]) -> Option<KeyKind> {
    let of = |keys: &[IdentityKey], kind| keys.iter().copied().filter(|k| k.kind() == kind).collect::<Vec<_>>();
    for kind in [KeyKind::EndorsementKey, KeyKind::Pkid] {
        let (x, y) = (of(a, kind), of(b, kind));
        if !x.is_empty() && !y.is_empty() {
            return (!x.iter().any(|k| y.contains(k))).then_some(kind);
        }
    }
    None
}

fn change(record: &Record, context: &RowContext<'_>, oldest: &Device, holders: &[&Device]) -> Decision {
    let absorbed: Vec<Device> = holders.iter().skip(1).map(|d| (*d).clone()).collect();
    let mut device = oldest.clone();
    for other in &absorbed {
        device.keys.extend(&other.keys);
        fill(&mut device, other.serial.as_ref(), other.manufacturer.as_ref(), other.model.as_ref(), other.pkid.as_ref());
        device.group_tag = device.group_tag.or_else(|| other.group_tag.clone());
        device.assigned_user = device.assigned_user.or_else(|| other.assigned_user.clone());
        device.components = device.components.or_else(|| other.components.clone());
    }
    device.keys.extend(&record.keys);
    device.keys.sort_unstable();
    device.keys.dedup();
    if device.keys.len() > MAX_KEYS {
        return Left::ambiguous(format!("device {} would have more than {MAX_KEYS} identities", device.id));
    }
    let held = |key: &&IdentityKey| holders.iter().any(|d| d.keys.contains(key));
    let new_keys: Vec<IdentityKey> = device.keys.iter().filter(|k| !held(k)).copied().collect();
    fill(&mut device, record.serial.as_ref(), record.manufacturer.as_ref(), record.model.as_ref(), record.pkid.as_ref());
    if context.on_conflict == OnConflict::Update {
        let default_tag = context.group_tag.map(str::to_owned);
        device.group_tag = record.group_tag.clone().or(default_tag).or(device.group_tag);
        device.assigned_user = record.assigned_user.clone().or(device.assigned_user);
    }
    if let Some(new) = &record.components
        && device.components.as_ref().is_none_or(|old| old == new || compare(old, new).matched)
    {
        device.components = Some(new.clone());
    }
    if device == *oldest && absorbed.is_empty() {
        return Left::new(Outcome::Unchanged, oldest.id);
    }
    device.version += 1;
    device.changed_at = context.now;
    device.changed_by = Some(Source { upload: context.upload.clone(), place: record.place });
    Decision::Update(Box::new(Change { device, new_keys, absorbed }))
}

/// Fills what is missing; never replaces what is there.
fn fill(
    device: &mut Device,
    serial: Option<&String>,
    manufacturer: Option<&String>,
    model: Option<&String>,
    pkid: Option<&crate::identity::Pkid>,
) {
    device.serial = device.serial.take().or_else(|| serial.cloned());
    device.manufacturer = device.manufacturer.take().or_else(|| manufacturer.cloned());
    device.model = device.model.take().or_else(|| model.cloned());
    device.pkid = device.pkid.take().or_else(|| pkid.cloned());
}
