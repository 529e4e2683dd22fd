//! Who judges which kind of item, and by what.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::device::DeviceState;
use muster_core::id::{PartnerId, TenantId, UploadId};
use muster_core::party::Registrant;

use super::subject::{Around, Body, Subject, Suspect};
use super::words::Code;
use super::{catalogue, devices, grants, parties, profiles, uploads};
use crate::error::StoreError;
use crate::keys::{self, Key, Kind};
use crate::receipts::RECEIPTS_KEPT_DAYS;
use crate::table::{Action, Condition};

/// The items that a subject is judged by.
pub(super) fn wants(subject: &Subject) -> Vec<Key> {
    match (&subject.body, &subject.kind) {
        (Body::Tenant(tenant), _) => parties::wants(tenant),
        (Body::Name(owner), _) => vec![keys::tenant(owner.tenant)],
        (Body::Partner(partner), _) => partner.provider.iter().map(keys::partner).collect(),
        (Body::Listing(entry), _) => vec![keys::partner(&entry.partner)],
        (Body::Grant(grant), _) => grants::wants(grant),
        (Body::Change(change), _) => {
            vec![keys::grant(change.tenant, &Registrant::Partner(change.partner.clone()))]
        }
        (Body::Shard(_), Kind::GrantShard(tenant, registrant, _)) => vec![keys::grant(*tenant, registrant)],
        (Body::Device(device), _) => devices::wants(device),
        (Body::Other, Kind::DeviceChange(id, _) | Kind::Contact(id)) => vec![keys::device(*id)],
        (Body::Claim(claim), _) => vec![keys::device(claim.device)],
        (Body::Profile(profile), _) => profiles::wants(profile),
        (Body::Rules(rules), Kind::ProfileRules(tenant)) => profiles::wants_of_rules(*tenant, rules),
        (Body::ProfileEntry(entry), _) => profiles::wants_of_entry(entry),
        (Body::Entry(entry), _) => catalogue::wants(entry),
        (Body::Known(known), _) => catalogue::wants_of_known(known),
        (Body::Upload(status), _) => uploads::wants(status),
        (Body::Other, Kind::PartnerGrant(partner, tenant)) => {
            vec![keys::grant(*tenant, &Registrant::Partner(partner.clone()))]
        }
        (Body::Other, Kind::Cuts(upload, _) | Kind::Progress(upload, _) | Kind::Receipt(upload, ..)) => {
            vec![keys::upload(upload)]
        }
        (Body::Other | Body::Shard(_) | Body::Rules(_), _) => Vec::new(),
    }
}

/// What is wanted beyond that, now that those are known.
pub(super) fn wants_more(subject: &Subject, around: &Around) -> Vec<Key> {
    match &subject.body {
        Body::Tenant(tenant) => parties::wants_more(tenant, around),
        Body::Device(device) if device.state == DeviceState::Registered => devices::wants_more(device, around),
        _ => Vec::new(),
    }
}

/// What may be wrong with a subject.
pub(super) fn judge(subject: &Subject, around: &Around, now: Timestamp) -> Result<Vec<Suspect>, StoreError> {
    Ok(match (&subject.body, &subject.kind) {
        (Body::Tenant(tenant), _) => parties::judge(subject, tenant, around)?,
        (Body::Name(owner), Kind::TenantName(name)) => parties::judge_name(name, owner, around),
        (Body::Partner(partner), _) => parties::judge_partner(subject, partner, around),
        (Body::Listing(entry), _) => parties::judge_listing(subject, entry, around),
        (Body::Grant(grant), _) => grants::judge(subject, grant, around, now)?,
        (Body::Change(change), _) => grants::judge_change(subject, change, around),
        (Body::Shard(shard), Kind::GrantShard(tenant, registrant, number)) => {
            let suspect = grants::judge_alone(*tenant, registrant, *number, shard, around);
            suspect.into_iter().collect()
        }
        (Body::Device(device), _) => devices::judge(subject, device, around)?,
        (Body::Claim(claim), Kind::Claim(key)) => devices::judge_claim(*key, claim, around),
        (Body::Entry(entry), _) => catalogue::judge(subject, entry, around),
        (Body::Known(known), Kind::Known(key)) => catalogue::judge_known(*key, known, around),
        (Body::Other, Kind::DeviceChange(id, version)) => {
            devices::judge_change(*id, *version, around).into_iter().collect()
        }
        (Body::Other, Kind::Contact(id)) => {
            let lost = !around.has(&keys::device(*id));
            let place = format!("contacts of device {id}");
            let suspect = || Suspect::new(Code::ContactOrphaned, place, "the device does not exist");
            lost.then(suspect).into_iter().collect()
        }
        (Body::Profile(profile), _) => profiles::judge(profile, around),
        (Body::Rules(rules), Kind::ProfileRules(tenant)) => profiles::judge_rules(*tenant, rules, around)?,
        (Body::ProfileEntry(entry), _) => profiles::judge_entry(subject, entry, around),
        (Body::Upload(status), _) => uploads::judge(subject, status, around, now),
        (Body::Other, Kind::PartnerGrant(partner, tenant)) => {
            let registrant = Registrant::Partner(partner.clone());
            let lost = !around.has(&keys::grant(*tenant, &registrant));
            let place = grants::place_of(*tenant, &registrant);
            let suspect = || {
                Suspect::new(
                    Code::PointerOrphaned,
                    place,
                    "the partner points to it, and it is not there",
                )
            };
            lost.then(suspect).into_iter().collect()
        }
        (Body::Other, Kind::Cuts(upload, first)) => {
            of_upload(format!("cuts of batch {first} of upload {upload}"), upload, around)
        }
        (Body::Other, Kind::Progress(upload, group)) => {
            of_upload(format!("progress of group {group} of upload {upload}"), upload, around)
        }
        (Body::Other, Kind::Receipt(upload, batch, row)) => {
            let place = format!("receipt of row {row} in batch {batch} of upload {upload}");
            let kept = (!subject.expires).then(|| receipt_kept(subject, &place, now));
            let mut suspects = of_upload(place, upload, around);
            suspects.extend(kept);
            suspects
        }
        _ => Vec::new(),
    })
}

fn of_upload(place: String, upload: &UploadId, around: &Around) -> Vec<Suspect> {
    let lost = !around.has(&keys::upload(upload));
    let suspect = || Suspect::new(Code::UploadMissing, place, "the upload does not exist");
    lost.then(suspect).into_iter().collect()
}

fn receipt_kept(subject: &Subject, place: &str, now: Timestamp) -> Suspect {
    let end = now.checked_add((RECEIPTS_KEPT_DAYS * 24).hours()).unwrap_or(now);
    let condition = Condition::new("attribute_exists(pk) AND attribute_not_exists(#ttl)").name("#ttl", "ttl");
    let update = Action::Update {
        key: subject.key.clone(),
        expression: "SET #ttl = :end".to_owned(),
        condition: condition.value(":end", AttributeValue::N(end.as_second().to_string())),
    };
    Suspect::new(Code::ReceiptKept, place, "it has no end").mended_by(vec![update])
}

/// A tenant that is referred to and not there.
pub(super) fn tenant_missing(place: &str, tenant: TenantId, around: &Around) -> Option<Suspect> {
    let lost = !around.has(&keys::tenant(tenant));
    lost.then(|| {
        Suspect::new(
            Code::TenantMissing,
            place,
            format!("its tenant {tenant} does not exist"),
        )
    })
}

/// A partner that is referred to and not there.
pub(super) fn partner_missing(place: &str, partner: Option<&PartnerId>, around: &Around) -> Option<Suspect> {
    let lost = partner.filter(|partner| !around.has(&keys::partner(partner)))?;
    let detail = format!("its partner {lost} does not exist");
    Some(Suspect::new(Code::PartnerMissing, place, detail))
}
