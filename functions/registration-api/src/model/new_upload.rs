//! What is sent to announce an upload, and what is answered.

use std::collections::BTreeMap;

use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::id::AnnouncementId;
use muster_core::inbox::OnConflict;
use muster_runtime::http::openapi::words;
use muster_service::list::DeviceRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::UploadStage;

/// A device list that is to be uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUpload {
    /// The channel; without it that of the caller: `intune` for a tenant, `oem-direct` for a manufacturer, `partner-center`
    /// for a CSP.
    #[schema(value_type = Option<words::Channel>)]
    pub channel: Option<Channel>,
    /// What the file is called, with or without `.csv`; at most 120 characters, no slash.
    #[schema(min_length = 1, max_length = 120, pattern = "^[^/]+$")]
    pub name: String,
    /// Bytes of the file, exactly.
    #[schema(minimum = 1, maximum = 5368709120000_i64)]
    pub size: u64,
    /// Send it in parts. A file of more than 5 GiB always is.
    pub multipart: Option<bool>,
    /// SHA-256 of the file in hexadecimal digits, by which its sender knows it again.
    #[schema(pattern = "^[0-9A-Fa-f]{64}$")]
    pub sha256: Option<String>,
    /// Refuse the whole file when it has more rows than the channel takes at once.
    pub strict: Option<bool>,
    /// What becomes of group tag and user of devices that the tenant has already: `update`, or `keep`.
    #[schema(value_type = Option<words::OnConflict>)]
    pub on_conflict: Option<OnConflict>,
    /// For rows that bring no group tag of their own.
    #[schema(max_length = 128)]
    pub group_tag: Option<String>,
    /// Register nothing, and find out what would become of each row.
    pub validate_only: Option<bool>,
}

/// An upload that was announced, and how to send its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnnouncedUpload {
    /// The id to ask by from now on.
    #[schema(value_type = words::AnnouncementId)]
    pub id: AnnouncementId,
    /// `announced`; in the answer to a repeat, how it stands by then.
    pub state: UploadStage,
    /// Until when the URLs are good. A repeat under the same idempotency key gives new ones.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// The one request that sends the file, while it is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put: Option<SignedPut>,
    /// The requests that send the file in parts, while it is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multipart: Option<Multipart>,
}

/// A request to send as it is, to the object store. Its URL is a secret as long as it is good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedPut {
    /// `PUT`.
    pub method: String,
    /// The URL.
    pub url: String,
    /// Headers to send along exactly so; without them, or with others, the store refuses the request. The length, which
    /// every client sends by itself, is signed, too.
    pub headers: BTreeMap<String, String>,
}

/// How a file is sent in parts. When all have arrived, `POST …/complete` makes the file of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Multipart {
    /// Bytes of each part but the last.
    pub part_size: u64,
    /// The parts in order.
    pub parts: Vec<SignedPart>,
}

/// The request that sends a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedPart {
    /// The part's number, from 1.
    pub part_number: i32,
    /// Bytes of the part, exactly.
    pub size: u64,
    /// `PUT`.
    pub method: String,
    /// The URL.
    pub url: String,
    /// Headers to send along exactly so.
    pub headers: BTreeMap<String, String>,
}

/// All parts have arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CompleteUpload {
    /// All parts in order, with what the store answered for each. Without them, those that have arrived are taken.
    pub parts: Option<Vec<SentPart>>,
}

/// A part as its sender knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SentPart {
    /// Its number, from 1.
    pub part_number: i32,
    /// The header `ETag` of the answer, with or without its quotes.
    pub etag: String,
}

/// Devices to register, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDevices {
    /// The channel; without it that of the caller.
    #[schema(value_type = Option<words::Channel>)]
    pub channel: Option<Channel>,
    /// Taken, and without meaning here: a list that is longer than the channel takes is refused in any case.
    pub strict: Option<bool>,
    /// What becomes of group tag and user of devices that the tenant has already: `update`, or `keep`.
    #[schema(value_type = Option<words::OnConflict>)]
    pub on_conflict: Option<OnConflict>,
    /// For devices that bring no group tag of their own.
    #[schema(max_length = 128)]
    pub group_tag: Option<String>,
    /// Register nothing, and find out what would become of each device.
    pub validate_only: Option<bool>,
    /// The devices, at most as many as the channel takes at once: 500 or 1,000. Row 1 of all answers is the first one.
    #[schema(min_items = 1, max_items = 1000)]
    pub devices: Vec<NewDevice>,
}

/// A device to register. What identifies it is the channel's to say: a hash; a product key id; manufacturer, model and serial
/// number together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDevice {
    /// The serial number.
    #[schema(max_length = 128)]
    pub serial_number: Option<String>,
    /// The manufacturer, as the firmware spells it.
    #[schema(max_length = 128)]
    pub manufacturer: Option<String>,
    /// The model, as the firmware spells it.
    #[schema(max_length = 128)]
    pub model: Option<String>,
    /// The product key id (PKID), or the Windows product id.
    #[schema(max_length = 64)]
    pub product_key_id: Option<String>,
    /// The 4K hardware hash, in base64.
    #[schema(max_length = 24000)]
    pub hardware_hash: Option<String>,
    /// The group tag.
    #[schema(max_length = 128)]
    pub group_tag: Option<String>,
    /// The user principal name of whom it is meant for.
    #[schema(max_length = 320)]
    pub assigned_user: Option<String>,
}

impl From<&NewDevice> for DeviceRow {
    fn from(new: &NewDevice) -> Self {
        let NewDevice {
            serial_number,
            manufacturer,
            model,
            product_key_id,
            hardware_hash,
            group_tag,
            assigned_user,
        } = new.clone();
        Self {
            serial_number,
            manufacturer,
            model,
            product_key_id,
            hardware_hash,
            group_tag,
            assigned_user,
        }
    }
}

/// A body that says nothing: `{}`, or none at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}
