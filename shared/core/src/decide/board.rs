//! Rows that show a registered device on another board. The row fails, and the device is marked, so that somebody notices;
//! what the tenant's own MDM service shows twice is taken over.

use super::{Change, Decision, Marking, ambiguous, take_tags};
use crate::channel::Channel;
use crate::device::{Device, RowContext, Source};
use crate::identity::IdentityKey;
use crate::record::Record;
use crate::repair::{self, Rebinding, Recognition, Remediation, RemediationState};

/// Decides about a row that contradicts one of the devices that hold its keys.
pub(super) fn contradicted(
    record: &Record,
    context: &RowContext<'_>,
    holders: &[&Device],
    device: &Device,
    why: &str,
) -> Decision {
    let mut detail = format!("the row shares an identity with device {}, but {why}", device.id);
    // Only a capture shows hardware: a PKID in a list may be a slip of the pen.
    let capture = record.components.as_ref().map(|_| repair::recognise(device, record));
    let Some(Recognition::BoardReplaced(replacement)) = capture else {
        return ambiguous(detail);
    };
    let others: Vec<String> = holders
        .iter()
        .filter(|holder| holder.id != device.id)
        .map(|holder| holder.id.to_string())
        .collect();
    if !others.is_empty() {
        let named = others.join(" and device ");
        detail = format!("{detail}; the new board is that of device {named}, which must be released first");
    }
    // Only the tenant's MDM service, which knows the device that it manages, mends without a person.
    let seen = device.remediation.as_ref();
    let for_a_person = seen.is_some_and(|seen| seen.state == RemediationState::ManualRemediationRequired);
    let vouched = context.channel == Channel::Automatic && replacement.by_itself && others.is_empty() && !for_a_person;
    let mending = vouched.then(|| repair::rebind(device, record, context.now));
    let Some(Ok(rebinding)) = mending else {
        return mark(
            record,
            context,
            device,
            RemediationState::ManualRemediationRequired,
            detail,
        );
    };
    let pending = RemediationState::AutomaticRemediationRequired;
    let again = |seen: &Remediation| {
        let elsewhere = seen.upload.as_ref().is_some_and(|id| id != context.upload);
        seen.state == pending && elsewhere && seen.shown == strongest(record)
    };
    if seen.is_some_and(again) {
        return Decision::Update(Box::new(mended(record, context, device, rebinding)));
    }
    let detail = format!("{detail}; it is taken over when another list of the MDM service shows it, too");
    mark(record, context, device, pending, detail)
}

/// The device with its new board, which an earlier upload of the MDM service showed, too.
fn mended(record: &Record, context: &RowContext<'_>, device: &Device, rebinding: Rebinding) -> Change {
    let mut new = rebinding.device;
    take_tags(&mut new, record, context);
    let row = source(record, context);
    new.version += 1;
    new.changed_at = context.now;
    new.changed_by = Some(row.clone());
    Change {
        device: new,
        before: device.clone(),
        row,
        new_keys: rebinding.new_keys,
        freed_keys: rebinding.freed_keys,
        absorbed: Vec::new(),
        duplicate_of: None,
        catalogued_by: None,
    }
}

/// Marks the device, unless it is marked so already: then a repeat writes nothing.
fn mark(
    record: &Record,
    context: &RowContext<'_>,
    device: &Device,
    state: RemediationState,
    detail: String,
) -> Decision {
    let shown = strongest(record);
    // Where a person is to decide, no list takes that back; what waits to be shown again waits for the same board.
    let stands = |seen: &Remediation| {
        seen.state == RemediationState::ManualRemediationRequired
            || (seen.state == state && (seen.shown == shown || seen.upload.as_ref() == Some(context.upload)))
    };
    if device.remediation.as_ref().is_some_and(stands) {
        return ambiguous(detail);
    }
    let remediation = Remediation {
        state,
        since: context.now,
        upload: Some(context.upload.clone()),
        shown,
    };
    Decision::Mark(Box::new(Marking {
        device: Device {
            version: device.version + 1,
            changed_at: context.now,
            remediation: Some(remediation),
            ..device.clone()
        },
        before: device.clone(),
        row: source(record, context),
        detail,
    }))
}

/// The strongest identity of a row, by which its board is known again.
fn strongest(record: &Record) -> Option<IdentityKey> {
    record.keys.iter().min().copied()
}

fn source(record: &Record, context: &RowContext<'_>) -> Source {
    Source {
        upload: context.upload.clone(),
        place: record.place,
    }
}
