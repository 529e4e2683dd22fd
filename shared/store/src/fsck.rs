//! Holds what is stored against the invariants of `docs/data-model.md`, and mends what can be mended in one way only.
//!
//! The table is read page by page; each item of a page is judged by the items around it, and each upload by its objects,
//! too. The check may run while the system works: whatever looks wrong is read again after a moment, and is told only
//! where the item did not change in between. What is half done and will be finished by itself, or by sweep, is counted
//! as under way.

mod batches;
mod catalogue;
mod devices;
mod finding;
mod grants;
mod judge;
mod parties;
mod profiles;
mod report;
mod subject;
#[cfg(test)]
mod tests;
mod uploads;
mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use muster_core::Timestamp;
use tokio::task::JoinSet;

use crate::catalogue::Catalogue;
use crate::devices::Devices;
use crate::error::{ErrorKind, StoreError};
use crate::item::Attributes;
use crate::keys::Key;
use crate::objects::Objects;
use crate::reports::PREFIX;
use crate::table::Table;
use crate::uploads::Uploads;
use crate::validated::ValidatedBatches;

pub use finding::{Finding, Mending};
pub(crate) use grants::place_of;
pub use report::{Counts, Report};
pub use words::{Code, Words};

use judge::{judge, wants, wants_more};
use subject::{Around, Body, Subject, Suspect};

/// How many items are read at once. With what is around them they stay in memory until they are judged.
const PAGE: i32 = 500;
/// How many pages are judged at once.
const PAGES_AT_ONCE: usize = 4;
/// How long a suspect is left alone before it is read again: longer than any transaction takes.
const SETTLE: Duration = Duration::from_millis(200);
/// How often a suspect that changes each time is read again.
const ROUNDS: u32 = 5;
/// How often a repair goes over the table: what one mending uncovers, the next pass mends.
const PASSES: u32 = 4;

/// A check of the whole registry.
///
/// Needs `dynamodb:Scan`, `GetItem`, `BatchGetItem` and `Query` on the table, and `s3:GetObject`, `GetObjectVersion` and
/// `ListBucket` on the bucket; a repair also `PutItem`, `UpdateItem`, `DeleteItem` and `ConditionCheckItem`.
#[derive(Clone)]
pub struct Fsck {
    table: Table,
    objects: Objects,
    devices: Devices,
    catalogue: Catalogue,
    uploads: Uploads,
    validated: ValidatedBatches,
    settle: Duration,
    seen: Arc<AtomicU64>,
}

impl Fsck {
    /// A check of what is in this table and this bucket.
    #[must_use]
    pub fn new(table: Table, objects: Objects) -> Self {
        Self {
            devices: Devices::new(table.clone()),
            catalogue: Catalogue::new(table.clone()),
            uploads: Uploads::new(table.clone()),
            validated: ValidatedBatches::new(objects.clone()),
            table,
            objects,
            settle: SETTLE,
            seen: Arc::default(),
        }
    }

    /// How many items this check has read so far, in all its passes; clones count together.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }

    /// Checks everything and changes nothing.
    ///
    /// # Errors
    /// When the store is out of reach or a right is lacking: then nothing is known.
    pub async fn check(&self, now: Timestamp) -> Result<Report, StoreError> {
        self.objects.head(PREFIX, None).await?;
        let mut report = Report::default();
        let mut pages: JoinSet<Result<Report, StoreError>> = JoinSet::new();
        let mut from = None;
        loop {
            let page = self.table.scan(from.take(), PAGE).await?;
            let (this, items) = (self.clone(), page.items);
            pages.spawn(async move { this.page(items, false, now).await });
            from = page.next;
            while pages.len() >= PAGES_AT_ONCE || (from.is_none() && !pages.is_empty()) {
                report.add(joined(pages.join_next().await)?);
            }
            if from.is_none() {
                return Ok(report.sorted());
            }
        }
    }

    /// Checks everything and mends what can be mended in one way only. What is mended twice is as what is mended once.
    ///
    /// # Errors
    /// As [`Self::check`]. What was mended until then stays mended.
    pub async fn repair(&self, now: Timestamp) -> Result<Report, StoreError> {
        self.objects.head(PREFIX, None).await?;
        let mut report = Report::default();
        for _ in 0..PASSES {
            let mut pass = Report::default();
            let mut from = None;
            loop {
                // One page after the other: what is mended in one may be around an item of the next.
                let page = self.table.scan(from.take(), PAGE).await?;
                pass.add(self.page(page.items, true, now).await?);
                from = page.next;
                if from.is_none() {
                    break;
                }
            }
            let idle = pass.mended == 0;
            report = report.followed_by(pass);
            if idle {
                break;
            }
        }
        Ok(report.sorted())
    }

    /// Judges the items of a page.
    async fn page(&self, items: Vec<Attributes>, mend: bool, now: Timestamp) -> Result<Report, StoreError> {
        let mut report = Report::default();
        self.seen.fetch_add(items.len() as u64, Ordering::Relaxed);
        let keys: Vec<Key> = items.iter().map(key_of).collect();
        let judged = self
            .judge(items.into_iter().map(Some), now, Some(&mut report.counts))
            .await?;
        let suspicious = keys
            .into_iter()
            .zip(judged)
            .filter(|(_, suspects)| !suspects.is_empty());
        let open = suspicious.map(|(key, _)| key).collect();
        for suspect in self.confirm(open, &mut report.counts, now).await? {
            let Suspect { mut finding, repair } = suspect;
            finding.mending = match repair {
                None => Mending::ByHand,
                Some(_) if !mend => Mending::Possible,
                Some(repair) => match repair.run(&self.table).await? {
                    true => Mending::Done,
                    false => Mending::Overtaken,
                },
            };
            report.tell(finding);
        }
        Ok(report)
    }

    /// Judges suspects again, until each stood still for a moment. What is wrong before and after it is wrong.
    async fn confirm(
        &self,
        mut open: Vec<Key>,
        counts: &mut Counts,
        now: Timestamp,
    ) -> Result<Vec<Suspect>, StoreError> {
        let mut confirmed = Vec::new();
        for _ in 0..ROUNDS {
            if open.is_empty() {
                break;
            }
            let before = self.items(&open).await?;
            let first = self.judge(before.clone(), now, None).await?;
            tokio::time::sleep(self.settle).await;
            let between = self.items(&open).await?;
            let second = self.judge(between.clone(), now, None).await?;
            let after = self.items(&open).await?;
            let still: Vec<bool> = before
                .iter()
                .zip(between)
                .zip(after)
                .map(|((before, between), after)| *before == between && between == after)
                .collect();
            let mut changed = Vec::new();
            for (((key, still), first), second) in open.into_iter().zip(still).zip(first).zip(second) {
                if still {
                    let again = |suspect: &Suspect| first.iter().any(|other| other.finding == suspect.finding);
                    confirmed.extend(second.into_iter().filter(again));
                } else {
                    changed.push(key);
                }
            }
            open = changed;
        }
        counts.under_way += open.len() as u64;
        Ok(confirmed)
    }

    /// The items of these keys as they stand now, in this order.
    async fn items(&self, keys: &[Key]) -> Result<Vec<Option<Attributes>>, StoreError> {
        let mut found = Around::default();
        found.read(&self.table, keys.iter().cloned()).await?;
        Ok(keys.iter().map(|key| found.item(key).cloned()).collect())
    }

    /// What may be wrong with each of these items.
    async fn judge(
        &self,
        items: impl IntoIterator<Item = Option<Attributes>>,
        now: Timestamp,
        counts: Option<&mut Counts>,
    ) -> Result<Vec<Vec<Suspect>>, StoreError> {
        let subjects: Vec<Option<Result<Subject, Box<Suspect>>>> =
            items.into_iter().map(|item| item.map(Subject::of)).collect();
        let readable = || subjects.iter().flatten().flatten();
        if let Some(counts) = counts {
            readable().for_each(|subject| counts.count(subject));
        }
        let mut around = Around::default();
        around.read(&self.table, readable().flat_map(wants)).await?;
        let more: Vec<Key> = readable().flat_map(|subject| wants_more(subject, &around)).collect();
        around.read(&self.table, more.into_iter()).await?;
        let mut judged = Vec::with_capacity(subjects.len());
        for subject in subjects {
            judged.push(match subject {
                None => Vec::new(),
                Some(Err(suspect)) => vec![*suspect],
                Some(Ok(subject)) => {
                    let mut suspects = judge(&subject, &around, now)?;
                    if let Body::Upload(status) = &subject.body {
                        suspects.extend(self.behind(status, now).await?);
                    }
                    suspects
                }
            });
        }
        Ok(judged)
    }
}

fn key_of(item: &Attributes) -> Key {
    let text = |name: &str| {
        item.get(name)
            .and_then(|value| value.as_s().ok())
            .cloned()
            .unwrap_or_default()
    };
    Key::new(text("pk"), text("sk"))
}

/// What a page came to; a task that died is an error of its own.
fn joined<T>(page: Option<Result<Result<T, StoreError>, tokio::task::JoinError>>) -> Result<T, StoreError> {
    let lost = || StoreError::new(ErrorKind::Transient, "check a page", "its task ended early");
    page.and_then(Result::ok).ok_or_else(lost)?
}
