//! An item of the table, read once, and the items around it that it is judged by.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use muster_core::catalogue::Entry as CatalogueEntry;
use muster_core::deployment::Contact;
use muster_core::device::Device;
use muster_core::grant::{ConsentChange, Grant};
use muster_core::history::DeviceChange;
use muster_core::id::TenantId;
use muster_core::party::{Partner, Registrant, Tenant};
use muster_core::profile::Profile;
use serde::de::DeserializeOwned;

use super::finding::Finding;
use super::words::Code;
use crate::announcements::Announcement;
use crate::catalogue::Known;
use crate::device_batches::{DeviceBatch, PolicyUpdate};
use crate::devices::Claim;
use crate::error::StoreError;
use crate::grants::{Grants, Shard};
use crate::imports::Import;
use crate::item::{Attributes, due_values, read};
use crate::keys::{self, Key, Kind};
use crate::parties::{Entry, NameOwner};
use crate::profiles::{Entry as ProfileEntry, Rules};
use crate::table::{Action, Condition, TABLE_SCHEMA_VERSION, Table, Transacted};
use crate::uploads::{Stray, UploadStatus};

/// How often a repair is sent while other writers have its items.
const TRIES: u64 = 10;

/// What may be wrong, and how it is mended where there is one way.
#[derive(Debug)]
pub(super) struct Suspect {
    pub(super) finding: Finding,
    pub(super) repair: Option<Repair>,
}

/// A way to mend.
#[derive(Debug)]
pub(super) enum Repair {
    /// These writes, all or none, on the condition that everything is as it was seen.
    Write(Vec<Action>),
    /// The grant that a tenant has for itself, as at its creation.
    OwnGrant(Tenant),
    /// A decision about the consent of this tenant that is under way.
    Decision(TenantId, Registrant),
}

impl Suspect {
    pub(super) fn new(code: Code, place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            finding: Finding::new(code, place, detail),
            repair: None,
        }
    }

    pub(super) fn mended_by(self, actions: Vec<Action>) -> Self {
        Self {
            repair: Some(Repair::Write(actions)),
            ..self
        }
    }
}

impl Repair {
    /// Whether it is done; `false`: something changed meanwhile.
    pub(super) async fn run(self, table: &Table) -> Result<bool, StoreError> {
        match self {
            Self::Write(actions) => {
                for round in 1..=TRIES {
                    match table.transact(&actions).await? {
                        Transacted::Done => return Ok(true),
                        Transacted::Cancelled(reasons) if reasons.contains(&crate::table::Cancelled::Busy) => {
                            tokio::time::sleep(std::time::Duration::from_millis(10 * round)).await;
                        }
                        Transacted::Cancelled(_) | Transacted::Invalid => return Ok(false),
                    }
                }
                Ok(false)
            }
            Self::OwnGrant(tenant) => {
                let grants = Grants::new(table.clone());
                grants.ensure_own(tenant.id, tenant.created_at).await.map(|_| true)
            }
            Self::Decision(tenant, registrant) => match Grants::new(table.clone()).settle(tenant, &registrant).await {
                Ok(_) => Ok(true),
                // Others hold it still.
                Err(error) if error.is_transient() => Ok(false),
                Err(error) => Err(error),
            },
        }
    }
}

/// An item as far as it is judged.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) key: Key,
    pub(super) kind: Kind,
    pub(super) body: Body,
    /// The attributes of the index of lists, and of the one of due checks.
    list: (Option<String>, Option<String>),
    due: (Option<String>, Option<String>),
    pub(super) expires: bool,
}

/// What an item says.
#[derive(Debug)]
pub(super) enum Body {
    Tenant(Tenant),
    Name(NameOwner),
    Partner(Partner),
    Listing(Box<Entry>),
    Grant(Box<Grant>),
    Change(Box<ConsentChange>),
    Shard(Shard),
    Device(Box<Device>),
    Claim(Claim),
    Profile(Box<Profile>),
    Rules(Box<Rules>),
    ProfileEntry(ProfileEntry),
    Entry(Box<CatalogueEntry>),
    Known(Known),
    Upload(Box<UploadStatus>),
    /// Of kinds whose key says all that is judged here.
    Other,
}

impl Subject {
    /// Reads an item; what cannot be read is a finding.
    pub(super) fn of(item: Attributes) -> Result<Self, Box<Suspect>> {
        let text = |name: &str| match item.get(name) {
            Some(AttributeValue::S(text) | AttributeValue::N(text)) => Some(text.clone()),
            _ => None,
        };
        let key = Key::new(text("pk").unwrap_or_default(), text("sk").unwrap_or_default());
        let place = format!("item {} / {}", key.pk, key.sk);
        let Some(kind) = keys::parse(&key.pk, &key.sk) else {
            let suspect = Suspect::new(Code::UnknownItem, place, "it is of a kind that nobody knows");
            return Err(Box::new(suspect));
        };
        let version = text("v");
        if version != Some(TABLE_SCHEMA_VERSION.to_string()) {
            let version = version.unwrap_or_else(|| "none".to_owned());
            let detail = format!("its schema version is {version}, and this Muster knows {TABLE_SCHEMA_VERSION}");
            return Err(Box::new(Suspect::new(Code::OtherVersion, place, detail)));
        }
        let (list, due) = ((text("lpk"), text("lsk")), (text("dpk"), text("dsk")));
        let expires = item.contains_key("ttl");
        let body = match Body::of(&kind, item) {
            Some(body) if body.is_of(&kind) => body,
            _ => {
                let suspect = Suspect::new(Code::Unreadable, place, "it does not say what such an item says");
                return Err(Box::new(suspect));
            }
        };
        Ok(Self {
            key,
            kind,
            body,
            list,
            due,
            expires,
        })
    }

    /// When the index of due checks says that it is due.
    pub(super) fn due_at(&self) -> Option<Timestamp> {
        let millis = self.due.1.as_ref()?.parse().ok()?;
        Timestamp::from_millisecond(millis).ok()
    }

    /// Holds the attributes of both indexes against what they should be. `condition`: the item is as it was seen.
    pub(super) fn index(
        &self,
        place: &str,
        list: Option<(String, String)>,
        due: Option<Timestamp>,
        condition: Condition,
    ) -> Option<Suspect> {
        let due = due.map(|at| due_values(&self.key.pk, at));
        let text = |value: &AttributeValue| value.as_s().or_else(|_| value.as_n()).ok().cloned();
        let expected_due = due.as_ref().map_or((None, None), |(pk, sk)| (text(pk), text(sk)));
        let listed = self.list == list.clone().unzip();
        if listed && self.due == expected_due {
            return None;
        }
        let watched = listed && due.is_some() && self.due.0.is_none();
        let (code, detail) = match (listed, &due) {
            _ if watched => (Code::NotWatched, "it is not done, and not in the index of due checks"),
            (false, _) => (Code::WrongIndex, "it is not in its place in the index of lists"),
            (true, Some(_)) => (Code::WrongIndex, "it is not in its place in the index of due checks"),
            (true, None) => (Code::WrongIndex, "it is done, and still in the index of due checks"),
        };
        let (mut set, mut remove, mut condition) = (Vec::new(), Vec::new(), condition);
        let mut put = |name: &'static str, value: Option<AttributeValue>| match value {
            Some(value) => {
                set.push(format!("{name} = :{name}"));
                condition.values.insert(format!(":{name}"), value);
            }
            None => remove.push(name),
        };
        let (lpk, lsk) = list.unzip();
        put("lpk", lpk.map(AttributeValue::S));
        put("lsk", lsk.map(AttributeValue::S));
        let (dpk, dsk) = due.unzip();
        put("dpk", dpk);
        put("dsk", dsk);
        let part = |word: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        let remove: Vec<String> = remove.into_iter().map(str::to_owned).collect();
        let expression = part("SET", &set) + &part("REMOVE", &remove);
        let update = Action::Update {
            key: self.key.clone(),
            expression,
            condition,
        };
        Some(Suspect::new(code, place, detail).mended_by(vec![update]))
    }
}

impl Body {
    fn of(kind: &Kind, item: Attributes) -> Option<Self> {
        fn body<T: DeserializeOwned>(item: Attributes) -> Option<T> {
            read(item).ok()
        }
        match kind {
            Kind::Tenant(_) => body(item).map(Self::Tenant),
            Kind::TenantName(_) => body(item).map(Self::Name),
            Kind::Partner(_) => body(item).map(Self::Partner),
            Kind::Grant(..) => body(item).map(|grant| Self::Grant(Box::new(grant))),
            Kind::Listing(_) => body(item).map(|entry| Self::Listing(Box::new(entry))),
            Kind::ConsentChange(..) => body(item).map(|change| Self::Change(Box::new(change))),
            Kind::GrantShard(..) => body(item).map(Self::Shard),
            Kind::Device(_) => body(item).map(|device| Self::Device(Box::new(device))),
            Kind::DeviceChange(_, version) => body::<DeviceChange>(item)
                .filter(|change| change.version == *version)
                .map(|_| Self::Other),
            Kind::Contact(_) => body::<Contact>(item).map(|_| Self::Other),
            Kind::Claim(_) => body(item).map(Self::Claim),
            Kind::Profile(..) => body(item).map(|profile| Self::Profile(Box::new(profile))),
            Kind::ProfileRules(_) => body(item).map(|rules| Self::Rules(Box::new(rules))),
            Kind::DeviceProfile(..) => body(item).map(Self::ProfileEntry),
            Kind::Entry(_) => body(item).map(|entry| Self::Entry(Box::new(entry))),
            Kind::Known(_) => body(item).map(Self::Known),
            Kind::Upload(_) => body(item).map(|status| Self::Upload(Box::new(status))),
            Kind::Stray | Kind::Unsplit(_) => body::<Stray>(item).map(|_| Self::Other),
            Kind::PartnerGrant(..) | Kind::Cuts(..) | Kind::Progress(..) | Kind::Receipt(..) | Kind::SweepPlace => {
                Some(Self::Other)
            }
            Kind::Announcement(_) => body::<Announcement>(item).map(|_| Self::Other),
            Kind::DeviceBatch(tenant, partner, name) => body::<DeviceBatch>(item)
                .filter(|batch| (batch.tenant, &batch.partner, &batch.id) == (*tenant, partner, name))
                .map(|_| Self::Other),
            Kind::PolicyUpdate(.., id) => body::<PolicyUpdate>(item)
                .filter(|update| update.id == *id)
                .map(|_| Self::Other),
            Kind::Idempotency(_) | Kind::Nonce | Kind::Rate | Kind::Synchronisation(_) => Some(Self::Other),
            Kind::Import(..) => body::<Import>(item).map(|_| Self::Other),
        }
    }

    /// Whether the item says of itself what its key says.
    fn is_of(&self, kind: &Kind) -> bool {
        match (self, kind) {
            (Self::Tenant(tenant), Kind::Tenant(id)) => tenant.id == *id,
            (Self::Partner(partner), Kind::Partner(id)) => partner.id == *id,
            (Self::Grant(grant), Kind::Grant(tenant, registrant)) => {
                grant.tenant == *tenant && grant.registrant == *registrant
            }
            (Self::Listing(entry), Kind::Listing(id)) => entry.partner == *id,
            (Self::Change(change), Kind::ConsentChange(tenant, partner, version)) => {
                (change.tenant, &change.partner, change.new.version) == (*tenant, partner, *version)
            }
            (Self::Device(device), Kind::Device(id)) => device.id == *id,
            (Self::Profile(profile), Kind::Profile(tenant, id)) => (profile.tenant, profile.id) == (*tenant, *id),
            (Self::ProfileEntry(entry), Kind::DeviceProfile(device, profile)) => {
                (entry.device, entry.profile) == (*device, *profile)
            }
            (Self::Entry(entry), Kind::Entry(id)) => entry.id == *id,
            (Self::Upload(status), Kind::Upload(id)) => status.id == *id,
            _ => true,
        }
    }
}

/// The items around some subjects.
#[derive(Debug, Default)]
pub(super) struct Around(HashMap<Key, Attributes>);

/// What is found of an item that another one refers to.
pub(super) enum Found<T> {
    Absent,
    /// It is there and a finding of its own.
    Unreadable,
    There(T),
}

impl Around {
    /// Reads the items of these keys, as of now.
    pub(super) async fn read(&mut self, table: &Table, wanted: impl Iterator<Item = Key>) -> Result<(), StoreError> {
        let mut keys: Vec<Key> = wanted.filter(|key| !self.0.contains_key(key)).collect();
        keys.sort_unstable_by(|a, b| (&a.pk, &a.sk).cmp(&(&b.pk, &b.sk)));
        keys.dedup();
        for item in table.get_many(&keys, true).await? {
            let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
            if let Some((pk, sk)) = text("pk").zip(text("sk")) {
                self.0.insert(Key { pk, sk }, item);
            }
        }
        Ok(())
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn get<T: DeserializeOwned>(&self, key: &Key) -> Found<T> {
        match self.0.get(key) {
            None => Found::Absent,
            Some(item) => read(item.clone()).map_or(Found::Unreadable, Found::There),
        }
    }

    pub(super) fn item(&self, key: &Key) -> Option<&Attributes> {
        self.0.get(key)
    }
}
