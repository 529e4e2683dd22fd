//! Lists of a manufacturer's entries.

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::catalogue::{Entry, EntryId};
use muster_core::id::PartnerId;

use super::Catalogue;
use crate::error::{ErrorKind, StoreError};
use crate::item::read;
use crate::keys::{self, LIST_SHARDS};
use crate::parties::list_position;
use crate::table::{Query, Range};

/// How many entries one call looks at. A list of which few pass the filter comes in short pages.
const MAX_READ: usize = 2000;
/// How many are read at once where some of them do not pass the filter.
const PAGE: usize = 500;

/// Which entries of a manufacturer are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Those that are meant for this partner.
    pub intended_for: Option<PartnerId>,
    /// Those whose serial number begins so.
    pub serial_prefix: String,
}

impl EntryFilter {
    fn admits(&self, entry: &Entry) -> bool {
        let serial = entry.serial.as_deref().unwrap_or_default();
        let meant = self.intended_for.is_none() || self.intended_for == entry.intended_for;
        meant && serial.starts_with(&self.serial_prefix)
    }

    /// What the sort keys of those that pass begin with; nothing where the index alone does not say it.
    fn prefix(&self) -> Option<String> {
        let partner = self.intended_for.as_ref()?;
        Some(format!("{partner}#{}", self.serial_prefix))
    }
}

/// A page of entries.
#[derive(Debug, Clone)]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where to go on; `None`: there are no more.
    pub next: Option<String>,
}

impl Catalogue {
    /// At most `limit` (at least 1) listed entries of a manufacturer, by whom they are meant for and by serial number, in
    /// eight runs; may be a moment old. `from`: where the page before says to go on.
    ///
    /// # Errors
    /// When the store is out of reach; `Rejected` when `from` is no such mark.
    pub async fn list(
        &self,
        partner: &PartnerId,
        filter: &EntryFilter,
        from: Option<&str>,
        limit: usize,
    ) -> Result<EntryPage, StoreError> {
        let (mut shard, mut after) = match from {
            None => (0, None),
            Some(mark) => self.place_of(partner, mark).await?,
        };
        let (prefix, looks_inside) = (
            filter.prefix(),
            filter.prefix().is_none() && !filter.serial_prefix.is_empty(),
        );
        let mut entries: Vec<Entry> = Vec::new();
        let mut room = MAX_READ;
        while shard < LIST_SHARDS {
            let partition = keys::entry_list(partner, shard);
            let wanted = limit - entries.len();
            let start = after
                .take()
                .map(|(sort, id): After| list_position(&keys::entry(id), &partition, sort));
            let query = Query {
                index: Some("list"),
                partition: &partition,
                range: prefix
                    .as_ref()
                    .map(|prefix| (Range::BeginsWith, AttributeValue::S(prefix.clone()))),
                from: start,
                limit: Some(if looks_inside { wanted.max(PAGE) } else { wanted }.min(room)),
                backwards: false,
            };
            let page = self.table.query(query).await?;
            let more = page.next.is_some();
            let mut last = None;
            for item in page.items {
                let entry: Entry = read(item)?;
                room = room.saturating_sub(1);
                last = Some((sort(&entry), entry.id));
                if filter.admits(&entry) {
                    entries.push(entry);
                }
                if entries.len() >= limit {
                    break;
                }
            }
            let full = entries.len() >= limit || room == 0;
            match last {
                Some((_, id)) if full => {
                    let next = Some(format!("{shard}:{id}"));
                    return Ok(EntryPage { entries, next });
                }
                Some(place) if more => after = Some(place),
                _ => shard += 1,
            }
        }
        Ok(EntryPage { entries, next: None })
    }

    /// The place that a mark is for: it names the last entry that was looked at.
    async fn place_of(&self, partner: &PartnerId, mark: &str) -> Result<(u32, Option<After>), StoreError> {
        let bad = || {
            StoreError::new(
                ErrorKind::Rejected,
                "list a catalogue",
                "the page mark is not one of ours",
            )
        };
        let (shard, id) = mark.split_once(':').ok_or_else(bad)?;
        let shard: u32 = shard.parse().ok().filter(|s| *s < LIST_SHARDS).ok_or_else(bad)?;
        let id: EntryId = id.parse().map_err(|_| bad())?;
        let entry = self.get(id).await?.filter(|entry| entry.partner == *partner);
        Ok((shard, Some((sort(&entry.ok_or_else(bad)?), id))))
    }
}

/// The sort key of an entry in a list: for whom, serial number, id.
pub(super) fn sort(entry: &Entry) -> String {
    let meant = entry.intended_for.as_ref().map_or("-", |partner| partner.as_str());
    format!("{meant}#{}#{}", entry.serial.as_deref().unwrap_or_default(), entry.id)
}

type After = (String, EntryId);
