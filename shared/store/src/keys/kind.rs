//! From a primary key back to what its item is about.

use muster_core::catalogue::EntryId;
use muster_core::id::{AnnouncementId, DeviceId, ImportId, PartnerId, ProfileId, TenantId, UploadId};
use muster_core::identity::IdentityKey;
use muster_core::party::Registrant;
use uuid::Uuid;

use super::{CONSENT_CHANGES, DEVICE_CHANGES, GRANT_SHARDS, IMPORT, STRAYS};

/// What an item is about, by its primary key alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Tenant(TenantId),
    /// The name in lower case.
    TenantName(String),
    Partner(PartnerId),
    /// A partner's pointer to its grant of a tenant.
    PartnerGrant(PartnerId, TenantId),
    /// What the directory says of a partner.
    Listing(PartnerId),
    Grant(TenantId, Registrant),
    /// The version that a decision gave the grant.
    ConsentChange(TenantId, PartnerId, u64),
    GrantShard(TenantId, Registrant, u32),
    Device(DeviceId),
    /// The version that the change made.
    DeviceChange(DeviceId, u64),
    /// When the device showed itself.
    Contact(DeviceId),
    /// A device's place on a list of a profile.
    DeviceProfile(DeviceId, ProfileId),
    Profile(TenantId, ProfileId),
    ProfileRules(TenantId),
    Claim(IdentityKey),
    /// An entry of a catalogue.
    Entry(EntryId),
    /// Which entries an identity leads to.
    Known(IdentityKey),
    Upload(UploadId),
    /// The number of the first batch.
    Cuts(UploadId, u32),
    /// The number of the group.
    Progress(UploadId, u32),
    /// The batch and the first row.
    Receipt(UploadId, u32, u64),
    Stray,
    Unsplit(UploadId),
    SweepPlace,
    Announcement(AnnouncementId),
    /// The name.
    DeviceBatch(TenantId, PartnerId, String),
    PolicyUpdate(TenantId, PartnerId, Uuid),
    /// The digest of who asks for what with which key, or of the seed.
    Idempotency(String),
    Nonce,
    /// How often a source asked.
    Rate,
    /// A row of a tenant's queue of imports.
    Import(TenantId, ImportId),
    /// When a tenant asked for a synchronisation.
    Synchronisation(TenantId),
}

/// What an item with this key is about; `None` for a key that none of ours looks like.
pub(crate) fn parse(pk: &str, sk: &str) -> Option<Kind> {
    let (kind, id) = pk.split_once('#').unwrap_or((pk, ""));
    Some(match (kind, sk) {
        ("TENANT", "TENANT") => Kind::Tenant(id.parse().ok()?),
        ("TENANTNAME", "NAME") => Kind::TenantName(id.to_owned()),
        ("PARTNER", "PARTNER") => Kind::Partner(id.parse().ok()?),
        ("PARTNER", "LISTING") => Kind::Listing(id.parse().ok()?),
        ("PARTNER", _) => Kind::PartnerGrant(id.parse().ok()?, sk.strip_prefix("GRANT#")?.parse().ok()?),
        ("GRANT", "HEAD") => {
            let (tenant, holder) = id.split_once('#')?;
            Kind::Grant(tenant.parse().ok()?, registrant(holder)?)
        }
        ("GRANT", "SHARD") => {
            let (tenant, rest) = id.split_once('#')?;
            let (holder, shard) = rest.split_once('#')?;
            let shard = shard.parse().ok().filter(|shard| *shard < GRANT_SHARDS)?;
            Kind::GrantShard(tenant.parse().ok()?, registrant(holder)?, shard)
        }
        ("GRANT", _) => {
            let (tenant, partner) = id.split_once('#')?;
            let (version, _) = sk.strip_prefix(CONSENT_CHANGES)?.split_once('#')?;
            Kind::ConsentChange(tenant.parse().ok()?, partner.parse().ok()?, version.parse().ok()?)
        }
        ("DEVICE", "DEVICE") => Kind::Device(id.parse().ok()?),
        ("CONTACT", "CONTACT") => Kind::Contact(id.parse().ok()?),
        ("DEVICE", _) => {
            let version = sk.strip_prefix(DEVICE_CHANGES)?;
            Kind::DeviceChange(id.parse().ok()?, version.parse().ok()?)
        }
        ("DEVICEPROFILES", _) => Kind::DeviceProfile(id.parse().ok()?, sk.strip_prefix("PROFILE#")?.parse().ok()?),
        ("PROFILES", "RULES") => Kind::ProfileRules(id.parse().ok()?),
        ("PROFILES", _) => Kind::Profile(id.parse().ok()?, sk.strip_prefix("PROFILE#")?.parse().ok()?),
        ("CLAIM", "CLAIM") => Kind::Claim(id.parse().ok()?),
        ("ENTRY", "ENTRY") => Kind::Entry(id.parse().ok()?),
        ("KNOWN", "KNOWN") => Kind::Known(id.parse().ok()?),
        ("UPLOAD", "UPLOAD") => Kind::Upload(id.parse().ok()?),
        ("UPLOAD", _) => match sk.split_once('#')? {
            ("CUTS", first) => Kind::Cuts(id.parse().ok()?, first.parse().ok()?),
            ("PROGRESS", group) => Kind::Progress(id.parse().ok()?, group.parse().ok()?),
            _ => return None,
        },
        ("BATCH", _) => {
            let (upload, batch) = id.split_once('#')?;
            let row = sk.strip_prefix("RECEIPT#")?;
            Kind::Receipt(upload.parse().ok()?, batch.parse().ok()?, row.parse().ok()?)
        }
        (STRAYS, _) => sk.parse().map_or(Kind::Stray, Kind::Unsplit),
        ("SWEEP", "INBOX") => Kind::SweepPlace,
        ("ANNOUNCEMENT", "ANNOUNCEMENT") => Kind::Announcement(id.parse().ok()?),
        ("DEVICEBATCH", _) => {
            let (tenant, partner) = id.split_once('#')?;
            let (tenant, partner) = (tenant.parse().ok()?, partner.parse().ok()?);
            match sk.split_once('#')? {
                ("BATCH", name) if !name.is_empty() => Kind::DeviceBatch(tenant, partner, name.to_owned()),
                ("UPDATE", id) => Kind::PolicyUpdate(tenant, partner, id.parse().ok()?),
                _ => return None,
            }
        }
        ("IDEMPOTENCY", "IDEMPOTENCY" | "RESOLVED") => Kind::Idempotency(is_digest(id).then(|| id.to_owned())?),
        ("NONCE", "NONCE") => (!id.is_empty()).then_some(Kind::Nonce)?,
        ("RATE", "RATE") => {
            let (source, minute) = id.split_once('#')?;
            let minute: Result<i64, _> = minute.parse();
            (is_digest(source) && minute.is_ok()).then_some(Kind::Rate)?
        }
        ("IMPORTS", "SYNC") => Kind::Synchronisation(id.parse().ok()?),
        ("IMPORTS", _) => Kind::Import(id.parse().ok()?, sk.strip_prefix(IMPORT)?.parse().ok()?),
        _ => return None,
    })
}

/// Whether it is a SHA-256 in hexadecimal digits.
fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Who holds a grant: the reverse of [`holder`](super::holder).
fn registrant(holder: &str) -> Option<Registrant> {
    match holder {
        "-" => Some(Registrant::Tenant),
        partner => partner.parse().ok().map(Registrant::Partner),
    }
}

#[cfg(test)]
mod tests {
    use muster_core::Timestamp;

    use super::*;
    use crate::keys::{self, Key};

    #[test]
    fn every_key_is_read_back_as_what_it_was_made_of() {
        let tenant: TenantId = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10".parse().unwrap();
        let partner: PartnerId = "contoso-oem.1".parse().unwrap();
        let upload = UploadId::of_object("b", "k", "1");
        let device = DeviceId::of_row(&upload, 1);
        let claim = IdentityKey::tuple("a", "b", "c");
        let entry = EntryId::of_key(&partner, claim);
        let announcement = AnnouncementId::of_seed([7; 16]);
        let import = ImportId::of_row(&announcement, 1);
        let profile = ProfileId::of_seed([7; 16]);
        let digest = "0f".repeat(32);
        let own = Registrant::Tenant;
        let other = Registrant::Partner(partner.clone());
        let all: Vec<(Key, Kind)> = vec![
            (keys::tenant(tenant), Kind::Tenant(tenant)),
            (keys::tenant_name("A#b"), Kind::TenantName("a#b".to_owned())),
            (keys::partner(&partner), Kind::Partner(partner.clone())),
            (
                keys::partner_grant(&partner, tenant),
                Kind::PartnerGrant(partner.clone(), tenant),
            ),
            (keys::grant(tenant, &own), Kind::Grant(tenant, own.clone())),
            (keys::grant(tenant, &other), Kind::Grant(tenant, other.clone())),
            (keys::grant_shard(tenant, &own, 7), Kind::GrantShard(tenant, own, 7)),
            (keys::grant_shard(tenant, &other, 0), Kind::GrantShard(tenant, other, 0)),
            (keys::listing(&partner), Kind::Listing(partner.clone())),
            (
                keys::consent_change(tenant, &partner, 7, Timestamp::UNIX_EPOCH),
                Kind::ConsentChange(tenant, partner.clone(), 7),
            ),
            (keys::device(device), Kind::Device(device)),
            (keys::device_change(device, 12), Kind::DeviceChange(device, 12)),
            (keys::contact(device), Kind::Contact(device)),
            (
                keys::device_profile(device, profile),
                Kind::DeviceProfile(device, profile),
            ),
            (keys::profile(tenant, profile), Kind::Profile(tenant, profile)),
            (keys::profile_rules(tenant), Kind::ProfileRules(tenant)),
            (keys::claim(claim), Kind::Claim(claim)),
            (keys::entry(entry), Kind::Entry(entry)),
            (keys::known(claim), Kind::Known(claim)),
            (keys::upload(&upload), Kind::Upload(upload.clone())),
            (keys::cuts(&upload, 64), Kind::Cuts(upload.clone(), 64)),
            (keys::progress(&upload, 3), Kind::Progress(upload.clone(), 3)),
            (keys::receipt(&upload, 2, 501), Kind::Receipt(upload.clone(), 2, 501)),
            (keys::unsplit(&upload), Kind::Unsplit(upload)),
            (keys::stray("b", "inbox/x"), Kind::Stray),
            (keys::sweep_place(), Kind::SweepPlace),
            (keys::announcement(&announcement), Kind::Announcement(announcement)),
            (
                keys::device_batch(tenant, &partner, "a#b c"),
                Kind::DeviceBatch(tenant, partner.clone(), "a#b c".to_owned()),
            ),
            (
                keys::policy_update(tenant, &partner, Uuid::from_u128(7)),
                Kind::PolicyUpdate(tenant, partner.clone(), Uuid::from_u128(7)),
            ),
            (keys::idempotency(&digest), Kind::Idempotency(digest.clone())),
            (keys::resolved(&digest), Kind::Idempotency(digest.clone())),
            (keys::nonce("AAAAAAAAAAAAAAAAAAAAAA"), Kind::Nonce),
            (keys::rate(&digest, 29_450_000), Kind::Rate),
            (keys::import(tenant, import), Kind::Import(tenant, import)),
            (keys::synchronisation(tenant), Kind::Synchronisation(tenant)),
        ];
        for (key, kind) in all {
            assert_eq!(parse(&key.pk, &key.sk), Some(kind), "{key:?}");
        }
        for (pk, sk) in [
            ("", ""),
            ("DEVICE#x", "DEVICE"),
            ("DEVICE#1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10", "CHANGE#x"),
            ("DEVICEPROFILES#1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10", "PROFILE#x"),
            ("PROFILES#1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10", "RULES#1"),
            ("GRANT#x", "SHARD"),
            ("GRANT#1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10#contoso", "CHANGE#7"),
            ("GRANT#1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10#-", "CHANGE#7#0"),
            ("UPLOAD#u", "CUTS"),
            ("DEVICEBATCH#1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10#contoso", "BATCH#"),
            ("DEVICEBATCH#1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10#contoso", "UPDATE#7"),
            ("DEVICEBATCH#x#contoso", "BATCH#a"),
            ("NONCE#", "NONCE"),
            ("RATE#x#1", "RATE"),
            ("IMPORTS#1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10", "IMPORT#x"),
            ("OTHER", "X"),
        ] {
            assert_eq!(parse(pk, sk), None, "{pk} {sk}");
        }
    }
}
