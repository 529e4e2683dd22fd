//! Entries of catalogues, and the identities that lead to them.

use std::collections::BTreeSet;

use muster_core::catalogue::{Entry, EntryId, EntryState};
use muster_core::identity::IdentityKey;

use super::judge::partner_missing;
use super::subject::{Around, Found, Subject, Suspect};
use super::words::Code;
use crate::catalogue::{Known, as_seen, lead_no_more, lead_to, listing};
use crate::keys::{self, Key};
use crate::table::{Action, Condition};

/// The items that an entry is judged by.
pub(super) fn wants(entry: &Entry) -> Vec<Key> {
    let mut keys = vec![keys::partner(&entry.partner), keys::upload(&entry.source.upload)];
    keys.extend(entry.intended_for.as_ref().map(keys::partner));
    if entry.state == EntryState::Listed {
        keys.extend(entry.leading_keys().map(keys::known));
    }
    keys
}

pub(super) fn judge(subject: &Subject, entry: &Entry, around: &Around) -> Vec<Suspect> {
    let place = format!("catalogue entry {}", entry.id);
    let mut suspects: Vec<Suspect> = subject
        .index(&place, listing(entry), None, as_seen(entry.version))
        .into_iter()
        .collect();
    suspects.extend(partner_missing(&place, Some(&entry.partner), around));
    suspects.extend(partner_missing(&place, entry.intended_for.as_ref(), around));
    if !around.has(&keys::upload(&entry.source.upload)) {
        let detail = format!("it came from upload {}, which does not exist", entry.source.upload);
        suspects.push(Suspect::new(Code::UploadMissing, &place, detail));
    }
    if entry.state == EntryState::Listed {
        suspects.extend(
            entry
                .leading_keys()
                .filter_map(|key| led_to(entry, key, &place, around)),
        );
    }
    suspects
}

/// What is wrong where an identity does not lead to an entry that has it.
fn led_to(entry: &Entry, key: IdentityKey, place: &str, around: &Around) -> Option<Suspect> {
    match around.get::<Known>(&keys::known(key)) {
        Found::There(known) if known.entries.contains(&entry.id) => None,
        Found::Unreadable => None,
        found @ (Found::There(_) | Found::Absent) => {
            let seen = match found {
                Found::There(known) => known.entries,
                _ => BTreeSet::new(),
            };
            let unchanged = Action::Check(keys::entry(entry.id), as_seen(entry.version));
            let detail = format!("it is listed, and its identity {key} does not lead to it");
            let actions = vec![lead_to(key, entry.id, &seen), unchanged];
            Some(Suspect::new(Code::EntryUnknown, place, detail).mended_by(actions))
        }
    }
}

/// The items that an identity's leads are judged by.
pub(super) fn wants_of_known(known: &Known) -> Vec<Key> {
    known.entries.iter().map(|id| keys::entry(*id)).collect()
}

/// What is wrong with where an identity leads.
pub(super) fn judge_known(key: IdentityKey, known: &Known, around: &Around) -> Vec<Suspect> {
    let place = format!("identity {key} of the catalogue");
    let wrong = |id: &EntryId| {
        let (detail, unchanged) = match around.get::<Entry>(&keys::entry(*id)) {
            Found::Absent => (
                format!("it leads to entry {id}, which does not exist"),
                Condition::absent(),
            ),
            Found::There(entry) if entry.state == EntryState::Withdrawn => (
                format!("it leads to entry {id}, which is withdrawn"),
                as_seen(entry.version),
            ),
            Found::There(entry) if !entry.keys.contains(&key) => (
                format!("it leads to entry {id}, which does not name it"),
                as_seen(entry.version),
            ),
            Found::There(_) | Found::Unreadable => return None,
        };
        let only = known.entries.len() == 1;
        let actions = vec![lead_no_more(key, *id, only), Action::Check(keys::entry(*id), unchanged)];
        Some(Suspect::new(Code::LeadOrphaned, &place, detail).mended_by(actions))
    };
    known.entries.iter().filter_map(wrong).collect()
}
