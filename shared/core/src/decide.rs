//! What registering a row does, given the devices that hold its identities. Pure: the store carries it out and makes
//! it conditional on what was seen here.

mod board;
mod catalogue;

use hardware_hash::{Components, compare};

use crate::device::{Device, DeviceState, RowContext, Source};
use crate::id::{DeviceId, PartnerId};
use crate::identity::{IdentityKey, KeyKind, Pkid};
use crate::inbox::OnConflict;
use crate::outcome::Outcome;
use crate::party::Registrant;
use crate::record::Record;
use crate::repair::Remediation;

pub use catalogue::{complete, led};
pub(crate) use catalogue::{contradicts, one_device};

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
    /// The row fails, and the device is marked: its board was replaced.
    Mark(Box<Marking>),
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
    /// The device as it was seen.
    pub before: Device,
    /// The row that changes it.
    pub row: Source,
    /// Keys that nobody held.
    pub new_keys: Vec<IdentityKey>,
    /// Keys that it gives up: those of a board that was replaced.
    pub freed_keys: Vec<IdentityKey>,
    /// Devices that end as `merged`, as they were seen; their keys are claimed for `device`.
    pub absorbed: Vec<Device>,
    /// The row of the same upload that stands for the device. The row is a duplicate of that one then, and only adds
    /// what was not known.
    pub duplicate_of: Option<Source>,
    /// The manufacturer whose catalogue knew more of the device. No row of an upload of the tenant's changes it then.
    pub catalogued_by: Option<PartnerId>,
}

/// A device that a row showed to have another board.
#[derive(Debug, Clone, PartialEq)]
pub struct Marking {
    /// The device with what it needs now; its version is one more than the one that was seen.
    pub device: Device,
    /// The device as it was seen.
    pub before: Device,
    /// The row that showed it. It does not stand for the device.
    pub row: Source,
    /// What the row is told: it is [`Outcome::Ambiguous`].
    pub detail: String,
}

fn leave(outcome: Outcome, device: impl Into<Option<DeviceId>>) -> Decision {
    Decision::Leave(Left {
        outcome,
        device: device.into(),
        other: None,
        detail: None,
    })
}

fn ambiguous(detail: String) -> Decision {
    Decision::Leave(Left {
        outcome: Outcome::Ambiguous,
        device: None,
        other: None,
        detail: Some(detail),
    })
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
        return leave(Outcome::OwnedByOtherTenant, None);
    }
    if matches!(context.registrant, Registrant::Partner(_))
        && holders.iter().any(|d| d.registrant == Registrant::Tenant)
    {
        return leave(Outcome::Unchanged, None);
    }
    let row = Side::of_row(record);
    // First what contradicts the row itself: it may show a device on another one's board.
    for device in &holders {
        if let Some(why) = contradiction(row, Side::of(device)) {
            return board::contradicted(record, context, &holders, device, &why);
        }
    }
    for (at, device) in holders.iter().enumerate() {
        for other in holders.iter().skip(at + 1) {
            if let Some(why) = contradiction(Side::of(device), Side::of(other)) {
                return ambiguous(format!(
                    "the row joins device {} and device {}, but {why}",
                    device.id, other.id
                ));
            }
        }
    }
    let mut sources = holders.iter().map(|d| d.last_source());
    let twin = sources.find(|source| is_other_row(source, record, context));
    change(record, context, oldest, &holders, twin)
}

/// Why two rows of a list that share an identity cannot be one device.
pub(crate) fn rows_contradict(a: &Record, b: &Record) -> Option<String> {
    contradiction(Side::of_row(a), Side::of_row(b))
}

/// Why a row or a capture cannot be a device.
pub(crate) fn device_contradicts(record: &Record, device: &Device) -> Option<String> {
    contradiction(Side::of_row(record), Side::of(device))
}

fn is_other_row(source: &Source, record: &Record, context: &RowContext<'_>) -> bool {
    source.upload == *context.upload && source.place.row != record.place.row
}

/// What is compared of a row or a device.
#[derive(Clone, Copy)]
struct Side<'a> {
    keys: &'a [IdentityKey],
    components: Option<&'a Components>,
}

impl<'a> Side<'a> {
    fn of_row(record: &'a Record) -> Self {
        Self {
            keys: &record.keys,
            components: record.components.as_ref(),
        }
    }

    fn of(device: &'a Device) -> Self {
        Self {
            keys: &device.keys,
            components: device.components.as_ref(),
        }
    }
}

/// Why the two cannot be one device: the matcher's veto, or the strongest kind of key that both have and share none of.
/// Names may change where the matcher knows the hardware again.
fn contradiction(a: Side<'_>, b: Side<'_>) -> Option<String> {
    let verdict = a.components.zip(b.components).map(|(x, y)| compare(x, y));
    if let Some(veto) = verdict.as_ref().and_then(|v| v.veto) {
        return Some(veto.to_string());
    }
    let same_hardware = verdict.is_some_and(|v| v.matched);
    for kind in [KeyKind::EndorsementKey, KeyKind::Pkid, KeyKind::Tuple] {
        let of = |keys: &[IdentityKey]| keys.iter().copied().filter(|k| k.kind() == kind).collect::<Vec<_>>();
        let (x, y) = (of(a.keys), of(b.keys));
        if !x.is_empty() && !y.is_empty() {
            let same = x.iter().any(|k| y.contains(k)) || (kind == KeyKind::Tuple && same_hardware);
            return (!same).then(|| format!("they differ in the {}", kind.name()));
        }
    }
    None
}

/// What the row changes. Where another row of the upload (`twin`) stands for the device, it adds what was not known, so
/// that the same list once more finds nothing to add; what the two say differently stays as that other row said it.
fn change(
    record: &Record,
    context: &RowContext<'_>,
    oldest: &Device,
    holders: &[&Device],
    twin: Option<&Source>,
) -> Decision {
    let absorbed: Vec<Device> = holders.iter().skip(1).map(|d| (*d).clone()).collect();
    let mut device = oldest.clone();
    for other in &absorbed {
        device.keys.extend(&other.keys);
        device.absorbed.extend(other.ids());
        fill(
            &mut device,
            other.serial.as_ref(),
            other.manufacturer.as_ref(),
            other.model.as_ref(),
            other.pkid.as_ref(),
        );
        device.group_tag = device.group_tag.or_else(|| other.group_tag.clone());
        if device.assigned_user.is_none() {
            device.assigned_user.clone_from(&other.assigned_user);
            device.addressable_user_name.clone_from(&other.addressable_user_name);
        }
        device.display_name = device.display_name.or_else(|| other.display_name.clone());
        device.purchase_order = device.purchase_order.or_else(|| other.purchase_order.clone());
        device.remediation = device.remediation.or_else(|| other.remediation.clone());
        device.components = device.components.or_else(|| other.components.clone());
        if other.registrant == Registrant::Tenant && device.registrant != Registrant::Tenant {
            // Otherwise a partner would see, and could change, what the tenant registered itself.
            device.registrant = Registrant::Tenant;
            device.channel = other.channel;
        }
    }
    device.keys.extend(&record.keys);
    device.keys.sort_unstable();
    device.keys.dedup();
    if device.keys.len() > MAX_KEYS {
        return ambiguous(format!(
            "device {} would have more than {MAX_KEYS} identities",
            device.id
        ));
    }
    let held = |key: &&IdentityKey| holders.iter().any(|d| d.keys.contains(key));
    let new_keys: Vec<IdentityKey> = device.keys.iter().filter(|k| !held(k)).copied().collect();
    fill(
        &mut device,
        record.serial.as_ref(),
        record.manufacturer.as_ref(),
        record.model.as_ref(),
        record.pkid.as_ref(),
    );
    if twin.is_none() {
        take_tags(&mut device, record, context);
    }
    if let Some(new) = &record.components
        && device
            .components
            .as_ref()
            .is_none_or(|old| twin.is_none() && (old == new || compare(old, new).matched))
    {
        device.components = Some(new.clone());
        if twin.is_none() && device.remediation.as_ref().is_some_and(Remediation::is_open) {
            device.remediation = Some(Remediation::done(context.now));
        }
    }
    if device == *oldest && absorbed.is_empty() {
        let Some(twin) = twin else {
            return leave(Outcome::Unchanged, oldest.id);
        };
        return Decision::Leave(Left {
            outcome: Outcome::DuplicateInUpload,
            device: Some(oldest.id),
            other: Some(twin.clone()),
            detail: None,
        });
    }
    device.version += 1;
    device.changed_at = context.now;
    let row = Source {
        upload: context.upload.clone(),
        place: record.place,
    };
    // That other row goes on to stand for the device, so that a repeat of this one is again its duplicate.
    let stands = twin.unwrap_or(&row).clone();
    device.changed_by = (twin.is_none() || stands != device.source).then_some(stands);
    Decision::Update(Box::new(Change {
        device,
        before: oldest.clone(),
        row,
        new_keys,
        freed_keys: Vec::new(),
        absorbed,
        duplicate_of: twin.cloned(),
        catalogued_by: None,
    }))
}

/// Takes over group tag and assigned user, where rows may set them. An empty cell clears nothing.
fn take_tags(device: &mut Device, record: &Record, context: &RowContext<'_>) {
    if context.on_conflict == OnConflict::Update {
        let default_tag = context.group_tag.map(str::to_owned);
        device.group_tag = record.group_tag.clone().or(default_tag).or(device.group_tag.take());
        if record.assigned_user.is_some() && record.assigned_user != device.assigned_user {
            device.assigned_user.clone_from(&record.assigned_user);
            device.addressable_user_name = None;
        }
    }
}

/// Fills what is missing; never replaces what is there.
fn fill(
    device: &mut Device,
    serial: Option<&String>,
    manufacturer: Option<&String>,
    model: Option<&String>,
    pkid: Option<&Pkid>,
) {
    device.serial = device.serial.take().or_else(|| serial.cloned());
    device.manufacturer = device.manufacturer.take().or_else(|| manufacturer.cloned());
    device.model = device.model.take().or_else(|| model.cloned());
    device.pkid = device.pkid.take().or_else(|| pkid.cloned());
}

#[cfg(test)]
mod tests;
