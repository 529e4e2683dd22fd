//! What a row of a catalogue upload does, given what the same manufacturer has listed.

use std::collections::BTreeSet;

use hardware_hash::compare;

use super::{Entry, EntryId, EntryState, leads};
use crate::Timestamp;
use crate::decide::{MAX_KEYS, one_device};
use crate::device::Source;
use crate::id::{PartnerId, UploadId};
use crate::identity::IdentityKey;
use crate::outcome::Outcome;
use crate::record::Record;

/// What is the same for all rows of a catalogue upload.
#[derive(Debug, Clone, Copy)]
pub struct EntryContext<'a> {
    /// The upload.
    pub upload: &'a UploadId,
    /// The manufacturer.
    pub partner: &'a PartnerId,
    /// The names of manufacturers that it stands for.
    pub manufacturers: &'a BTreeSet<String>,
    /// The partner that the devices are meant for.
    pub intended_for: Option<&'a PartnerId>,
    /// The time of this attempt.
    pub now: Timestamp,
}

/// What to do for a row.
#[derive(Debug, Clone, PartialEq)]
pub enum EntryDecision {
    /// A new entry.
    Insert(Box<Entry>),
    /// The entry becomes this.
    Update(Box<EntryChange>),
    /// Nothing is written.
    Leave(EntryLeft),
}

/// A change of an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryChange {
    /// The entry as it shall be; its version is one more than the one that was seen.
    pub entry: Entry,
    /// The entry as it was seen.
    pub before: Entry,
    /// The identities that lead to it from now on.
    pub new_leads: Vec<IdentityKey>,
}

/// Why nothing is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLeft {
    /// The outcome of the row.
    pub outcome: Outcome,
    /// The entry.
    pub entry: Option<EntryId>,
    /// What a person should know beyond the outcome's meaning.
    pub detail: Option<String>,
}

impl EntryDecision {
    /// The row's outcome.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Insert(_) => Outcome::Registered,
            // What was taken back is made known anew.
            Self::Update(change) if change.before.state == EntryState::Withdrawn => Outcome::Registered,
            Self::Update(_) => Outcome::Updated,
            Self::Leave(left) => left.outcome,
        }
    }

    /// The entry that the row is about.
    #[must_use]
    pub fn entry(&self) -> Option<EntryId> {
        match self {
            Self::Insert(entry) => Some(entry.id),
            Self::Update(change) => Some(change.entry.id),
            Self::Leave(left) => left.entry,
        }
    }

    /// What is stored of the entry once this is carried out.
    #[must_use]
    pub fn stored(&self) -> Option<&Entry> {
        match self {
            Self::Insert(entry) => Some(entry),
            Self::Update(change) => Some(&change.entry),
            Self::Leave(_) => None,
        }
    }
}

fn left(outcome: Outcome, entry: Option<EntryId>, detail: Option<String>) -> EntryDecision {
    EntryDecision::Leave(EntryLeft { outcome, entry, detail })
}

/// Decides about a row, which has a hash. `own`: the entries of the same manufacturer that share an identity with it, and the
/// one of its id in whatever state. What other manufacturers made known is none of this one's business.
#[must_use]
pub fn decide(record: &Record, context: &EntryContext<'_>, own: &[Entry]) -> EntryDecision {
    let Some(new) = entry_of(record, context) else {
        let detail = "the row has no hardware hash".to_owned();
        return left(Outcome::MissingIdentity, None, Some(detail));
    };
    if let Some(detail) = foreign(&new, context) {
        return left(Outcome::ForeignManufacturer, None, Some(detail));
    }
    let mut listed: Vec<&Entry> = own.iter().filter(|entry| entry.state == EntryState::Listed).collect();
    listed.sort_by_key(|entry| (entry.catalogued_at, entry.id));
    for entry in &listed {
        if let Err(why) = one_device(&new, entry) {
            let detail = format!(
                "the row shares an identity with entry {} of your catalogue, but {why}; if that one is wrong, withdraw it",
                entry.id
            );
            return left(Outcome::Ambiguous, None, Some(detail));
        }
    }
    let same = |entry: &&Entry| entry.id == new.id;
    if let Some(before) = listed.iter().copied().find(same).or_else(|| listed.first().copied()) {
        return renew(before, new);
    }
    match own.iter().find(same) {
        None => EntryDecision::Insert(Box::new(new)),
        Some(before) => EntryDecision::Update(Box::new(EntryChange {
            new_leads: new.leading_keys().collect(),
            entry: Entry {
                version: before.version + 1,
                ..new
            },
            before: before.clone(),
        })),
    }
}

/// Why the manufacturer may not make this device known: its hash, or the row where that is silent, names another one.
fn foreign(new: &Entry, context: &EntryContext<'_>) -> Option<String> {
    // Whatever else the row says, its hash names a manufacturer, and that one counts.
    let named = new.manufacturer.as_deref().unwrap_or_default();
    if context.manufacturers.contains(named) {
        return None;
    }
    let named: String = named.chars().take(80).collect();
    let partner = context.partner;
    let bound: Vec<String> = context
        .manufacturers
        .iter()
        .take(5)
        .map(|name| format!("`{name}`"))
        .collect();
    Some(match bound.is_empty() {
        true => {
            format!(
                "the hash, or the row where the hash is silent, names the manufacturer `{named}`, and no name is bound to {partner} yet"
            )
        }
        false => format!(
            "the hash, or the row where the hash is silent, names the manufacturer `{named}`, and what is bound to {partner} is {}",
            bound.join(", ")
        ),
    })
}

fn entry_of(record: &Record, context: &EntryContext<'_>) -> Option<Entry> {
    Some(Entry {
        id: EntryId::of_key(context.partner, *record.keys.first()?),
        version: 1,
        state: EntryState::Listed,
        partner: context.partner.clone(),
        serial: record.serial.clone(),
        manufacturer: record.manufacturer.clone(),
        model: record.model.clone(),
        pkid: record.pkid.clone(),
        keys: record.keys.clone(),
        components: record.components.clone()?,
        intended_for: context.intended_for.cloned(),
        source: Source {
            upload: context.upload.clone(),
            place: record.place,
        },
        catalogued_at: context.now,
        changed_at: context.now,
    })
}

/// A new capture of a device that is listed: it adds what was not known, and is what is compared from now on.
fn renew(before: &Entry, new: Entry) -> EntryDecision {
    let mut entry = before.clone();
    entry.keys.extend(&new.keys);
    entry.keys.sort_unstable();
    entry.keys.dedup();
    if entry.keys.len() > MAX_KEYS {
        let detail = format!("entry {} would have more than {MAX_KEYS} identities", before.id);
        return left(Outcome::Ambiguous, None, Some(detail));
    }
    entry.serial = entry.serial.or(new.serial);
    entry.manufacturer = entry.manufacturer.or(new.manufacturer);
    entry.model = entry.model.or(new.model);
    entry.pkid = entry.pkid.or(new.pkid);
    entry.intended_for = new.intended_for.or(entry.intended_for);
    if compare(&entry.components, &new.components).matched {
        entry.components = new.components;
    }
    if entry == *before {
        return left(Outcome::Unchanged, Some(before.id), None);
    }
    entry.version += 1;
    entry.source = new.source;
    entry.changed_at = new.changed_at;
    let new_leads = entry
        .keys
        .iter()
        .copied()
        .filter(|key| leads(*key) && !before.keys.contains(key));
    EntryDecision::Update(Box::new(EntryChange {
        new_leads: new_leads.collect(),
        before: before.clone(),
        entry,
    }))
}
