//! Tenants and partners: who owns devices and who hands them in.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::{PartnerId, TenantId};

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
    /// When it was made known.
    pub created_at: Timestamp,
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
    fn what_an_edit_does_not_name_stays() {
        let mut tenant = Tenant::new(TenantId::of_name("Contoso"), "Contoso", Timestamp::UNIX_EPOCH);
        tenant.licensed = Some(true);
        assert_eq!(TenantEdit::default().apply(&tenant), tenant);
        let edit = TenantEdit {
            licensed: Some(None),
            domain: Some(Some("contoso.com".to_owned())),
            tuple_lookup: Some(true),
            require_catalogue: Some(true),
        };
        let edited = edit.apply(&tenant);
        assert_eq!((edited.licensed, edited.domain.as_deref()), (None, Some("contoso.com")));
        assert!(edited.tuple_lookup && edited.require_catalogue);
    }
}
