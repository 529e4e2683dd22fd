//! What lies behind an upload: its cuts, what is done of them, the outcomes of its rows, and its objects.
//!
//! An upload that is under way is read in the order against which it is written: what was done last first. So whatever
//! is missing behind something that is done is damage, and not merely late.

mod rows;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::outcome::Outcome;
use muster_core::upload::{Batch, UploadState};
use serde::Deserialize;

use super::Fsck;
use super::subject::Suspect;
use super::uploads::place_of;
use super::words::Code;
use crate::error::{ErrorKind, StoreError};
use crate::keys;
use crate::receipts::RECEIPTS_KEPT_DAYS;
use crate::reports::{fixit_key, report_key, summary_key};
use crate::table::{Action, Condition};
use crate::uploads::{GROUP, GroupItem, UploadStatus, is_complete};

/// The parts of `summary.json` that are held against the upload.
#[derive(Deserialize)]
struct Summary {
    rows: u64,
    outcomes: BTreeMap<Outcome, u64>,
}

/// An upload under examination.
struct Examined<'a> {
    status: &'a UploadStatus,
    place: String,
    suspects: Vec<Suspect>,
}

impl Examined<'_> {
    fn suspect(&mut self, code: Code, detail: impl Into<String>) {
        self.suspects.push(Suspect::new(code, &self.place, detail));
    }

    /// Whether its receipts tell what would happen, and nothing did.
    fn only_predicts(&self) -> bool {
        self.status
            .options
            .as_ref()
            .is_some_and(|options| options.validate_only)
    }
}

impl Fsck {
    /// Examines what lies behind an upload.
    pub(super) async fn behind(&self, status: &UploadStatus, now: Timestamp) -> Result<Vec<Suspect>, StoreError> {
        let mut examined = Examined {
            status,
            place: place_of(status),
            suspects: Vec::new(),
        };
        let Some(groups) = legible(self.uploads.groups(&status.id).await)? else {
            // Told of the item that cannot be read.
            return Ok(examined.suspects);
        };
        let Some(cuts) = legible(self.uploads.cuts(&status.id).await)? else {
            return Ok(examined.suspects);
        };
        check_cuts(&mut examined, &cuts);
        let batches: Vec<Batch> = cuts.into_iter().flat_map(|(_, batches)| batches).collect();
        check_progress(&mut examined, &groups, &batches);
        if matches!(
            status.state,
            UploadState::Processing | UploadState::Finished | UploadState::FinishedWithErrors
        ) {
            self.check_source(&mut examined).await?;
        }
        let sound = examined.suspects.is_empty();
        let oldest = now.checked_sub(((RECEIPTS_KEPT_DAYS - 1) * 24).hours()).unwrap_or(now);
        if sound && (status.created_at > oldest || status.finished_at.is_none_or(|at| at > oldest)) {
            self.check_rows(&mut examined, &groups, &batches, oldest).await?;
        }
        if matches!(status.state, UploadState::Finished | UploadState::FinishedWithErrors) {
            self.check_reports(&mut examined).await?;
        }
        Ok(examined.suspects)
    }

    /// The file must be there: rows are to be read from it, or devices name it as the place of their hash.
    async fn check_source(&self, examined: &mut Examined<'_>) -> Result<(), StoreError> {
        let object = &examined.status.object;
        match readable(self.objects.head(&object.key, Some(&object.version)).await)? {
            Ok(Some(head)) if head.size == examined.status.size => {}
            Ok(Some(_)) => examined.suspect(Code::ObjectUnreadable, "its file has another length"),
            Ok(None) => examined.suspect(Code::ObjectMissing, "its file is gone"),
            Err(error) => examined.suspect(Code::ObjectUnreadable, format!("its file cannot be looked up: {error}")),
        }
        Ok(())
    }

    async fn check_reports(&self, examined: &mut Examined<'_>) -> Result<(), StoreError> {
        let status = examined.status;
        let mut wanted = vec![("report.csv", report_key(&status.id))];
        if status.state == UploadState::FinishedWithErrors {
            wanted.push(("fixit.csv", fixit_key(&status.id)));
        }
        for (name, key) in wanted {
            match readable(self.objects.head(&key, None).await)? {
                Ok(Some(_)) => {}
                Ok(None) => examined.suspect(Code::ObjectMissing, format!("it is finished, and has no {name}")),
                Err(error) => {
                    examined.suspect(
                        Code::ObjectUnreadable,
                        format!("its {name} cannot be looked up: {error}"),
                    );
                }
            }
        }
        match readable(self.objects.get_small(&summary_key(&status.id)).await)? {
            Ok(None) => examined.suspect(Code::ObjectMissing, "it is finished, and has no summary.json"),
            Err(error) => examined.suspect(
                Code::ObjectUnreadable,
                format!("its summary.json cannot be read: {error}"),
            ),
            Ok(Some(bytes)) => match serde_json::from_slice::<Summary>(&bytes) {
                Err(_) => examined.suspect(Code::ObjectUnreadable, "its summary.json is none"),
                Ok(summary) if summary.outcomes != status.counts || Some(summary.rows) != status.rows => {
                    examined.suspect(Code::CountsDiffer, "its summary.json counts otherwise than it does");
                }
                Ok(_) => {}
            },
        }
        Ok(())
    }
}

fn check_cuts(examined: &mut Examined<'_>, cuts: &[(u32, Vec<Batch>)]) {
    let status = examined.status;
    if status.state == UploadState::Refused && !cuts.is_empty() {
        examined.suspect(Code::StateImpossible, "it is refused, and cut");
    }
    let (mut number, mut row, mut start) = (0, 1, 0);
    for (first, batches) in cuts {
        if *first != number {
            examined.suspect(Code::CutsBroken, format!("its cuts of batch {number} are not there"));
            return;
        }
        for batch in batches {
            let fits = batch.first_row == row && batch.start >= start && batch.end >= batch.start;
            if !fits || batch.rows == 0 || batch.end > status.size || batch.next_start < batch.end {
                examined.suspect(
                    Code::CutsBroken,
                    format!("its batch {number} does not follow the one before"),
                );
                return;
            }
            (number, row, start) = (number + 1, row + u64::from(batch.rows), batch.next_start);
        }
    }
    if status.total.is_some_and(|total| total != number) {
        examined.suspect(
            Code::CutsBroken,
            format!("{number} batches are cut, and it says otherwise"),
        );
    } else if status.total.is_some() && status.rows != Some(row - 1) {
        examined.suspect(
            Code::CutsBroken,
            format!("{} rows are cut, and it says otherwise", row - 1),
        );
    }
}

fn check_progress(examined: &mut Examined<'_>, groups: &BTreeMap<u32, GroupItem>, batches: &[Batch]) {
    let batch = |number: u32| usize::try_from(number).ok().and_then(|at| batches.get(at));
    for (group, item) in groups {
        let of_group = |number: &u32| number / GROUP == *group;
        if let Some(stray) = item
            .done
            .iter()
            .find(|number| !of_group(number) || batch(**number).is_none())
        {
            examined.suspect(Code::ProgressBroken, format!("batch {stray} is done, and is not cut"));
            return;
        }
        let rows: u64 = item
            .done
            .iter()
            .filter_map(|n| batch(*n))
            .map(|b| u64::from(b.rows))
            .sum();
        if rows != item.rows {
            examined.suspects.push(miscounted(examined, *group, item, rows));
        }
    }
    let none = BTreeSet::new();
    let status = examined.status;
    for group in &status.done_groups {
        let done = groups.get(group).map_or(&none, |item| &item.done);
        if !is_complete(*group, done, status.total) {
            examined.suspect(
                Code::ProgressBroken,
                format!("group {group} is complete, and not all of it is done"),
            );
        }
    }
}

/// A group whose batches have `rows` rows, and which counts otherwise.
fn miscounted(examined: &Examined<'_>, group: u32, item: &GroupItem, rows: u64) -> Suspect {
    let detail = format!(
        "the batches of group {group} have {rows} rows, and {} are counted",
        item.rows
    );
    let suspect = Suspect::new(Code::RowsMiscounted, &examined.place, detail);
    let cuts_broken = |suspect: &Suspect| suspect.finding.code == Code::CutsBroken;
    if examined.suspects.iter().any(cuts_broken) {
        // The number of rows is counted from the cuts: it may be the right one that is stored.
        return suspect;
    }
    let number = |n: u64| AttributeValue::N(n.to_string());
    let as_seen = if item.done.is_empty() {
        Condition::new("attribute_not_exists(#done) AND #rows = :seen")
    } else {
        let done = item.done.iter().map(ToString::to_string).collect();
        Condition::new("#done = :done AND #rows = :seen").value(":done", AttributeValue::Ns(done))
    };
    let as_seen = as_seen
        .name("#done", "done")
        .name("#rows", "rows")
        .value(":seen", number(item.rows))
        .value(":rows", number(rows));
    suspect.mended_by(vec![Action::Update {
        key: keys::progress(&examined.status.id, group),
        expression: "SET #rows = :rows".to_owned(),
        condition: as_seen,
    }])
}

/// What a query came to; `None` where an item of it cannot be read.
fn legible<T>(answer: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match answer {
        Err(error) if error.kind() == ErrorKind::Corrupt => Ok(None),
        other => other.map(Some),
    }
}

/// What reading an object came to. An object that cannot be read is a finding; a right that is lacking, and a store or a disk
/// that does not answer, are none.
fn readable<T>(answer: Result<T, StoreError>) -> Result<Result<T, StoreError>, StoreError> {
    match answer {
        Err(error) if matches!(error.kind(), ErrorKind::Denied | ErrorKind::Transient | ErrorKind::Disk) => Err(error),
        other => Ok(other),
    }
}
