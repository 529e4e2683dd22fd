//! Devices and the claims that hold their identities.

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::device::{Device, DeviceState};
use muster_core::id::DeviceId;
use muster_core::identity::IdentityKey;
use muster_core::upload::UploadState;

use super::judge::{partner_missing, tenant_missing};
use super::subject::{Around, Found, Subject, Suspect};
use super::words::Code;
use crate::devices::{Claim, claim_item, held_by, listing};
use crate::error::StoreError;
use crate::keys::{self, Key};
use crate::table::{Action, Condition};
use crate::uploads::UploadStatus;

/// The items that a device is judged by.
pub(super) fn wants(device: &Device) -> Vec<Key> {
    let mut keys = vec![keys::tenant(device.tenant), keys::upload(&device.source.upload)];
    keys.extend(device.registrant.partner().map(keys::partner));
    keys.extend(device.changed_by.as_ref().map(|source| keys::upload(&source.upload)));
    keys.extend(device.merged_into.map(keys::device));
    if device.state == DeviceState::Registered {
        keys.extend(device.keys.iter().map(|key| keys::claim(*key)));
    }
    keys
}

/// The devices that hold its identities in its place.
pub(super) fn wants_more(device: &Device, around: &Around) -> Vec<Key> {
    let others = device
        .keys
        .iter()
        .filter_map(|key| match around.get(&keys::claim(*key)) {
            Found::There(Claim { device: other, .. }) if other != device.id => Some(keys::device(other)),
            _ => None,
        });
    others.collect()
}

pub(super) fn judge(subject: &Subject, device: &Device, around: &Around) -> Result<Vec<Suspect>, StoreError> {
    let place = format!("device {}", device.id);
    let mut suspects = Vec::new();
    suspects.extend(tenant_missing(&place, device.tenant, around));
    suspects.extend(partner_missing(&place, device.registrant.partner(), around));
    for source in [Some(&device.source), device.changed_by.as_ref()].into_iter().flatten() {
        if !around.has(&keys::upload(&source.upload)) {
            let detail = format!("it came from upload {}, which does not exist", source.upload);
            suspects.push(Suspect::new(Code::UploadMissing, &place, detail));
        }
    }
    suspects.extend(source(device, around).map(|detail| Suspect::new(Code::SourceWrong, &place, detail)));
    suspects.extend(subject.index(&place, Some(listing(device)), None, as_seen(device)));
    suspects.extend(merge(device, around).map(|detail| Suspect::new(Code::MergeBroken, &place, detail)));
    if device.state == DeviceState::Registered {
        if device.keys.is_empty() {
            suspects.push(Suspect::new(
                Code::NoIdentity,
                &place,
                "it is registered without any identity",
            ));
        }
        for key in &device.keys {
            suspects.extend(claim_of(device, *key, &place, around)?);
        }
    }
    Ok(suspects)
}

/// What is wrong with the row that registered a device, as far as the upload's own item shows it. Whether the row's receipt
/// tells of the device is looked up batch by batch, from the upload.
fn source(device: &Device, around: &Around) -> Option<String> {
    let (upload, row) = (&device.source.upload, device.source.place.row);
    if DeviceId::of_row(upload, row) != device.id {
        return Some(format!(
            "it names row {row} of upload {upload}, which makes another device"
        ));
    }
    match around.get::<UploadStatus>(&keys::upload(upload)) {
        Found::There(status) if status.state == UploadState::Refused => {
            Some(format!("it names row {row} of upload {upload}, which was refused"))
        }
        Found::There(UploadStatus { rows: Some(rows), .. }) if row > rows => {
            Some(format!("it names row {row} of upload {upload}, which has {rows} rows"))
        }
        _ => None,
    }
}

/// What is wrong with where a device leads.
fn merge(device: &Device, around: &Around) -> Option<String> {
    match (device.state, device.merged_into) {
        (DeviceState::Merged, None) => Some("it is merged, and does not say into which device".to_owned()),
        (DeviceState::Merged, Some(id)) => match around.get::<Device>(&keys::device(id)) {
            Found::Absent => Some(format!("it is merged into device {id}, which does not exist")),
            Found::There(into) if into.tenant != device.tenant => {
                Some(format!("it is merged into device {id} of another tenant"))
            }
            // Merging keeps the older one, so that no chain comes back to itself.
            Found::There(into) if (into.registered_at, into.id) >= (device.registered_at, device.id) => {
                Some(format!("it is merged into device {id}, which is not older"))
            }
            _ => None,
        },
        (_, Some(id)) => Some(format!("it is not merged, and leads to device {id}")),
        (_, None) => None,
    }
}

/// What is wrong with the claim of an identity of a registered device.
fn claim_of(device: &Device, key: IdentityKey, place: &str, around: &Around) -> Result<Option<Suspect>, StoreError> {
    let unchanged = Action::Check(keys::device(device.id), as_seen(device));
    let missing = |condition: Condition, more: Option<Action>| {
        let detail = format!("it is registered, and does not hold its identity {key}");
        let mut actions = vec![Action::Put(claim_item(key, device)?, Some(condition)), unchanged];
        actions.extend(more);
        Ok(Some(Suspect::new(Code::ClaimMissing, place, detail).mended_by(actions)))
    };
    match around.get::<Claim>(&keys::claim(key)) {
        Found::Absent => missing(Condition::absent(), None),
        Found::There(claim) if claim.device != device.id => {
            let other = claim.device;
            match around.get::<Device>(&keys::device(other)) {
                Found::Unreadable => Ok(None),
                Found::There(holder) if holder.state == DeviceState::Registered => {
                    let detail = format!("its identity {key} is held by device {other}");
                    Ok(Some(Suspect::new(Code::IdentityTwice, place, detail)))
                }
                _ => missing(held_by(other), Some(not_registered(other))),
            }
        }
        // Told of the claim itself.
        Found::There(_) | Found::Unreadable => Ok(None),
    }
}

/// What is wrong with the record of a change. It was written with the version that it tells of.
pub(super) fn judge_change(id: DeviceId, version: u64, around: &Around) -> Option<Suspect> {
    let place = format!("change {version} of device {id}");
    let detail = match around.get::<Device>(&keys::device(id)) {
        Found::Absent => "the device does not exist".to_owned(),
        Found::There(device) if device.version < version => format!("the device has the version {}", device.version),
        Found::There(_) | Found::Unreadable => return None,
    };
    Some(Suspect::new(Code::DeviceChangeOrphaned, place, detail))
}

/// What is wrong with a claim.
pub(super) fn judge_claim(key: IdentityKey, claim: &Claim, around: &Around) -> Vec<Suspect> {
    let place = format!("identity {key}");
    let orphaned = |detail: String| {
        let free = Action::Delete(keys::claim(key), Some(held_by(claim.device)));
        Suspect::new(Code::ClaimOrphaned, &place, detail).mended_by(vec![free, not_registered(claim.device)])
    };
    let suspect = match around.get::<Device>(&keys::device(claim.device)) {
        Found::Absent => Some(orphaned(format!(
            "it is held for device {}, which does not exist",
            claim.device
        ))),
        Found::There(device) if device.state != DeviceState::Registered => Some(orphaned(format!(
            "it is held for device {}, which is not registered",
            device.id
        ))),
        Found::There(device) if !device.keys.contains(&key) => Some(Suspect::new(
            Code::ClaimDiffers,
            &place,
            format!("it is held for device {}, which does not name it", device.id),
        )),
        Found::There(device) if device.tenant != claim.tenant => Some(Suspect::new(
            Code::ClaimDiffers,
            &place,
            format!(
                "it is held for tenant {}, and its device {} is another tenant's",
                claim.tenant, device.id
            ),
        )),
        Found::There(_) | Found::Unreadable => None,
    };
    suspect.into_iter().collect()
}

fn as_seen(device: &Device) -> Condition {
    Condition::new("#v = :seen")
        .name("#v", "version")
        .value(":seen", AttributeValue::N(device.version.to_string()))
}

fn not_registered(id: DeviceId) -> Action {
    let condition = Condition::new("attribute_not_exists(pk) OR #s <> :registered")
        .name("#s", "state")
        .value(":registered", AttributeValue::S("registered".to_owned()));
    Action::Check(keys::device(id), condition)
}
