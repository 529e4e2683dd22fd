//! Tenants, their names, and partners.

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::id::TenantId;
use muster_core::party::{Partner, Registrant, Tenant};

use super::judge::partner_missing;
use super::subject::{Around, Found, Repair, Subject, Suspect};
use super::words::Code;
use crate::error::StoreError;
use crate::keys::{self, Key};
use crate::parties::{Entry, NameOwner, directory_sort, name_item};
use crate::table::{Action, Condition};

/// The items that a tenant is judged by.
pub(super) fn wants(tenant: &Tenant) -> Vec<Key> {
    let own = keys::grant(tenant.id, &Registrant::Tenant);
    vec![keys::tenant_name(&tenant.name), own]
}

/// The tenant that has its name in its place.
pub(super) fn wants_more(tenant: &Tenant, around: &Around) -> Vec<Key> {
    match around.get(&keys::tenant_name(&tenant.name)) {
        Found::There(NameOwner { tenant: other }) if other != tenant.id => vec![keys::tenant(other)],
        _ => Vec::new(),
    }
}

pub(super) fn judge(subject: &Subject, tenant: &Tenant, around: &Around) -> Result<Vec<Suspect>, StoreError> {
    let place = format!("tenant {}", tenant.id);
    let name = tenant.name.to_lowercase();
    let list = Some((keys::TENANT_LIST.to_owned(), name));
    let mut suspects: Vec<Suspect> = subject.index(&place, list, None, exists()).into_iter().collect();
    let unchanged = Action::Check(keys::tenant(tenant.id), named(&tenant.name));
    let missing = |condition: Condition, more: Option<Action>| -> Result<Suspect, StoreError> {
        let mut actions = vec![
            Action::Put(name_item(&tenant.name, tenant.id)?, Some(condition)),
            unchanged,
        ];
        actions.extend(more);
        Ok(Suspect::new(Code::NameMissing, &place, "its name is not reserved").mended_by(actions))
    };
    match around.get::<NameOwner>(&keys::tenant_name(&tenant.name)) {
        Found::Absent => suspects.push(missing(Condition::absent(), None)?),
        Found::There(owner) if owner.tenant != tenant.id => {
            let other = owner.tenant;
            if around.has(&keys::tenant(other)) {
                let detail = format!("its name is that of tenant {other}, too");
                suspects.push(Suspect::new(Code::NameTwice, &place, detail));
            } else {
                let gone = Action::Check(keys::tenant(other), Condition::absent());
                suspects.push(missing(owned_by(other), Some(gone))?);
            }
        }
        _ => {}
    }
    if !around.has(&keys::grant(tenant.id, &Registrant::Tenant)) {
        suspects.push(Suspect {
            repair: Some(Repair::OwnGrant(tenant.clone())),
            ..Suspect::new(
                Code::OwnGrantMissing,
                &place,
                "it has no grant for its own administrators",
            )
        });
    }
    Ok(suspects)
}

/// What is wrong with a reserved name, given in lower case.
pub(super) fn judge_name(name: &str, owner: &NameOwner, around: &Around) -> Vec<Suspect> {
    let place = format!("a name of tenant {}", owner.tenant);
    let (free, key) = (owned_by(owner.tenant), keys::tenant(owner.tenant));
    let free = Action::Delete(keys::tenant_name(name), Some(free));
    let (detail, unchanged) = match around.get::<Tenant>(&key) {
        Found::Absent => ("there is no such tenant", Condition::absent()),
        Found::There(tenant) if tenant.name.to_lowercase() != name => {
            ("the tenant has another name", named(&tenant.name))
        }
        Found::There(_) | Found::Unreadable => return Vec::new(),
    };
    let suspect = Suspect::new(Code::NameOrphaned, place, detail);
    vec![suspect.mended_by(vec![free, Action::Check(key, unchanged)])]
}

pub(super) fn judge_partner(subject: &Subject, partner: &Partner, around: &Around) -> Vec<Suspect> {
    let place = format!("partner {}", partner.id);
    let list = Some((keys::PARTNER_LIST.to_owned(), partner.id.as_str().to_owned()));
    let mut suspects: Vec<Suspect> = subject.index(&place, list, None, exists()).into_iter().collect();
    if let Some(provider) = partner.provider.as_ref().filter(|id| !around.has(&keys::partner(id))) {
        let detail = format!("its provider {provider} does not exist");
        suspects.push(Suspect::new(Code::PartnerMissing, &place, detail));
    }
    suspects
}

/// What is wrong with a partner's place in the directory.
pub(super) fn judge_listing(subject: &Subject, entry: &Entry, around: &Around) -> Vec<Suspect> {
    let place = format!("listing of partner {}", entry.partner);
    let list = entry.listing.as_ref().map(|_| {
        let sort = directory_sort(entry.kind, &entry.partner);
        (keys::DIRECTORY.to_owned(), sort)
    });
    let as_seen = Condition::new("#version = :version")
        .name("#version", "version")
        .value(":version", AttributeValue::N(entry.version.to_string()));
    let mut suspects: Vec<Suspect> = subject.index(&place, list, None, as_seen).into_iter().collect();
    suspects.extend(partner_missing(&place, Some(&entry.partner), around));
    suspects
}

fn exists() -> Condition {
    Condition::new("attribute_exists(pk)")
}

fn named(name: &str) -> Condition {
    Condition::new("#n = :name")
        .name("#n", "name")
        .value(":name", AttributeValue::S(name.to_owned()))
}

fn owned_by(tenant: TenantId) -> Condition {
    Condition::new("#t = :tenant")
        .name("#t", "tenant")
        .value(":tenant", AttributeValue::S(tenant.to_string()))
}
