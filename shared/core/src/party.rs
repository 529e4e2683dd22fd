//! Tenants and partners: who owns devices and who hands them in.

mod group;

use std::collections::{BTreeMap, BTreeSet};

use hardware_hash::placeholder;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::{PartnerId, TenantId};

pub use group::{GroupFault, Groups, GroupsEdit, MAX_GROUPS, groups};

/// A customer organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// The name that people use; unique without regard to case.
    pub name: String,
    /// When it was made known.
    pub created_at: Timestamp,
    /// Whether it has the licence that the recommended channel needs: recorded and told, never enforced. Nothing: nobody
    /// said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licensed: Option<bool>,
    /// Whether its devices are recognised at boot by manufacturer, model and serial number alone, which stand on the case.
    #[serde(default, skip_serializing_if = "is_off")]
    pub tuple_lookup: bool,
    /// Its domain, such as `contoso.onmicrosoft.com`, which booting devices are told. Nothing: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Whether a PKID or a tuple must lead to a device that a manufacturer made known. Otherwise an unknown one is
    /// registered as it is.
    #[serde(default, skip_serializing_if = "is_off")]
    pub require_catalogue: bool,
    /// The groups of its directory that stand for group tags, where programs of others assign profiles to groups.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: Groups,
    /// Counts every change; changes are conditional on it.
    #[serde(default = "first")]
    pub version: u64,
}

const fn first() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_off(flag: &bool) -> bool {
    !*flag
}

impl Tenant {
    /// A tenant of which no more is known.
    #[must_use]
    pub fn new(id: TenantId, name: impl Into<String>, created_at: Timestamp) -> Self {
        Self {
            id,
            name: name.into(),
            created_at,
            licensed: None,
            tuple_lookup: false,
            domain: None,
            require_catalogue: false,
            groups: Groups::new(),
            version: first(),
        }
    }
}

/// What to change of a tenant: nothing leaves a value as it is, `Some(None)` says that nobody knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantEdit {
    /// Whether it has the licence.
    pub licensed: Option<Option<bool>>,
    /// Its domain.
    pub domain: Option<Option<String>>,
    /// Whether its devices are recognised by manufacturer, model and serial number.
    pub tuple_lookup: Option<bool>,
    /// Whether a PKID or a tuple must lead to a device of the catalogue. It holds for lists that are accepted from then on.
    pub require_catalogue: Option<bool>,
    /// Which groups stand for which group tags.
    pub groups: GroupsEdit,
}

impl TenantEdit {
    /// The tenant with these values; its version stays.
    #[must_use]
    pub fn apply(&self, tenant: &Tenant) -> Tenant {
        Tenant {
            licensed: self.licensed.unwrap_or(tenant.licensed),
            tuple_lookup: self.tuple_lookup.unwrap_or(tenant.tuple_lookup),
            domain: self.domain.clone().unwrap_or_else(|| tenant.domain.clone()),
            require_catalogue: self.require_catalogue.unwrap_or(tenant.require_catalogue),
            groups: group::changed(&tenant.groups, &self.groups),
            ..tenant.clone()
        }
    }
}

/// A domain as it is kept: in lower case, without outer blanks; nothing for a blank text.
///
/// # Errors
/// Why the text is no domain.
pub fn domain(text: &str) -> Result<Option<String>, &'static str> {
    let text = text.trim().to_ascii_lowercase();
    let label = |label: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(fits) && !label.starts_with('-') && !label.ends_with('-')
    };
    match text.as_str() {
        "" => Ok(None),
        _ if text.len() > 253 => Err("a domain has 253 characters at most"),
        _ if text.contains('.') && text.split('.').all(label) => Ok(Some(text)),
        _ => Err(
            "a domain is made of names with letters, digits and hyphens, joined by dots, such as contoso.onmicrosoft.com",
        ),
    }
}

/// What a partner is, which decides what its grants allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartnerKind {
    /// A device manufacturer: hands in tuples and PKIDs.
    Oem,
    /// A CSP direct partner: all three identities.
    CspDirect,
    /// A CSP indirect provider: works under the grants of its resellers too.
    CspProvider,
    /// A CSP indirect reseller: its grant implies its provider's.
    CspReseller,
}

impl PartnerKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Oem, Self::CspDirect, Self::CspProvider, Self::CspReseller];

    /// The name on the wire and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oem => "oem",
            Self::CspDirect => "csp-direct",
            Self::CspProvider => "csp-provider",
            Self::CspReseller => "csp-reseller",
        }
    }

    /// Whether this is one of the three kinds of CSP.
    #[must_use]
    pub const fn is_csp(self) -> bool {
        !matches!(self, Self::Oem)
    }
}

/// An OEM or a CSP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Partner {
    /// Its id.
    pub id: PartnerId,
    /// The name that customers see.
    pub name: String,
    /// What it is.
    pub kind: PartnerKind,
    /// An indirect reseller's provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<PartnerId>,
    /// The manufacturers, as the firmware of their devices names them, letter for letter, of which it may make devices known in its
    /// catalogue.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub manufacturers: BTreeSet<String>,
    /// When it was made known.
    pub created_at: Timestamp,
    /// Counts every change; changes are conditional on it.
    #[serde(default = "first")]
    pub version: u64,
}

impl Partner {
    /// A partner of which no more is known.
    #[must_use]
    pub fn new(id: PartnerId, name: impl Into<String>, kind: PartnerKind, created_at: Timestamp) -> Self {
        Self {
            id,
            name: name.into(),
            kind,
            provider: None,
            manufacturers: BTreeSet::new(),
            created_at,
            version: first(),
        }
    }
}

/// How many manufacturers a partner stands for at most: each of its uploads keeps them.
pub const MAX_MANUFACTURERS: usize = 32;

/// The names of manufacturers as they are kept: without outer blanks, as they are read from a hash.
///
/// # Errors
/// Why one of them is none, or a partner of this kind has none.
pub fn manufacturers(
    kind: PartnerKind,
    names: impl IntoIterator<Item = impl AsRef<str>>,
) -> Result<BTreeSet<String>, &'static str> {
    let mut kept = BTreeSet::new();
    for name in names {
        let name = name.as_ref().trim();
        if name.is_empty() || name.chars().count() > 128 || name.chars().any(char::is_control) {
            return Err("a manufacturer's name has 1 to 128 characters, and no control characters");
        }
        if placeholder::is_placeholder(name) {
            return Err("that is what firmware says that names no manufacturer");
        }
        kept.insert(name.to_owned());
    }
    if kept.len() > MAX_MANUFACTURERS {
        return Err("a partner stands for 32 manufacturers at most");
    }
    match kind {
        PartnerKind::Oem => Ok(kept),
        _ if kept.is_empty() => Ok(kept),
        _ => Err("only a partner of the kind oem stands for manufacturers"),
    }
}

/// What the directory says of a partner to customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// What it offers, in a few sentences.
    pub description: String,
    /// Its website.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// Where it works, as it likes to name that; empty: nothing is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
}

/// Who hands a device in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Registrant {
    /// The tenant's own administrators or its MDM service.
    Tenant,
    /// A partner.
    Partner(PartnerId),
}

impl Registrant {
    /// The partner, where it is one.
    #[must_use]
    pub const fn partner(&self) -> Option<&PartnerId> {
        match self {
            Self::Tenant => None,
            Self::Partner(id) => Some(id),
        }
    }
}

impl From<Option<PartnerId>> for Registrant {
    fn from(partner: Option<PartnerId>) -> Self {
        partner.map_or(Self::Tenant, Self::Partner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_names_joined_by_dots() {
        for (text, kept) in [
            (" Contoso.OnMicrosoft.com ", Ok(Some("contoso.onmicrosoft.com"))),
            ("xn--bcher-kva.example", Ok(Some("xn--bcher-kva.example"))),
            (" ", Ok(None)),
            ("contoso", Err(())),
            ("contoso..com", Err(())),
            ("-contoso.com", Err(())),
            ("contoso .com", Err(())),
            ("bücher.example", Err(())),
            (&"a.".repeat(127), Err(())),
            (&format!("{}com", "a.".repeat(126)), Err(())),
        ] {
            let domain = domain(text);
            assert_eq!(domain.as_ref().map(Option::as_deref).map_err(|_| ()), kept, "{text}");
        }
    }

    #[test]
    fn names_of_manufacturers_are_kept_as_firmware_has_them() {
        let (oem, csp) = (PartnerKind::Oem, PartnerKind::CspDirect);
        let kept = manufacturers(oem, [" Contoso ", "Contoso", "CONTOSO", "Contoso, Inc."]).unwrap();
        assert_eq!(
            kept.into_iter().collect::<Vec<_>>(),
            ["CONTOSO", "Contoso", "Contoso, Inc."]
        );
        for name in ["", " ", "To be filled by O.E.M.", "Con\ntoso", &"x".repeat(129)] {
            assert!(manufacturers(oem, [name]).is_err(), "{name:?}");
        }
        let many: Vec<String> = (0..=MAX_MANUFACTURERS).map(|n| format!("Contoso {n}")).collect();
        assert!(manufacturers(oem, &many).is_err());
        assert!(manufacturers(csp, ["Contoso"]).is_err());
        assert!(manufacturers(csp, <[&str; 0]>::default()).is_ok_and(|names| names.is_empty()));
    }

    #[test]
    fn what_an_edit_does_not_name_stays() {
        let mut tenant = Tenant::new(TenantId::of_name("Contoso"), "Contoso", Timestamp::UNIX_EPOCH);
        tenant.licensed = Some(true);
        assert_eq!(TenantEdit::default().apply(&tenant), tenant);
        let edit = TenantEdit {
            licensed: Some(None),
            domain: Some(Some("contoso.com".to_owned())),
            tuple_lookup: Some(true),
            require_catalogue: Some(true),
            groups: groups([("bbbbbbbb-0000-4000-8000-000000000002", Some("Office"))]).unwrap(),
        };
        let edited = edit.apply(&tenant);
        assert_eq!((edited.licensed, edited.domain.as_deref()), (None, Some("contoso.com")));
        assert!(edited.tuple_lookup && edited.require_catalogue);
        assert_eq!(edited.groups.len(), 1);
        assert_eq!(TenantEdit::default().apply(&edited), edited);
    }
}
