//! The keys of `docs/data-model.md`, each in one place.

use muster_core::grant::GrantPin;
use muster_core::id::{DeviceId, PartnerId, TenantId, UploadId};
use muster_core::identity::IdentityKey;
use muster_core::party::Registrant;

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    pub(crate) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
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

pub(crate) fn claim(key: IdentityKey) -> Key {
    Key::new(format!("CLAIM#{key}"), "CLAIM")
}

pub(crate) fn upload(id: &UploadId) -> Key {
    Key::new(format!("UPLOAD#{id}"), "UPLOAD")
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

/// Index partition of a tenant's devices.
pub(crate) fn device_list(tenant: TenantId, shard: u32) -> String {
    format!("T#{tenant}#DEVICES#{shard}")
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
    let hash = text.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    hash % shards
}

/// Index partition for due checks of an item.
pub(crate) fn due_list(shard: u32) -> String {
    format!("DUE#{shard}")
}
