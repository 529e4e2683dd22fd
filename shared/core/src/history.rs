//! What became of a device: one entry for each version after the first, which follows from the device's source.

use hardware_hash::Components;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::device::{Device, DeviceState, Source};
use crate::id::{DeviceId, PartnerId};
use crate::identity::IdentityKey;
use crate::party::Registrant;
use crate::profile::Profile;

/// How many characters of a requester's name are kept.
const MAX_SUBJECT: usize = 256;

/// Somebody who asks for a change by hand, and in whose name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Requester {
    /// Who it is, in the words of whoever vouches for it.
    pub subject: String,
    /// The tenant itself, or a partner. A partner changes only devices that partners registered.
    pub party: Registrant,
}

impl Requester {
    /// Somebody of this party; of a very long name the first characters are kept.
    #[must_use]
    pub fn new(subject: &str, party: Registrant) -> Self {
        Self {
            subject: subject.chars().take(MAX_SUBJECT).collect(),
            party,
        }
    }

    /// Whether this device is one that it may know of, once it is of the right tenant.
    #[must_use]
    pub fn may_know(&self, device: &Device) -> bool {
        self.party == Registrant::Tenant || device.is_of_partners()
    }

    /// Whether this profile is one that it may know of, once it is of the right tenant.
    #[must_use]
    pub fn may_know_profile(&self, profile: &Profile) -> bool {
        self.party == Registrant::Tenant || profile.is_of_partners()
    }
}

/// Who changed a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Author {
    /// Somebody by hand.
    Requester(Requester),
    /// A row of an upload.
    Row(Source),
    /// A manufacturer's catalogue, which knew more of the device than was known.
    Catalogue(PartnerId),
}

/// What happened to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// It was registered: its first version.
    Registered,
    /// Something of it changed.
    Updated,
    /// Its board was replaced, and the new parts became its own.
    Rebound,
    /// Its association with the tenant ended.
    Released,
    /// It turned out to be another device, which lives on.
    Merged,
}

impl Event {
    /// All events.
    pub const ALL: [Self; 5] = [
        Self::Registered,
        Self::Updated,
        Self::Rebound,
        Self::Released,
        Self::Merged,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Updated => "updated",
            Self::Rebound => "rebound",
            Self::Released => "released",
            Self::Merged => "merged",
        }
    }
}

/// A value that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// Its name, as the device's JSON has it; `hardware` for what the matcher compares, which is not told.
    pub field: String,
    /// What it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// Parts of a device that were replaced, as digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplacedParts {
    /// The identities that it gave up.
    pub keys: Vec<IdentityKey>,
    /// What the matcher compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Components>,
}

/// How a version of a device came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceChange {
    /// The version.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// Who did it.
    pub by: Author,
    /// What changed; a key that was added is one change, `keys`, without an old value. Keys that were given up are one
    /// change together, without values.
    pub fields: Vec<FieldChange>,
    /// Why, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The parts that were replaced. Nobody is told more of them than that they changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<ReplacedParts>,
    /// The devices that turned out to be this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absorbed: Vec<DeviceId>,
}

impl DeviceChange {
    /// How `new` came of `old`.
    #[must_use]
    pub fn between(old: &Device, new: &Device, by: Author) -> Self {
        let given_up = given_up(old, new);
        let event = match (old.state, new.state) {
            (DeviceState::Registered, DeviceState::Released) => Event::Released,
            (DeviceState::Registered, DeviceState::Merged) => Event::Merged,
            _ if given_up.is_empty() => Event::Updated,
            _ => Event::Rebound,
        };
        let replaced = (event == Event::Rebound).then(|| ReplacedParts {
            keys: given_up,
            components: old.components.clone(),
        });
        Self {
            version: new.version,
            at: new.changed_at,
            event,
            by,
            fields: fields(old, new),
            reason: None,
            replaced,
            absorbed: Vec::new(),
        }
    }

    /// The first version of a device, which no entry is kept of.
    #[must_use]
    pub fn first(device: &Device) -> Self {
        Self {
            version: 1,
            at: device.registered_at,
            event: Event::Registered,
            by: Author::Row(device.source.clone()),
            fields: Vec::new(),
            reason: None,
            replaced: None,
            absorbed: Vec::new(),
        }
    }
}

/// The identities that a device has no longer.
fn given_up(old: &Device, new: &Device) -> Vec<IdentityKey> {
    let gone = old.keys.iter().filter(|key| !new.keys.contains(key));
    gone.copied().collect()
}

fn fields(old: &Device, new: &Device) -> Vec<FieldChange> {
    let party = |registrant: &Registrant| Some(registrant.partner().map_or("tenant", |id| id.as_str()).to_owned());
    let pkid = |device: &Device| device.pkid.as_ref().map(|pkid| pkid.as_str().to_owned());
    let remediation = |device: &Device| {
        let state = device.remediation.as_ref().map(|seen| seen.state);
        text(state.unwrap_or_default().as_str())
    };
    let merged = |device: &Device| device.merged_into.map(|id| id.to_string());
    let values = [
        ("state", text(old.state.as_str()), text(new.state.as_str())),
        ("registrant", party(&old.registrant), party(&new.registrant)),
        ("channel", text(old.channel.as_str()), text(new.channel.as_str())),
        ("serial", old.serial.clone(), new.serial.clone()),
        ("manufacturer", old.manufacturer.clone(), new.manufacturer.clone()),
        ("model", old.model.clone(), new.model.clone()),
        ("pkid", pkid(old), pkid(new)),
        ("groupTag", old.group_tag.clone(), new.group_tag.clone()),
        ("assignedUser", old.assigned_user.clone(), new.assigned_user.clone()),
        (
            "addressableUserName",
            old.addressable_user_name.clone(),
            new.addressable_user_name.clone(),
        ),
        ("displayName", old.display_name.clone(), new.display_name.clone()),
        ("purchaseOrder", old.purchase_order.clone(), new.purchase_order.clone()),
        ("mergedInto", merged(old), merged(new)),
        ("remediationState", remediation(old), remediation(new)),
    ];
    let change = |field: &str, old, new| FieldChange {
        field: field.to_owned(),
        old,
        new,
    };
    let differing = values.into_iter().filter(|(_, old, new)| old != new);
    let mut changes: Vec<FieldChange> = differing.map(|(field, old, new)| change(field, old, new)).collect();
    let given_up = !given_up(old, new).is_empty();
    // The key of a board that was replaced is one of its parts.
    for change in changes.iter_mut().filter(|change| given_up && change.field == "pkid") {
        change.old = None;
    }
    let added = new.keys.iter().filter(|key| !old.keys.contains(key));
    changes.extend(added.map(|key| change("keys", None, Some(key.to_string()))));
    if given_up {
        changes.push(change("keys", None, None));
    }
    if old.components != new.components {
        changes.push(change("hardware", None, None));
    }
    changes
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Channel;
    use crate::device::RowContext;
    use crate::id::UploadId;
    use crate::inbox::OnConflict;
    use crate::record::{Place, Record};

    fn device() -> Device {
        let place = Place {
            row: 3,
            line: 4,
            offset: 90,
            len: 30,
        };
        let record = Record {
            place,
            serial: Some("S1".to_owned()),
            manufacturer: None,
            model: None,
            pkid: None,
            group_tag: Some("Sales".to_owned()),
            assigned_user: None,
            keys: vec![IdentityKey::tuple("a", "b", "c")],
            components: None,
            notices: Vec::new(),
        };
        let context = RowContext {
            upload: &UploadId::of_object("b", "k", "1"),
            tenant: crate::id::TenantId::of_name("Fabrikam"),
            registrant: &Registrant::Tenant,
            channel: Channel::Intune,
            group_tag: None,
            on_conflict: OnConflict::Update,
            now: Timestamp::UNIX_EPOCH,
        };
        Device::new(&record, &context)
    }

    fn by() -> Author {
        Author::Requester(Requester::new("ada", Registrant::Tenant))
    }

    #[test]
    fn a_change_tells_old_and_new_of_what_differs_and_of_nothing_else() {
        let old = device();
        let mut new = old.clone();
        new.version = 2;
        new.group_tag = None;
        new.display_name = Some("LAPTOP-1".to_owned());
        new.keys.push(IdentityKey::tuple("a", "b", "d"));
        let change = DeviceChange::between(&old, &new, by());
        let told: Vec<(&str, Option<&str>, Option<&str>)> = change
            .fields
            .iter()
            .map(|f| (f.field.as_str(), f.old.as_deref(), f.new.as_deref()))
            .collect();
        let added = IdentityKey::tuple("a", "b", "d").to_string();
        assert_eq!(
            told,
            [
                ("groupTag", Some("Sales"), None),
                ("displayName", None, Some("LAPTOP-1")),
                ("keys", None, Some(added.as_str())),
            ]
        );
        assert_eq!((change.version, change.event), (2, Event::Updated));
        assert!(DeviceChange::between(&old, &old, by()).fields.is_empty());
    }

    #[test]
    fn of_parts_that_were_replaced_only_is_told_that_they_changed() {
        let mut old = device();
        old.keys.push(IdentityKey::endorsement_key(&[1; 32]));
        old.pkid = Some("3303012345678".parse().unwrap());
        let mut new = old.clone();
        new.keys = vec![old.keys[0], IdentityKey::endorsement_key(&[2; 32])];
        new.pkid = Some("3303012345679".parse().unwrap());
        let change = DeviceChange::between(&old, &new, by());
        assert_eq!(change.event, Event::Rebound);
        assert_eq!(change.replaced.unwrap().keys, [IdentityKey::endorsement_key(&[1; 32])]);
        assert!(change.fields.iter().all(|field| field.old.is_none()));
        let told: Vec<(&str, Option<&str>)> = change
            .fields
            .iter()
            .map(|f| (f.field.as_str(), f.new.as_deref()))
            .collect();
        let added = IdentityKey::endorsement_key(&[2; 32]).to_string();
        assert_eq!(
            told,
            [
                ("pkid", Some("3303012345679")),
                ("keys", Some(added.as_str())),
                ("keys", None)
            ]
        );
    }

    #[test]
    fn the_end_of_a_device_is_an_event_of_its_own() {
        let old = device();
        for (state, event) in [
            (DeviceState::Released, Event::Released),
            (DeviceState::Merged, Event::Merged),
            (DeviceState::Registered, Event::Updated),
        ] {
            let new = Device { state, ..old.clone() };
            assert_eq!(DeviceChange::between(&old, &new, by()).event, event);
        }
        assert_eq!(DeviceChange::first(&old).by, Author::Row(old.source.clone()));
    }

    #[test]
    fn names_on_the_wire_are_those_of_the_code() {
        for event in Event::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
        }
        for state in [DeviceState::Registered, DeviceState::Released, DeviceState::Merged] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }

    #[test]
    fn a_partner_knows_of_what_partners_registered() {
        let own = device();
        let mut of_partner = device();
        of_partner.registrant = Registrant::Partner("contoso".parse().unwrap());
        let tenant = Requester::new("ada", Registrant::Tenant);
        let partner = Requester::new(&"x".repeat(999), Registrant::Partner("adatum".parse().unwrap()));
        assert_eq!(partner.subject.len(), MAX_SUBJECT);
        assert!(tenant.may_know(&own) && tenant.may_know(&of_partner));
        assert!(!partner.may_know(&own) && partner.may_know(&of_partner));
    }
}
