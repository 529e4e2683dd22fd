//! Jobs that were not worked off as they should be, and what is no job at all.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use journeys::lists::device;
use journeys::world::Result;
use muster_core::id::AnnouncementId;
use muster_core::upload::Reason;
use muster_store::device_batches::{DeviceBatch, Ended};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Place, by_key, code};

/// The job that an announcement would be: its 120 bits in a UUID of version 8.
fn job_of(announcement: &str) -> Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(announcement.strip_prefix("a-").ok_or("no announcement")?)?;
    let bits = bytes.iter().fold(0, |bits: u128, byte| bits << 8 | u128::from(*byte));
    let marked = (bits >> 72) << 80 | 0x8 << 76 | ((bits >> 60) & 0xfff) << 64 | 0b1000 << 60 | bits & ((1 << 60) - 1);
    Ok(Uuid::from_u128(marked).to_string())
}

#[tokio::test]
async fn what_was_announced_beside_these_calls_is_no_job() -> Result<()> {
    let place = Place::new().await?;
    place.batch("a", by_key(0..1)).await?;
    let batches = place.world.embedded.device_batches();
    let batch = batches
        .get(place.tenant, &place.contoso, "a")
        .await?
        .ok_or("no batch")?;
    let own = place
        .get(&format!("~/batchJobStatus/{}", job_of(batch.first.as_str())?))
        .await?;
    assert_eq!(own.body["status"], "finished", "{own:?}");

    let devices = json!([{ "productKeyId": device(1).pkid }]);
    let native = format!("POST /v1/tenants/{}/devices", place.tenant);
    let announced = native.replace("/devices", "/uploads");
    // One that only has the name of these lists is none of them either.
    let uploads = [
        json!({ "name": "native.csv", "size": 17 }),
        json!({ "name": "device-batch.csv", "size": 17 }),
        json!({ "name": "device-batch.csv", "size": 17 << 20 }),
        json!({ "name": "device-batch.csv", "size": 17, "multipart": true }),
        json!({ "name": "device-batch.csv", "size": 17, "validateOnly": true }),
    ];
    let uploads = uploads.into_iter().map(|upload| (announced.clone(), upload));
    for (what, body) in uploads.chain([(native, json!({ "devices": devices }))]) {
        let taken = place.ask(&what, &body).await?;
        assert!(taken.status.is_success(), "{taken:?}");
        let id = taken.body["announcement"].as_str().or(taken.body["id"].as_str());
        let id = id.ok_or("no id")?;
        if let Some(size) = body["size"].as_u64() {
            let announced = place.world.embedded.announcements().get(&id.parse()?).await?;
            let key = announced.ok_or("no announcement")?.key;
            let list = vec![b'x'; usize::try_from(size)?];
            place.world.drop_file(&key, list, &[]).await?;
            place.world.flow.idle().await;
        }
        let job = job_of(id)?;
        let told = place.get(&format!("~/batchJobStatus/{job}")).await?;
        assert_eq!(code(&told), (404, 1000), "{what} {body}");
    }
    Ok(())
}

#[tokio::test]
async fn a_batch_behind_one_that_is_not_validated_is_told() -> Result<()> {
    let place = Place::new().await?;
    // More than one batch of 4 MiB holds. What is no hash fails, and the last one does not.
    let mut devices: Vec<Value> = (0..190)
        .map(|_| json!({ "hardwareHash": "A".repeat(24_000) }))
        .collect();
    devices.extend(by_key(1..2).as_array().into_iter().flatten().cloned());
    let job = place.batch("a", json!(devices)).await?;
    assert_eq!(
        job["devicesStatus"][0]["errorCode"], "802",
        "{}",
        job["devicesStatus"][0]
    );
    let uploads = place.world.embedded.uploads();
    let uploads = uploads.list(Some(place.tenant), None, 10).await?.uploads;
    assert_eq!(uploads[0].total, Some(2), "{uploads:?}");
    let first = format!("uploads/{}/batches/00000000.ndjson", uploads[0].id);
    place.world.embedded.objects().delete(&first).await?;

    let id = job["batchTrackingId"].as_str().ok_or("no id")?;
    let job = place.get(&format!("~/batchJobStatus/{id}")).await?.body;
    let told = job["devicesStatus"].as_array().ok_or("no devices")?;
    assert_eq!(told.len(), 191);
    assert_eq!(
        (&told[0]["errorCode"], &told[0]["errorDescription"]),
        (&json!("640"), &json!("StorageError")),
        "{}",
        told[0]
    );
    assert_eq!(told[190]["status"], "finished", "{}", told[190]);
    assert!(told[190]["deviceId"].is_string(), "{}", told[190]);
    Ok(())
}

#[tokio::test]
async fn of_a_job_that_is_finished_no_device_failed() -> Result<()> {
    let place = Place::new().await?;
    let job = place.batch("a", by_key(0..2)).await?;
    let uploads = place.world.embedded.uploads();
    let upload = uploads.list(Some(place.tenant), None, 10).await?.uploads.remove(0).id;
    let rows = format!("uploads/{upload}/batches/00000000.ndjson");
    place.world.embedded.objects().delete(&rows).await?;
    let id = job["batchTrackingId"].as_str().ok_or("no id")?;
    let job = place.get(&format!("~/batchJobStatus/{id}")).await?.body;
    let statuses: Vec<&Value> = job["devicesStatus"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|device| &device["status"])
        .collect();
    assert_eq!(statuses, ["finished"; 2], "{job}");
    assert_eq!(job["status"], "finished", "{job}");
    Ok(())
}

#[tokio::test]
async fn a_list_that_was_given_up_unsplit_has_ended_for_its_batch_too() -> Result<()> {
    let place = Place::new().await?;
    place.world.flow.stop();
    let new = json!({ "batchId": "a", "devices": by_key(0..2) });
    let job = place.job(&place.ask("POST ~/deviceBatches", &new).await?);
    let batches = place.world.embedded.device_batches();
    let batch = batches
        .get(place.tenant, &place.contoso, "a")
        .await?
        .ok_or("no batch")?;
    let announced = place.world.embedded.announcements().get(&batch.first).await?;
    let object = announced.and_then(|announced| announced.object).ok_or("no object")?;
    let reason = Reason {
        code: "never-split".to_owned(),
        detail: "it was never split, though it was sent again 5 times".to_owned(),
        remedy: "Look into the dead letters.".to_owned(),
    };
    let uploads = place.world.embedded.uploads();
    uploads
        .record_unsplit(&object, 5, None, &reason, place.world.now())
        .await?;
    let told = place.get(&format!("~/batchJobStatus/{job}")).await?.body;
    assert_eq!(told["status"], "finished_with_errors", "{told}");
    let listed = place.get("~/deviceBatches").await?.body;
    assert_eq!(listed["items"][0]["status"], "finished_with_errors", "{listed}");
    Ok(())
}

#[tokio::test]
async fn batches_come_in_pages_of_a_hundred() -> Result<()> {
    let place = Place::new().await?;
    let batches = place.world.embedded.device_batches();
    for n in 0..101_u8 {
        let batch = DeviceBatch {
            id: format!("batch {n:03}"),
            tenant: place.tenant,
            partner: place.contoso.clone(),
            created_at: place.world.now(),
            first: AnnouncementId::of_seed([n; 16]),
            uploads: Vec::new(),
            ended: Ended::default(),
        };
        batches.create(&batch).await?;
    }
    let first = place.get("~/deviceBatches").await?.body;
    let token = first["continuationToken"].as_str().ok_or("no token")?;
    let next = [("MS-ContinuationToken", token)];
    let second = place.send("GET ~/deviceBatches", &next, Vec::new()).await?.body;
    assert!(second.get("continuationToken").is_none(), "{second}");
    let ids: Vec<&str> = [&first, &second]
        .into_iter()
        .flat_map(|page| page["items"].as_array().into_iter().flatten())
        .filter_map(|batch| batch["id"].as_str())
        .collect();
    let expected: Vec<String> = (0..101).map(|n| format!("batch {n:03}")).collect();
    assert_eq!(ids, expected);
    assert_eq!(first["totalCount"], 100);
    let wrong = [("MS-ContinuationToken", "x")];
    let refused = place.send("GET ~/deviceBatches", &wrong, Vec::new()).await?;
    assert_eq!(code(&refused), (400, 3000));
    Ok(())
}
