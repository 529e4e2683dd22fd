//! Tenants and partners.

use std::collections::{BTreeMap, BTreeSet};

use muster_core::Timestamp;
use muster_core::id::{GroupId, PartnerId, TenantId};
use muster_core::party::{self, PartnerKind};
use muster_runtime::http::FieldError;
use muster_runtime::http::openapi::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::given;

/// A customer organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: TenantId,
    /// The name that people use; unique without regard to case.
    pub name: String,
    /// When it was made known.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Whether it has the licence that the channel `intune` needs: recorded and told, never enforced. Absent: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licensed: Option<bool>,
    /// Its domain, such as `contoso.onmicrosoft.com`, which its devices are told. Absent: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Whether its devices are recognised at boot by manufacturer, model and serial number alone.
    #[serde(default)]
    pub tuple_lookup: bool,
    /// Whether a PKID, or manufacturer, model and serial number, must lead to a device that a manufacturer made known.
    /// Otherwise an unknown one is registered as it is.
    #[serde(default)]
    pub require_catalogue: bool,
    /// The groups of its directory that stand for group tags, by their ids, where programs for Microsoft Graph assign profiles to
    /// groups. Absent: none does, or the tenant is one of a list, which does not tell them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub groups: BTreeMap<GroupId, String>,
    /// Counts every change.
    pub version: u64,
}

/// A tenant to make known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateTenant {
    /// Its id, a GUID. Without one it gets an id that follows from its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub id: Option<TenantId>,
    /// The name that people use, up to 256 characters; unique without regard to case.
    #[schema(min_length = 1, max_length = 256)]
    pub name: String,
    /// Whether it has the licence that the channel `intune` needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licensed: Option<bool>,
}

/// What to change of a tenant. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditTenant {
    /// Whether it has the licence that the channel `intune` needs; null: nobody knows. Only a service administrator says so.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub licensed: Option<Option<bool>>,
    /// Its domain, such as `contoso.onmicrosoft.com`, which its devices are told; null: nobody knows.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 253)]
    pub domain: Option<Option<String>>,
    /// Whether its devices are recognised at boot by manufacturer, model and serial number alone, which stand on the case:
    /// whoever reads them there learns which profile the device gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuple_lookup: Option<bool>,
    /// Whether a PKID, or manufacturer, model and serial number, must lead to a device that a manufacturer made known. It
    /// holds for lists that are accepted from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_catalogue: Option<bool>,
    /// Groups of its directory, by their ids, and the group tag that each stands for from then on; null: it stands for none. Groups
    /// that are not named stay. A tenant names 200 at most.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Option<String>>,
}

impl EditTenant {
    /// What is to be changed.
    ///
    /// # Errors
    /// Everything that cannot be taken, by its path.
    pub fn into_edit(self) -> Result<party::TenantEdit, Vec<FieldError>> {
        let mut errors = Vec::new();
        let domain = |text: Option<String>| party::domain(&text.unwrap_or_default());
        let domain = self.domain.map(domain).transpose().unwrap_or_else(|why| {
            errors.push(FieldError {
                path: "domain".to_owned(),
                detail: why.to_owned(),
            });
            None
        });
        let given = self.groups.iter().map(|(group, tag)| (group.as_str(), tag.as_deref()));
        let groups = party::groups(given).unwrap_or_else(|faults| {
            errors.extend(faults.into_iter().map(|fault| FieldError {
                path: format!("groups.{}", fault.group),
                detail: fault.why,
            }));
            party::GroupsEdit::new()
        });
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(party::TenantEdit {
            licensed: self.licensed,
            domain,
            tuple_lookup: self.tuple_lookup,
            require_catalogue: self.require_catalogue,
            groups,
        })
    }
}

impl Tenant {
    /// A tenant as lists tell it: without its groups, which may be many.
    #[must_use]
    pub fn in_list(tenant: party::Tenant) -> Self {
        Self {
            groups: BTreeMap::new(),
            ..tenant.into()
        }
    }
}

/// A page of tenants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantPage {
    /// The tenants, by name.
    pub tenants: Vec<Tenant>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// An OEM or a CSP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Partner {
    /// Its id.
    #[schema(value_type = words::PartnerId)]
    pub id: PartnerId,
    /// The name that customers see.
    pub name: String,
    /// `oem`, `csp-direct`, `csp-provider` or `csp-reseller`.
    #[schema(value_type = words::PartnerKind)]
    pub kind: PartnerKind,
    /// An indirect reseller's provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::PartnerId>)]
    pub provider: Option<PartnerId>,
    /// The manufacturers of which it may make devices known, as the firmware of their devices names them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub manufacturers: BTreeSet<String>,
    /// When it was made known.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Counts every change.
    pub version: u64,
}

/// A partner to make known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreatePartner {
    /// Its id: 1 to 64 letters, digits, `.`, `_` and `-`. Of a partner that signs in with its own Entra tenant, that tenant's
    /// id.
    #[schema(value_type = words::PartnerId)]
    pub id: PartnerId,
    /// The name that customers see, up to 256 characters.
    #[schema(min_length = 1, max_length = 256)]
    pub name: String,
    /// `oem`, `csp-direct`, `csp-provider` or `csp-reseller`.
    #[schema(value_type = words::PartnerKind)]
    pub kind: PartnerKind,
    /// An indirect reseller's provider, which must be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::PartnerId>)]
    pub provider: Option<PartnerId>,
    /// Of a partner of the kind `oem`: the manufacturers of which it may make devices known, as the firmware of their devices
    /// names them, letter for letter. Without one its catalogue takes no device.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(max_items = 32)]
    pub manufacturers: BTreeSet<String>,
}

/// What to change of a partner. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditPartner {
    /// The manufacturers of which it may make devices known: these, and no others. Lists that are accepted from then on are held
    /// to them; what is listed stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 32)]
    pub manufacturers: Option<BTreeSet<String>>,
}

/// A page of partners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerPage {
    /// The partners, by id.
    pub partners: Vec<Partner>,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl From<party::Tenant> for Tenant {
    fn from(tenant: party::Tenant) -> Self {
        Self {
            id: tenant.id,
            name: tenant.name,
            created_at: tenant.created_at,
            licensed: tenant.licensed,
            domain: tenant.domain,
            tuple_lookup: tenant.tuple_lookup,
            require_catalogue: tenant.require_catalogue,
            groups: tenant.groups,
            version: tenant.version,
        }
    }
}

impl From<party::Partner> for Partner {
    fn from(partner: party::Partner) -> Self {
        Self {
            id: partner.id,
            name: partner.name,
            kind: partner.kind,
            provider: partner.provider,
            manufacturers: partner.manufacturers,
            created_at: partner.created_at,
            version: partner.version,
        }
    }
}
