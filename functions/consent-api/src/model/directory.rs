//! The directory of partners.

use muster_core::id::PartnerId;
use muster_core::party::PartnerKind;
use muster_runtime::http::openapi::words;
use muster_store::Listed;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A partner that wants to be found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryEntry {
    /// The partner's id.
    #[schema(value_type = words::PartnerId)]
    pub partner: PartnerId,
    /// Its name.
    pub name: String,
    /// What it is.
    #[schema(value_type = words::PartnerKind)]
    pub kind: PartnerKind,
    /// What it offers.
    pub description: String,
    /// Its website.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// Where it works.
    pub regions: Vec<String>,
    /// Counts the changes of this entry; the entity tag.
    pub version: u64,
}

/// A page of the directory, by kind and id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryPage {
    /// The partners.
    pub partners: Vec<DirectoryEntry>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// What the directory is to say of a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListingBody {
    /// What it offers, in at most 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub description: String,
    /// Its website, an `https` URL of at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, pattern = r"^\s*([Hh][Tt][Tt][Pp][Ss]://.+)?$")]
    pub website: Option<String>,
    /// Where it works: at most 100 names of at most 64 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100, value_type = Vec<words::Region>)]
    pub regions: Vec<String>,
}

/// Which part of the directory is asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DirectoryQuery {
    /// Partners of this kind only.
    #[param(value_type = Option<words::PartnerKind>)]
    pub kind: Option<PartnerKind>,
    /// How many are listed at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    pub cursor: Option<String>,
}

impl From<Listed> for DirectoryEntry {
    fn from(listed: Listed) -> Self {
        Self {
            partner: listed.partner.id,
            name: listed.partner.name,
            kind: listed.partner.kind,
            description: listed.listing.description,
            website: listed.listing.website,
            regions: listed.listing.regions,
            version: listed.version,
        }
    }
}
