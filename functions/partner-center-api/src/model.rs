//! Partner Center's resources, as they go over the wire. What is sent names its members in lower case: see
//! [`AnyCase`](crate::body::AnyCase).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A device, as it is sent. Clients give empty texts, or null, for what they do not know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SentDevice {
    pub(crate) id: Option<String>,
    #[serde(rename = "serialnumber")]
    pub(crate) serial_number: Option<String>,
    #[serde(rename = "productkey")]
    pub(crate) product_key: Option<String>,
    #[serde(rename = "hardwarehash")]
    pub(crate) hardware_hash: Option<String>,
    #[serde(rename = "modelname")]
    pub(crate) model_name: Option<String>,
    #[serde(rename = "oemmanufacturername")]
    pub(crate) oem_manufacturer_name: Option<String>,
    pub(crate) policies: Option<Vec<SentPolicy>>,
    #[serde(rename = "devicebatchid")]
    pub(crate) device_batch_id: Option<String>,
}

/// Which policy of a category a device is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SentPolicy {
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
}

/// A batch to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewBatch {
    #[serde(rename = "batchid")]
    pub(crate) batch_id: Option<String>,
    pub(crate) devices: Option<Vec<SentDevice>>,
}

/// Devices whose policies are to be updated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PolicyUpdates {
    pub(crate) devices: Option<Vec<SentDevice>>,
}

/// A policy to make, or to put in another's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SentConfiguration {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) description: Option<String>,
    #[serde(rename = "policysettings")]
    pub(crate) policy_settings: Option<Vec<String>>,
}

/// A change of what a partner is to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SentCustomer {
    #[serde(rename = "relationshiptopartner")]
    pub(crate) relationship_to_partner: Option<String>,
}

/// What every resource says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    object_type: &'static str,
}

impl Attributes {
    pub(crate) const fn of(object_type: &'static str) -> Self {
        Self {
            etag: None,
            object_type,
        }
    }

    pub(crate) fn at_version(object_type: &'static str, version: u64) -> Self {
        Self {
            etag: Some(format!("\"{version}\"")),
            object_type,
        }
    }
}

/// A time as it is told: with milliseconds, since the SDKs read no more than seven digits of a second.
pub(crate) fn time(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Collection<T> {
    /// How many are in this page: the whole is never counted.
    total_count: usize,
    items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_token: Option<String>,
    attributes: Attributes,
}

impl<T> Collection<T> {
    pub(crate) fn of(items: Vec<T>, continuation_token: Option<String>) -> Self {
        Self {
            total_count: items.len(),
            items,
            continuation_token,
            attributes: Attributes::of("Collection"),
        }
    }
}

/// How far something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Unknown,
    Queued,
    Processing,
    Finished,
    FinishedWithErrors,
}

/// A named list of devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceBatch {
    pub(crate) id: String,
    /// The partner's name.
    pub(crate) created_by: String,
    pub(crate) creation_date: Timestamp,
    pub(crate) status: Status,
    /// Rows of its lists that were registered.
    pub(crate) devices_count: u64,
    pub(crate) devices_link: Link,
    pub(crate) attributes: Attributes,
}

/// Where something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Link {
    pub(crate) uri: String,
    pub(crate) method: &'static str,
    pub(crate) headers: Vec<String>,
}

/// A registered device. Its hash is never told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Device {
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) product_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) oem_manufacturer_name: Option<String>,
    pub(crate) policies: Vec<GivenPolicy>,
    /// The name of the partner that registered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_by: Option<String>,
    pub(crate) uploaded_date: Timestamp,
    pub(crate) allowed_operations: [&'static str; 3],
    pub(crate) attributes: Attributes,
}

/// Which policy of a category a device was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct GivenPolicy {
    pub(crate) key: &'static str,
    pub(crate) value: Option<String>,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchUploadDetails {
    pub(crate) batch_tracking_id: String,
    pub(crate) status: Status,
    pub(crate) started_time: Timestamp,
    /// Absent while it is worked on: the SDKs' time is no null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completed_time: Option<Timestamp>,
    pub(crate) devices_status: Vec<DeviceUploadDetails>,
    pub(crate) attributes: Attributes,
}

/// What became of a device of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceUploadDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) product_key: Option<String>,
    pub(crate) status: Status,
    /// A number, as a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_code: Option<String>,
    /// Its published name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_description: Option<String>,
    pub(crate) attributes: Attributes,
}

/// A policy: how devices are set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigurationPolicy {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// Devices that were given it. The wire's name, and the one of the pages that describe it.
    pub(crate) devices_assigned: u64,
    pub(crate) devices_assigned_count: u64,
    pub(crate) policy_settings: Vec<&'static str>,
    pub(crate) created_date: Timestamp,
    pub(crate) last_modified_date: Timestamp,
    pub(crate) attributes: Attributes,
}

/// An invitation for customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RelationshipRequest {
    pub(crate) url: String,
    pub(crate) attributes: Attributes,
}

/// What a customer and its partner are to each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) relationship_to_partner: &'static str,
    pub(crate) attributes: Attributes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_milliseconds() {
        let told = |text: &str| time(text.parse().unwrap()).to_string();
        assert_eq!(told("2026-11-30T02:23:25.767286463Z"), "2026-11-30T02:23:25.767Z");
        assert_eq!(told("2026-11-30T02:23:25Z"), "2026-11-30T02:23:25Z");
    }

    #[test]
    fn words_are_spelt_with_underscores() {
        let all = [
            (Status::Unknown, "unknown"),
            (Status::Queued, "queued"),
            (Status::Processing, "processing"),
            (Status::Finished, "finished"),
            (Status::FinishedWithErrors, "finished_with_errors"),
        ];
        for (status, word) in all {
            assert_eq!(serde_json::to_value(status).unwrap(), word);
        }
    }
}
