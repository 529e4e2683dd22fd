//! The keys of `docs/data-model.md`, each in one place.

mod kind;

use muster_core::Timestamp;
use muster_core::catalogue::EntryId;
use muster_core::device::DeviceState;
use muster_core::grant::GrantPin;
use muster_core::id::{AnnouncementId, DeviceId, ImportId, PartnerId, ProfileId, TenantId, UploadId};
use muster_core::identity::IdentityKey;
use muster_core::party::Registrant;
use sha2::Digest as _;
use uuid::Uuid;

use crate::uploads::Due;

pub(crate) use kind::{Kind, parse};

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    pub(crate) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }
}

/// A grant has one head and this many shards. A write checks one shard; more shards, fewer conflicts between batches.
pub(crate) const GRANT_SHARDS: u32 = 8;
/// The list of a tenant's devices is spread over this many index partitions, each good for 1,000 writes a second.
pub(crate) const LIST_SHARDS: u32 = 8;
/// The index of due checks is spread likewise.
pub(crate) const DUE_SHARDS: u32 = 4;

/// Who holds a grant, in keys: the partner's id, or `-` for the tenant itself.
pub(crate) fn holder(registrant: &Registrant) -> &str {
    registrant.partner().map_or("-", PartnerId::as_str)
}

pub(crate) fn tenant(id: TenantId) -> Key {
    Key::new(format!("TENANT#{id}"), "TENANT")
}

/// Makes a tenant's name unique without regard to case.
pub(crate) fn tenant_name(name: &str) -> Key {
    Key::new(format!("TENANTNAME#{}", name.to_lowercase()), "NAME")
}

pub(crate) fn partner(id: &PartnerId) -> Key {
    Key::new(format!("PARTNER#{id}"), "PARTNER")
}

/// A partner's own pointer to a grant, so that its grants can be listed.
pub(crate) fn partner_grant(id: &PartnerId, tenant: TenantId) -> Key {
    Key::new(format!("PARTNER#{id}"), format!("GRANT#{tenant}"))
}

pub(crate) fn grant(tenant: TenantId, registrant: &Registrant) -> Key {
    Key::new(format!("GRANT#{tenant}#{}", holder(registrant)), "HEAD")
}

/// An entry about a decision, in the partition of the grant's head; `version`: the head's since then. The time tells it
/// from one about a head that was lost.
pub(crate) fn consent_change(tenant: TenantId, partner: &PartnerId, version: u64, at: Timestamp) -> Key {
    let millis = at.as_millisecond().max(0);
    Key::new(
        format!("GRANT#{tenant}#{partner}"),
        format!("{CONSENT_CHANGES}{version:012}#{millis:015}"),
    )
}

/// What the sort keys of entries about decisions begin with.
pub(crate) const CONSENT_CHANGES: &str = "CHANGE#";

/// Index partition of a tenant's entries about decisions.
pub(crate) fn consent_change_list(tenant: TenantId) -> String {
    format!("T#{tenant}#CONSENT_CHANGES")
}

/// What the directory says of a partner.
pub(crate) fn listing(id: &PartnerId) -> Key {
    Key::new(format!("PARTNER#{id}"), "LISTING")
}

/// Index partition of the directory.
pub(crate) const DIRECTORY: &str = "DIRECTORY";

/// A shard of a grant. Each has a partition of its own.
pub(crate) fn grant_shard(tenant: TenantId, registrant: &Registrant, shard: u32) -> Key {
    Key::new(format!("GRANT#{tenant}#{}#{shard}", holder(registrant)), "SHARD")
}

pub(crate) fn pinned_shard(pin: &GrantPin, shard: u32) -> Key {
    grant_shard(pin.tenant, &pin.registrant, shard)
}

pub(crate) fn device(id: DeviceId) -> Key {
    Key::new(format!("DEVICE#{id}"), "DEVICE")
}

/// How a version of a device came to be, beside the device.
pub(crate) fn device_change(id: DeviceId, version: u64) -> Key {
    Key::new(format!("DEVICE#{id}"), format!("{DEVICE_CHANGES}{version:012}"))
}

/// What the sort keys of a device's changes begin with.
pub(crate) const DEVICE_CHANGES: &str = "CHANGE#";

/// When a device showed itself, and what it was told. In a partition of its own: whoever serves devices that boot writes
/// these, and no device.
pub(crate) fn contact(id: DeviceId) -> Key {
    Key::new(format!("CONTACT#{id}"), "CONTACT")
}

/// A device's place on a list of a profile. Not beside the device: who takes devices off lists shall have no right to delete
/// devices.
pub(crate) fn device_profile(device: DeviceId, profile: ProfileId) -> Key {
    Key::new(device_profiles(device), format!("PROFILE#{profile}"))
}

/// Partition of a device's places on lists of profiles.
pub(crate) fn device_profiles(device: DeviceId) -> String {
    format!("DEVICEPROFILES#{device}")
}

/// Index partition of the devices that a profile names.
pub(crate) fn profile_devices(profile: ProfileId) -> String {
    format!("PROFILE#{profile}#DEVICES")
}

/// A profile. All of a tenant's are in one partition.
pub(crate) fn profile(tenant: TenantId, id: ProfileId) -> Key {
    Key::new(format!("PROFILES#{tenant}"), format!("PROFILE#{id}"))
}

/// The rules of a tenant's profiles.
pub(crate) fn profile_rules(tenant: TenantId) -> Key {
    Key::new(format!("PROFILES#{tenant}"), "RULES")
}

pub(crate) fn claim(key: IdentityKey) -> Key {
    Key::new(format!("CLAIM#{key}"), "CLAIM")
}

/// An entry of a catalogue.
pub(crate) fn entry(id: EntryId) -> Key {
    Key::new(format!("ENTRY#{id}"), "ENTRY")
}

/// Which entries an identity leads to.
pub(crate) fn known(key: IdentityKey) -> Key {
    Key::new(format!("KNOWN#{key}"), "KNOWN")
}

/// The identity that such an item is of.
pub(crate) fn known_key(item: &crate::item::Attributes) -> Option<IdentityKey> {
    item.get("pk")?.as_s().ok()?.strip_prefix("KNOWN#")?.parse().ok()
}

/// Index partition of a manufacturer's entries.
pub(crate) fn entry_list(partner: &PartnerId, shard: u32) -> String {
    format!("CATALOGUE#{partner}#{shard}")
}

pub(crate) fn upload(id: &UploadId) -> Key {
    Key::new(format!("UPLOAD#{id}"), "UPLOAD")
}

/// The upload that an item is of.
pub(crate) fn upload_of(item: &crate::item::Attributes) -> Option<UploadId> {
    item.get("pk")?.as_s().ok()?.strip_prefix("UPLOAD#")?.parse().ok()
}

/// Cuts of an upload, from batch `first` on.
pub(crate) fn cuts(id: &UploadId, first: u32) -> Key {
    Key::new(format!("UPLOAD#{id}"), format!("CUTS#{first:08}"))
}

/// Which batches of a group are done.
pub(crate) fn progress(id: &UploadId, group: u32) -> Key {
    Key::new(format!("UPLOAD#{id}"), format!("PROGRESS#{group:06}"))
}

/// The outcomes of a slice, in the partition of its batch.
pub(crate) fn receipt(id: &UploadId, batch: u32, first_row: u64) -> Key {
    Key::new(receipts(id, batch), format!("RECEIPT#{first_row:012}"))
}

/// The partition of a batch's receipts.
pub(crate) fn receipts(id: &UploadId, batch: u32) -> String {
    format!("BATCH#{id}#{batch:08}")
}

/// Index partition of a tenant's devices in this state.
pub(crate) fn device_list(tenant: TenantId, state: DeviceState, shard: u32) -> String {
    let list = match state {
        DeviceState::Registered => "DEVICES",
        DeviceState::Released => "RELEASED",
        DeviceState::Merged => "MERGED",
    };
    format!("T#{tenant}#{list}#{shard}")
}

/// Index partition of a tenant's uploads.
pub(crate) fn upload_list(tenant: TenantId) -> String {
    format!("T#{tenant}#UPLOADS")
}

/// Index partition of uploads that were refused before their tenant was known.
pub(crate) const STRAY_UPLOAD_LIST: &str = "T#-#UPLOADS";

/// Index partition of all tenants.
pub(crate) const TENANT_LIST: &str = "TENANTS";

/// Index partition of all partners.
pub(crate) const PARTNER_LIST: &str = "PARTNERS";

/// What the sort keys of a partner's pointers to its grants begin with.
pub(crate) const PARTNER_GRANTS: &str = "GRANT#";

/// Index partition of a tenant's grants.
pub(crate) fn grant_list(tenant: TenantId) -> String {
    format!("T#{tenant}#GRANTS")
}

/// A spread of items over `shards` partitions by their text: FNV-1a, which needs no secrecy, only to stay the same.
pub(crate) fn shard_of(text: &str, shards: u32) -> u32 {
    let hash = text
        .bytes()
        .fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    hash % shards
}

/// Index partition for due checks of an item.
pub(crate) fn due_list(shard: u32) -> String {
    format!("DUE#{shard}")
}

/// Partition of objects in the inbox that are no upload.
pub(crate) const STRAYS: &str = "STRAYS";

/// A partner's device batch for a tenant.
pub(crate) fn device_batch(tenant: TenantId, partner: &PartnerId, name: &str) -> Key {
    Key::new(device_batches(tenant, partner), format!("{DEVICE_BATCH_NAMES}{name}"))
}

/// What became of an update of policies that a partner sent for a tenant.
pub(crate) fn policy_update(tenant: TenantId, partner: &PartnerId, id: Uuid) -> Key {
    Key::new(device_batches(tenant, partner), format!("UPDATE#{id}"))
}

/// Partition of a partner's device batches for a tenant.
pub(crate) fn device_batches(tenant: TenantId, partner: &PartnerId) -> String {
    format!("DEVICEBATCH#{tenant}#{partner}")
}

/// What the sort keys of device batches begin with.
pub(crate) const DEVICE_BATCH_NAMES: &str = "BATCH#";

/// An upload that was announced.
pub(crate) fn announcement(id: &AnnouncementId) -> Key {
    Key::new(format!("ANNOUNCEMENT#{id}"), "ANNOUNCEMENT")
}

/// A request that came with an idempotency key, by its digest in hexadecimal digits.
pub(crate) fn idempotency(digest: &str) -> Key {
    Key::new(format!("IDEMPOTENCY#{digest}"), "IDEMPOTENCY")
}

/// What a request with an idempotency key resolved before it changed anything, by its seed's digest.
pub(crate) fn resolved(digest: &str) -> Key {
    Key::new(format!("IDEMPOTENCY#{digest}"), "RESOLVED")
}

/// A nonce, as it was given out.
pub(crate) fn nonce(text: &str) -> Key {
    Key::new(format!("NONCE#{text}"), "NONCE")
}

/// How often a source asked within a stretch of time; `source`: its digest in hexadecimal digits.
pub(crate) fn rate(source: &str, stretch: i64) -> Key {
    Key::new(format!("RATE#{source}#{stretch}"), "RATE")
}

/// A row of a tenant's queue of imports.
pub(crate) fn import(tenant: TenantId, id: ImportId) -> Key {
    Key::new(imports(tenant), format!("{IMPORT}{id}"))
}

/// Partition of a tenant's queue of imports.
pub(crate) fn imports(tenant: TenantId) -> String {
    format!("IMPORTS#{tenant}")
}

/// What the sort keys of rows of a queue begin with.
pub(crate) const IMPORT: &str = "IMPORT#";

/// When a tenant asked for a synchronisation.
pub(crate) fn synchronisation(tenant: TenantId) -> Key {
    Key::new(imports(tenant), "SYNC")
}

/// An object in the inbox that is no upload. DynamoDB takes sort keys of up to 1,024 bytes, and a bucket with a key may
/// be longer: a digest then stands for the end.
pub(crate) fn stray(bucket: &str, key: &str) -> Key {
    let sort = format!("{bucket}/{key}");
    match sort.get(..sort.floor_char_boundary(1024)) {
        Some(all) if all.len() == sort.len() => Key::new(STRAYS, all),
        _ => {
            let start = sort.get(..sort.floor_char_boundary(900)).unwrap_or_default();
            let digest: String = sha2::Sha256::digest(sort.as_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            Key::new(STRAYS, format!("{start}#{digest}"))
        }
    }
}

/// An object that was to be split and was not. No bucket's name has the form of an upload's id.
pub(crate) fn unsplit(id: &UploadId) -> Key {
    Key::new(STRAYS, id.to_string())
}

/// Where sweep is in the inbox.
pub(crate) fn sweep_place() -> Key {
    Key::new("SWEEP", "INBOX")
}

/// What an entry of the index of due checks is about; `None` for a key of another kind.
pub(crate) fn parse_due(pk: &str, sk: &str) -> Option<Due> {
    match parse(pk, sk)? {
        Kind::Upload(id) => Some(Due::Upload(id)),
        Kind::Grant(tenant, registrant) => Some(Due::Grant { tenant, registrant }),
        Kind::Unsplit(id) => Some(Due::Unsplit(id)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_entries_name_the_upload_or_the_grant_that_their_keys_were_made_of() {
        let upload = UploadId::of_object("b", "k", "1");
        let key = super::upload(&upload);
        assert_eq!(parse_due(&key.pk, &key.sk), Some(Due::Upload(upload)));
        let tenant: TenantId = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10".parse().unwrap();
        for registrant in [Registrant::Tenant, Registrant::Partner("contoso-oem".parse().unwrap())] {
            let key = grant(tenant, &registrant);
            assert_eq!(
                parse_due(&key.pk, &key.sk),
                Some(Due::Grant {
                    tenant,
                    registrant: registrant.clone()
                })
            );
            let shard = grant_shard(tenant, &registrant, 3);
            assert_eq!(parse_due(&shard.pk, &shard.sk), None);
        }
        assert_eq!(parse_due("UPLOAD#u-short", "UPLOAD"), None);
        assert_eq!(parse_due("", ""), None);
    }

    #[test]
    fn a_stray_objects_sort_key_fits_whatever_its_name() {
        assert_eq!(stray("contoso", "inbox/x").sk, "contoso/inbox/x");
        let long = |end: &str| stray("contoso", &format!("{}{end}", "ü".repeat(511)));
        assert!(long("a").sk.len() <= 1024);
        assert_ne!(long("a"), long("b"));
        assert!(stray("contoso", &"x".repeat(1016)).sk.ends_with("xx"));
    }
}
