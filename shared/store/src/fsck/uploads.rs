//! Uploads as their own items tell of them; what lies behind is in [`super::batches`].

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::grant::Grant;
use muster_core::id::TenantId;
use muster_core::upload::UploadState;

use super::judge::{partner_missing, tenant_missing};
use super::subject::{Around, Found, Subject, Suspect};
use super::words::Code;
use crate::keys::{self, Key};
use crate::table::Condition;
use crate::uploads::{UploadStatus, list_of, list_sort};

/// The items that an upload is judged by.
pub(super) fn wants(status: &UploadStatus) -> Vec<Key> {
    let mut keys: Vec<Key> = status.tenant.map(keys::tenant).into_iter().collect();
    keys.extend(status.registrant.as_ref().and_then(|r| r.partner()).map(keys::partner));
    keys.extend(
        status
            .grant
            .as_ref()
            .map(|pin| keys::grant(pin.tenant, &pin.registrant)),
    );
    keys
}

pub(super) fn judge(subject: &Subject, status: &UploadStatus, around: &Around, now: Timestamp) -> Vec<Suspect> {
    let place = place_of(status);
    let mut suspects = Vec::new();
    let partner = status.registrant.as_ref().and_then(|r| r.partner());
    // A manufacturer's catalogue stands in a tenant's place.
    let tenant = status.tenant.filter(|_| status.channel.is_none_or(Channel::registers));
    suspects.extend(tenant.and_then(|tenant| tenant_missing(&place, tenant, around)));
    suspects.extend(partner_missing(&place, partner, around));
    let list = (list_of(status.tenant), list_sort(&status.id, status.created_at));
    let due = match status.state {
        // Until it is settled.
        UploadState::Cancelled => status.next_check,
        state => (!state.is_final()).then(|| status.next_check.or_else(|| subject.due_at()).unwrap_or(now)),
    };
    suspects.extend(subject.index(&place, Some(list), due, as_seen(status)));
    let wrong = [contradiction(status), consent(status, around)].into_iter().flatten();
    suspects.extend(wrong.map(|detail| Suspect::new(Code::StateImpossible, &place, detail)));
    suspects
}

/// How an upload is called.
pub(super) fn place_of(status: &UploadStatus) -> String {
    format!("upload {}", status.id)
}

/// What the item says of itself that cannot be.
fn contradiction(status: &UploadStatus) -> Option<String> {
    let state = status.state.as_str();
    if status.object.upload_id() != status.id {
        return Some("its id is not that of its object".to_owned());
    }
    let ended_early = matches!(status.state, UploadState::Refused | UploadState::Cancelled);
    let partner = status.registrant.as_ref().and_then(|registrant| registrant.partner());
    let is_catalogue = |tenant| partner.is_some_and(|partner| tenant == TenantId::of_catalogue(partner));
    if status.channel == Some(Channel::Catalogue) && !status.tenant.is_none_or(is_catalogue) {
        return Some("it is for a catalogue that is not its sender's".to_owned());
    }
    if !ended_early && status.upload().is_none() {
        return Some(format!("it is {state}, and lacks what every accepted upload has"));
    }
    if status.state.is_final() != status.finished_at.is_some() {
        return Some(match status.finished_at {
            None => format!("it is {state}, and has no end"),
            Some(_) => format!("it is {state}, and has an end"),
        });
    }
    let counted: u64 = status.counts.values().sum();
    let failed = status
        .counts
        .iter()
        .any(|(outcome, rows)| *rows > 0 && !outcome.is_success());
    match status.state {
        UploadState::Refused | UploadState::Failed | UploadState::Cancelled if status.reason.is_none() => {
            Some(format!("it is {state}, and does not say why"))
        }
        UploadState::Finished | UploadState::FinishedWithErrors if !status.is_complete() => {
            Some(format!("it is {state}, and not all of its batches are done"))
        }
        UploadState::Finished | UploadState::FinishedWithErrors if status.rows != Some(counted) => {
            Some(format!("it is {state}, and its counts are those of {counted} rows"))
        }
        UploadState::Finished if failed => Some("it is finished, and some of its rows failed".to_owned()),
        UploadState::FinishedWithErrors if !failed => {
            Some("it is finished with errors, and none of its rows failed".to_owned())
        }
        UploadState::Processing | UploadState::Refused | UploadState::Failed | UploadState::Cancelled
            if counted > 0 =>
        {
            Some(format!("it is {state}, and has counts"))
        }
        _ => None,
    }
}

/// What is wrong with the consent that it was accepted under.
fn consent(status: &UploadStatus, around: &Around) -> Option<String> {
    let pin = status.grant.as_ref()?;
    match around.get::<Grant>(&keys::grant(pin.tenant, &pin.registrant)) {
        Found::Absent => Some("the consent that it was accepted under does not exist".to_owned()),
        Found::There(grant) if grant.generation < pin.generation => {
            Some("the consent that it was accepted under was never given".to_owned())
        }
        Found::There(_) | Found::Unreadable => None,
    }
}

/// The state and the next check are as they were seen.
fn as_seen(status: &UploadStatus) -> Condition {
    let state = AttributeValue::S(status.state.as_str().to_owned());
    let condition = Condition::new("").name("#state", "state").value(":state", state);
    let (expression, next) = match status.next_check {
        None => ("#state = :state AND attribute_not_exists(#next)", None),
        Some(at) => ("#state = :state AND #next = :next", Some(at)),
    };
    let condition = Condition {
        expression: expression.to_owned(),
        ..condition.name("#next", "nextCheck")
    };
    match next {
        None => condition,
        Some(at) => condition.value(":next", AttributeValue::S(at.to_string())),
    }
}
