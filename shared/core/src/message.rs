//! What travels in the queues: pointers, never rows. Every message may come twice, late or in another order.

use serde::{Deserialize, Serialize};

use crate::id::{TenantId, UploadId};
use crate::inbox::{percent_decode, percent_encode};
use crate::upload::{Batch, ObjectVersion};

/// A batch to validate, and then to register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchMessage {
    /// The upload.
    pub upload: UploadId,
    /// The tenant, for fair queueing.
    pub tenant: TenantId,
    /// The batch's number, counted from 0.
    pub number: u32,
    /// Where its rows are.
    pub object: ObjectVersion,
    /// Which rows.
    pub batch: Batch,
    /// Set where it is the upload's only batch, which takes the express queues.
    #[serde(default)]
    pub express: bool,
}

/// An upload whose batches are all done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FinishMessage {
    /// The upload.
    pub upload: UploadId,
    /// The tenant, for fair queueing.
    pub tenant: TenantId,
}

/// Objects that were created, in the form of an S3 event notification (Amazon S3 User Guide, "Event message structure").
/// What S3 sends and is not needed here is passed over; its test message has no records.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ObjectsCreated {
    /// One for each object.
    #[serde(rename = "Records", default)]
    pub records: Vec<ObjectCreated>,
}

/// One record of an S3 event notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectCreated {
    s3: S3Entity,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct S3Entity {
    bucket: S3Bucket,
    object: S3Object,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct S3Bucket {
    name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct S3Object {
    key: String,
    #[serde(default)]
    version_id: Option<String>,
}

impl ObjectsCreated {
    /// A notification of one object version.
    #[must_use]
    pub fn of(object: &ObjectVersion) -> Self {
        let key = object.key.split('/').map(percent_encode).collect::<Vec<_>>().join("/");
        let entity = S3Object {
            key,
            version_id: Some(object.version.clone()),
        };
        let s3 = S3Entity {
            bucket: S3Bucket {
                name: object.bucket.clone(),
            },
            object: entity,
        };
        Self {
            records: vec![ObjectCreated { s3 }],
        }
    }
}

impl ObjectCreated {
    /// The object version, its key decoded: S3 sends keys as in a form, `+` for a space. A bucket without versions
    /// has the version `null`. `None` where the key is not UTF-8.
    #[must_use]
    pub fn object(&self) -> Option<ObjectVersion> {
        let object = &self.s3.object;
        Some(ObjectVersion {
            bucket: self.s3.bucket.name.clone(),
            key: percent_decode(&object.key.replace('+', " "))?,
            version: object.version_id.clone().unwrap_or_else(|| "null".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_spaces_plus_signs_and_umlauts_survive_the_event() {
        for key in [
            "inbox/intune/-/t/a b.csv",
            "inbox/intune/-/t/a+b%20c.csv",
            "inbox/intune/-/Müller/März #1.csv",
        ] {
            let object = ObjectVersion {
                bucket: "b".to_owned(),
                key: key.to_owned(),
                version: "1".to_owned(),
            };
            let body = serde_json::to_string(&ObjectsCreated::of(&object)).unwrap();
            let read: ObjectsCreated = serde_json::from_str(&body).unwrap();
            assert_eq!(read.records[0].object().unwrap(), object);
        }
    }

    #[test]
    fn an_event_as_s3_sends_it_is_read() {
        let read: ObjectsCreated = serde_json::from_str(include_str!("../tests/fixtures/s3-event.json")).unwrap();
        let object = read.records[0].object().unwrap();
        assert_eq!(object.key, "inbox/intune/-/Fabrikam GmbH/Märzlieferung 1.csv");
        assert_eq!(object.version, "096fKKXTRTtl3on89fVO.nfljtsv6qko");
    }

    #[test]
    fn the_test_message_of_s3_has_no_records() {
        let body = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-01T00:00:00.000Z","Bucket":"b"}"#;
        assert!(serde_json::from_str::<ObjectsCreated>(body).unwrap().records.is_empty());
    }
}
