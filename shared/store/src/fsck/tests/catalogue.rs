//! Damages of catalogues.

use hardware_hash::generate::{Capture, Generator};
use muster_core::catalogue::{Entry, EntryContext, EntryDecision, EntryState, decide};
use muster_core::row::{RawRow, read};

use super::*;
use crate::catalogue::{entry_item, lead_to};

fn northwind() -> PartnerId {
    "northwind".parse().unwrap()
}

/// The entry that a manufacturer makes of a device, in the row of the one upload that there is.
fn entry() -> Entry {
    let hash = Generator::new(1).device(1).capture(&Capture::default()).to_text();
    let raw = RawRow {
        hardware_hash: Some(&hash),
        ..RawRow::default()
    };
    let place = record(1, key(1)).place;
    let row = read(&raw, place, Channel::Catalogue, &mut Vec::new()).unwrap();
    let (upload, partner) = (object().upload_id(), northwind());
    let names = ["Contoso".to_owned()].into();
    let context = EntryContext {
        manufacturers: &names,
        upload: &upload,
        partner: &partner,
        intended_for: None,
        now: at(9),
    };
    match decide(&row, &context, &[]) {
        EntryDecision::Insert(entry) => *entry,
        other => panic!("{other:?}"),
    }
}

fn listed(entry: &Entry) -> Vec<Action> {
    let mut actions = vec![put(entry_item(entry).unwrap())];
    actions.extend(
        entry
            .leading_keys()
            .map(|key| lead_to(key, entry.id, &std::collections::BTreeSet::new())),
    );
    actions
}

/// A sound registry in which a manufacturer has listed a device.
async fn with_catalogue() -> (Database, Bucket, Fsck) {
    let (database, bucket, fsck) = sound().await;
    let partner = Partner {
        id: northwind(),
        name: "Northwind".to_owned(),
        kind: PartnerKind::Oem,
        provider: None,
        created_at: at(3),
        manufacturers: std::collections::BTreeSet::new(),
        version: 1,
    };
    Partners::new(fsck.table.clone()).create(&partner).await.unwrap();
    plant(&fsck, listed(&entry())).await;
    (database, bucket, fsck)
}

#[tokio::test]
async fn a_catalogue_that_is_in_order_is_no_finding() {
    let (_database, _bucket, fsck) = with_catalogue().await;
    let report = fsck.check(at(30)).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.counts.entries, 1);
}

#[tokio::test]
async fn each_damage_of_a_catalogue_is_found_and_mended_where_there_is_one_way() {
    let first = entry();
    let lead = first.leading_keys().next().unwrap();
    let withdrawn = Entry {
        state: EntryState::Withdrawn,
        ..first.clone()
    };
    let nameless = Entry {
        keys: vec![key(5)],
        ..first.clone()
    };
    let cases: Vec<(&str, Vec<Action>, Vec<&str>, bool)> = vec![
        (
            "nothing leads to an entry",
            vec![Action::Delete(keys::known(lead), None)],
            vec!["entry-unknown"],
            true,
        ),
        (
            "an entry is gone",
            vec![Action::Delete(keys::entry(first.id), None)],
            vec!["lead-orphaned"],
            true,
        ),
        (
            "a withdrawal left what leads to it",
            vec![put(entry_item(&withdrawn).unwrap())],
            vec!["lead-orphaned"],
            true,
        ),
        (
            "an entry has other identities",
            vec![put(entry_item(&nameless).unwrap())],
            vec!["entry-unknown", "lead-orphaned"],
            true,
        ),
        (
            "an entry is in no list",
            vec![remove(keys::entry(first.id), "lpk, lsk")],
            vec!["wrong-index"],
            true,
        ),
        (
            "the manufacturer is gone",
            vec![Action::Delete(keys::partner(&northwind()), None)],
            vec!["partner-missing"],
            false,
        ),
    ];
    for (case, damage, found, mended) in cases {
        let (_database, _bucket, fsck) = with_catalogue().await;
        plant(&fsck, damage).await;
        let report = fsck.check(at(30)).await.unwrap();
        let codes: std::collections::BTreeSet<&str> = report.findings.iter().map(|f| f.code.name()).collect();
        assert_eq!(codes, found.into_iter().collect(), "{case}: {report:?}");
        let report = fsck.repair(at(30)).await.unwrap();
        assert_eq!(report.is_clean(), mended, "{case}: {report:?}");
        if mended {
            assert!(fsck.check(at(31)).await.unwrap().is_clean(), "{case}");
        }
    }
}
