//! The directory: what customers are told of partners that want to be found.

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::id::PartnerId;
use muster_core::party::{Listing, Partner, PartnerKind};
use serde::{Deserialize, Serialize};

use super::{PAGE, PAUSE, Partners, TRIES, list_position};
use crate::error::StoreError;
use crate::item::{Item, read};
use crate::keys;
use crate::table::{Condition, Query, Range, Written};

/// What is stored of a partner's place in the directory. It stays when the partner is taken out, so that a version never
/// comes twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) partner: PartnerId,
    pub(crate) kind: PartnerKind,
    pub(crate) version: u64,
    /// `None`: it is not listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) listing: Option<Listing>,
}

/// A partner as the directory shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The partner.
    pub partner: Partner,
    /// What is said of it.
    pub listing: Listing,
    /// Counts the changes of what is said.
    pub version: u64,
}

/// What writing a listing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingWrite {
    /// It is listed so, or not listed, since this version, and was not listed before.
    Added(u64),
    /// It is so since this version.
    Kept(u64),
    /// It stands at another version than the one that was seen; `None`: it is not listed.
    Changed(Option<u64>),
}

/// The place of a partner in the index of lists.
pub(crate) fn directory_sort(kind: PartnerKind, id: &PartnerId) -> String {
    format!("{}#{id}", kind.as_str())
}

impl Partners {
    /// Lists a partner in the directory as given, or takes it out. What is so already stays as it is. `seen`: the
    /// version that the change is about; `None`: whichever stands there.
    ///
    /// # Errors
    /// When the store fails, or other writers were faster each time.
    pub async fn set_listing(
        &self,
        partner: &Partner,
        listing: Option<&Listing>,
        seen: Option<u64>,
    ) -> Result<ListingWrite, StoreError> {
        let key = keys::listing(&partner.id);
        for _ in 0..TRIES {
            let before: Option<Entry> = self.table.get(&key, true).await?;
            let version = before.as_ref().map_or(0, |entry| entry.version);
            let stands = before.as_ref().and_then(|entry| entry.listing.as_ref());
            if stands == listing {
                return Ok(ListingWrite::Kept(version));
            }
            let listed = stands.map(|_| version);
            if seen.is_some() && seen != listed {
                return Ok(ListingWrite::Changed(listed));
            }
            let after = Entry {
                partner: partner.id.clone(),
                kind: partner.kind,
                version: version + 1,
                listing: listing.cloned(),
            };
            let mut item = Item::new(&key, &after)?;
            if listing.is_some() {
                item = item.listed(keys::DIRECTORY.to_owned(), directory_sort(partner.kind, &partner.id));
            }
            let condition = before.as_ref().map_or_else(Condition::absent, |before| {
                Condition::new("#version = :version")
                    .name("#version", "version")
                    .value(":version", AttributeValue::N(before.version.to_string()))
            });
            let found = match self.table.put(item, Some(condition)).await {
                Ok(Written::Done) => None,
                Ok(Written::Refused(found)) => Some(found.map(read::<Entry>).transpose()?),
                Err(error) if error.is_conflict() => Some(None),
                Err(error) => return Err(error),
            };
            // The answer to an earlier try of this very write may have been lost.
            if found.is_none_or(|found| found.as_ref() == Some(&after)) {
                return Ok(match stands {
                    None => ListingWrite::Added(after.version),
                    Some(_) => ListingWrite::Kept(after.version),
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(StoreError::contended("change the directory"))
    }

    /// What the directory says of a partner, and since which version.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn listing(&self, id: &PartnerId) -> Result<Option<(Listing, u64)>, StoreError> {
        let entry: Option<Entry> = self.table.get(&keys::listing(id), true).await?;
        Ok(entry.and_then(|entry| entry.listing.map(|listing| (listing, entry.version))))
    }

    /// At most `limit` (1 to 1,000) partners that are listed, of one kind or of all, by kind and id, behind `after`; and
    /// where to go on, if there may be more. May be a moment old.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn directory(
        &self,
        kind: Option<PartnerKind>,
        after: Option<(PartnerKind, &PartnerId)>,
        limit: usize,
    ) -> Result<(Vec<Listed>, Option<(PartnerKind, PartnerId)>), StoreError> {
        let from = after.map(|(kind, id)| list_position(&keys::listing(id), keys::DIRECTORY, directory_sort(kind, id)));
        let of_kind = |kind: PartnerKind| AttributeValue::S(format!("{}#", kind.as_str()));
        let query = Query {
            index: Some("list"),
            partition: keys::DIRECTORY,
            range: kind.map(|kind| (Range::BeginsWith, of_kind(kind))),
            from,
            limit: Some(limit.clamp(1, PAGE)),
            ..Query::default()
        };
        let page = self.table.query(query).await?;
        let entries = page.items.into_iter().map(read).collect::<Result<Vec<Entry>, _>>()?;
        let next = entries.last().filter(|_| page.next.is_some());
        let next = next.map(|entry| (entry.kind, entry.partner.clone()));
        let keys: Vec<_> = entries.iter().map(|entry| keys::partner(&entry.partner)).collect();
        let mut partners = std::collections::HashMap::new();
        for attributes in self.table.get_many(&keys, true).await? {
            let partner: Partner = read(attributes)?;
            partners.insert(partner.id.clone(), partner);
        }
        let listed = entries.into_iter().filter_map(|entry| {
            Some(Listed {
                partner: partners.remove(&entry.partner)?,
                listing: entry.listing?,
                version: entry.version,
            })
        });
        Ok((listed.collect(), next))
    }
}
