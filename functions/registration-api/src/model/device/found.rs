//! A device that an identity leads to.

use hardware_hash::{MATCH_SCORE, Verdict};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Device;

/// One identity of a device: serial number, manufacturer and model together, a product key id, or a hardware hash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(min_properties = 1)]
pub struct FindDevice {
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// System manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// System product name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Product key id, 13 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_key_id: Option<String>,
    /// 4K hardware hash in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware_hash: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundDevice {
    /// The device; null where none is found.
    pub device: Option<Device>,
    /// The identities that led to it, strongest first: `endorsement-key`, `product-key-id`, `tuple`, `smbios-uuid`.
    pub led_by: Vec<String>,
    /// How the hash compares with the last capture of the device, where there are both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// How two hardware hashes compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Whether they are of one device.
    pub same_device: bool,
    /// Why, in words.
    pub reason: String,
    /// What agrees by what both have, 0 to 1.
    pub score: f32,
    /// The score that a match needs.
    pub needed: f32,
    /// What ties the two together.
    pub anchor: Option<String>,
    /// What speaks against it, whatever the score.
    pub veto: Option<String>,
    /// Each part, weightiest first.
    pub parts: Vec<ComparisonPart>,
}

/// How a part of two hardware hashes compares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComparisonPart {
    /// The part.
    pub part: String,
    /// How it compares.
    pub verdict: String,
    /// What it contributes.
    pub points: f32,
    /// The most that it could contribute.
    pub weight: f32,
}

impl From<&Verdict> for Comparison {
    fn from(verdict: &Verdict) -> Self {
        let parts = verdict.fields.iter().map(|field| ComparisonPart {
            part: field.field.code().to_owned(),
            verdict: field.verdict.code().to_owned(),
            points: field.points,
            weight: field.weight,
        });
        Self {
            same_device: verdict.matched,
            reason: verdict.reason(),
            score: verdict.score,
            needed: MATCH_SCORE,
            anchor: verdict.anchor.map(|anchor| anchor.code().to_owned()),
            veto: verdict.veto.map(|veto| veto.code().to_owned()),
            parts: parts.collect(),
        }
    }
}
