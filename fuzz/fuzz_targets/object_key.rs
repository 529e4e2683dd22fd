//! Keys of objects and their options, as `split-upload` meets them: events in JSON, keys encoded as S3 does.
#![no_main]

use libfuzzer_sys::fuzz_target;
use muster_core::channel::Channel;
use muster_core::id::{PartnerId, TenantId};
use muster_core::inbox::{InboxKey, UploadOptions};
use muster_core::message::{BatchMessage, FinishMessage, ObjectsCreated};
use muster_core::upload::ObjectVersion;

fuzz_target!(|data: &[u8]| {
    // A message of a queue, whoever wrote it.
    if let Ok(event) = serde_json::from_slice::<ObjectsCreated>(data) {
        event
            .records
            .iter()
            .filter_map(|record| record.object())
            .for_each(|object| key(&object.key));
    }
    let _ = serde_json::from_slice::<BatchMessage>(data);
    let _ = serde_json::from_slice::<FinishMessage>(data);
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    key(text);
    // The same text as a key that is encoded already.
    let encoded = serde_json::json!({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": text}}}]});
    let event: ObjectsCreated = serde_json::from_value(encoded).expect("an event");
    if let Some(object) = event.records.first().and_then(|record| record.object()) {
        assert_eq!(object.version, "null");
        key(&object.key);
    }
    let mut lines = text.lines();
    let pairs: Vec<(&str, &str)> = std::iter::from_fn(|| Some((lines.next()?, lines.next()?))).collect();
    match UploadOptions::from_metadata(pairs) {
        Ok(options) => {
            let written = options.to_metadata();
            assert!(written.iter().all(|(name, value)| name.is_ascii() && value.is_ascii()));
            let pairs = written.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            assert_eq!(UploadOptions::from_metadata(pairs), Ok(options));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

fn key(key: &str) {
    let object = ObjectVersion {
        bucket: "b".to_owned(),
        key: key.to_owned(),
        version: "1".to_owned(),
    };
    let sent = serde_json::to_vec(&ObjectsCreated::of(&object)).expect("an event is JSON");
    let event: ObjectsCreated = serde_json::from_slice(&sent).expect("and is read again");
    assert_eq!(
        event.records.first().and_then(|record| record.object()).as_ref(),
        Some(&object)
    );
    assert_eq!(
        object.upload_id(),
        object.upload_id().to_string().parse().expect("an id is read again")
    );

    let Some(parts) = InboxKey::parse(key) else {
        return;
    };
    assert_eq!(
        InboxKey::format(parts.channel, parts.partner, parts.tenant, parts.name),
        key
    );
    let _ = parts.channel.parse::<Channel>();
    if let Ok(tenant) = parts.tenant.parse::<TenantId>() {
        assert!(tenant.to_string().eq_ignore_ascii_case(parts.tenant));
    }
    if let Some(Ok(partner)) = parts.partner.map(str::parse::<PartnerId>) {
        assert!(partner.as_str().eq_ignore_ascii_case(parts.partner.unwrap_or_default()));
    }
}
