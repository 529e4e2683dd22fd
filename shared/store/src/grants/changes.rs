//! What is kept of decisions: the entries of a tenant, and of one consent, newest first.

use std::fmt;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use muster_core::grant::ConsentChange;
use muster_core::id::{PartnerId, TenantId};

use super::{Grants, PAGE};
use crate::error::StoreError;
use crate::item::{Item, key_attributes, read};
use crate::keys;
use crate::parties::list_position;
use crate::table::{Query, Range};

/// Some entries, and where the next ones begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePage {
    /// The entries.
    pub changes: Vec<ConsentChange>,
    /// Where to go on; `None`: there are no more.
    pub next: Option<ChangeMark>,
}

/// The place of an entry in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeMark {
    at: Timestamp,
    version: u64,
    partner: PartnerId,
}

/// A text that is no place in a list of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no place in a list of changes of consent")]
pub struct NoMark;

impl ChangeMark {
    fn of(change: &ConsentChange) -> Self {
        Self {
            at: change.at,
            version: change.new.version,
            partner: change.partner.clone(),
        }
    }
}

impl fmt::Display for ChangeMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.at.as_millisecond(), self.version, self.partner)
    }
}

impl FromStr for ChangeMark {
    type Err = NoMark;

    fn from_str(text: &str) -> Result<Self, NoMark> {
        let mut parts = text.splitn(3, '.');
        let mut next = || parts.next().ok_or(NoMark);
        let millis = next()?.parse().map_err(|_| NoMark)?;
        Ok(Self {
            at: Timestamp::from_millisecond(millis).map_err(|_| NoMark)?,
            version: next()?.parse().map_err(|_| NoMark)?,
            partner: next()?.parse().map_err(|_| NoMark)?,
        })
    }
}

/// The place of an entry in the index of lists.
pub(crate) fn change_sort(at: Timestamp, partner: &PartnerId, version: u64) -> String {
    format!("{:015}#{partner}#{version:012}", at.as_millisecond().max(0))
}

/// The item of an entry.
pub(super) fn change_item(change: &ConsentChange) -> Result<Item, StoreError> {
    let version = change.new.version;
    let key = keys::consent_change(change.tenant, &change.partner, version, change.at);
    let sort = change_sort(change.at, &change.partner, version);
    Ok(Item::new(&key, change)?.listed(keys::consent_change_list(change.tenant), sort))
}

impl Grants {
    /// At most `limit` (1 to 1,000) entries about consents of a tenant, newest first, behind `after`; may be a moment
    /// old.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn changes_of_tenant(
        &self,
        tenant: TenantId,
        after: Option<&ChangeMark>,
        limit: usize,
    ) -> Result<ChangePage, StoreError> {
        let partition = keys::consent_change_list(tenant);
        let from = after.map(|mark| {
            let key = keys::consent_change(tenant, &mark.partner, mark.version, mark.at);
            let sort = change_sort(mark.at, &mark.partner, mark.version);
            list_position(&key, &partition, sort)
        });
        self.change_page(Query {
            index: Some("list"),
            partition: &partition,
            from,
            limit: Some(limit.clamp(1, PAGE)),
            backwards: true,
            ..Query::default()
        })
        .await
    }

    /// At most `limit` (1 to 1,000) entries about one consent, newest first, behind `after`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn changes_of(
        &self,
        tenant: TenantId,
        partner: &PartnerId,
        after: Option<&ChangeMark>,
        limit: usize,
    ) -> Result<ChangePage, StoreError> {
        let of = |mark: &ChangeMark| keys::consent_change(tenant, partner, mark.version, mark.at);
        let partition = keys::consent_change(tenant, partner, 0, Timestamp::UNIX_EPOCH).pk;
        self.change_page(Query {
            partition: &partition,
            range: Some((Range::BeginsWith, AttributeValue::S(keys::CONSENT_CHANGES.to_owned()))),
            from: after.map(|mark| key_attributes(&of(mark))),
            limit: Some(limit.clamp(1, PAGE)),
            backwards: true,
            ..Query::default()
        })
        .await
    }

    async fn change_page(&self, query: Query<'_>) -> Result<ChangePage, StoreError> {
        let page = self.table.query(query).await?;
        let changes = page
            .items
            .into_iter()
            .map(read)
            .collect::<Result<Vec<ConsentChange>, _>>()?;
        let next = changes.last().filter(|_| page.next.is_some()).map(ChangeMark::of);
        Ok(ChangePage { changes, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_as_it_was_written() {
        let mark = ChangeMark {
            at: Timestamp::from_millisecond(1_767_225_600_007).unwrap(),
            version: 12,
            partner: "contoso-oem.1".parse().unwrap(),
        };
        assert_eq!(mark.to_string().parse::<ChangeMark>(), Ok(mark));
        for none in [
            "",
            "1",
            "1.2",
            "x.2.contoso",
            "1.-2.contoso",
            "1.2.#",
            "99999999999999999.1.contoso",
        ] {
            assert_eq!(none.parse::<ChangeMark>(), Err(NoMark), "{none}");
        }
    }
}
