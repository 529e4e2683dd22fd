//! Device batches, and what became of them.

use std::collections::BTreeSet;

use journeys::api::Who;
use journeys::lists::{Row, device, intune};
use journeys::world::{Result, TAILSPIN};
use serde_json::{Value, json};

use super::{Place, by_key, code, sample, sent};

/// A member of each device of a job, in order.
fn each<'a>(job: &'a Value, member: &str) -> Vec<&'a Value> {
    let devices = job["devicesStatus"].as_array().unwrap();
    devices.iter().map(|device| &device[member]).collect()
}

#[tokio::test]
async fn the_published_samples_are_taken_as_they_are() -> Result<()> {
    let place = Place::new().await?;
    let made = place.send("POST ~/deviceBatches", &[], sample!("create-batch.request.pascal.json"));
    let job = place.done(&made.await?).await?;
    // Its hash is a dummy, and one that failed is never finished.
    assert_eq!(job["status"], "finished_with_errors", "{job}");
    let expected = json!([{
        "serialNumber": "1R9-ZNP67", "productKey": "00329-00000-0003-AA606", "status": "finished_with_errors",
        "errorCode": "802", "errorDescription": "InvalidZtdHardwareHash",
        "attributes": { "objectType": "DeviceUploadDetails" },
    }]);
    assert_eq!(job["devicesStatus"], expected);
    assert_eq!(job["attributes"]["objectType"], "BatchUploadDetails");
    assert!(
        job["startedTime"].is_string() && job["completedTime"].is_string(),
        "{job}"
    );

    let made = place.send(
        "POST ~/deviceBatches",
        &[],
        sample!("create-batch.request.camel.tuple.json"),
    );
    let job = place.done(&made.await?).await?;
    assert_eq!(job["status"], "finished", "{job}");
    assert_eq!(each(&job, "status"), ["finished"; 3]);
    assert_eq!(
        each(&job, "serialNumber"),
        [&json!("SYN-0003"), &Value::Null, &Value::Null]
    );
    assert_eq!(
        each(&job, "productKey"),
        [&Value::Null, &json!("3303012345678"), &Value::Null]
    );
    assert!(each(&job, "deviceId").iter().all(|id| id.is_string()), "{job}");

    let more = place.send(
        "POST ~/deviceBatches/po-4711/devices",
        &[],
        sample!("add-devices.request.bare-array.json"),
    );
    let job = place.done(&more.await?).await?;
    assert_eq!(
        (each(&job, "status"), each(&job, "errorCode")),
        (vec![&json!("finished")], vec![&Value::Null])
    );

    let listed = place.get("~/deviceBatches").await?.body;
    assert_eq!(
        (&listed["totalCount"], &listed["attributes"]),
        (&json!(2), &json!({ "objectType": "Collection" }))
    );
    let seen: Vec<(&str, &str, u64)> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|batch| {
            let text = |name: &str| batch[name].as_str().unwrap();
            (text("id"), text("status"), batch["devicesCount"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(
        seen,
        [("Test batch", "finished_with_errors", 0), ("po-4711", "finished", 4)]
    );
    let link = &listed["items"][0]["devicesLink"];
    let uri = format!("/customers/{}/deviceBatches/Test%20batch/devices", place.tenant);
    assert_eq!(link, &json!({ "uri": uri, "method": "GET", "headers": [] }));
    assert_eq!(place.get(&format!("/v1{uri}")).await?.body["totalCount"], 0);

    let devices = place.get("~/deviceBatches/po-4711/devices").await?.body;
    assert_eq!(devices["totalCount"], 4, "{devices}");
    assert!(devices.get("continuationToken").is_none());
    for device in devices["items"].as_array().unwrap() {
        assert!(device.get("hardwareHash").is_none(), "{device}");
        assert_eq!(
            device["policies"],
            json!([{ "key": "o_o_b_e", "value": null }]),
            "{device}"
        );
        assert_eq!(device["attributes"]["objectType"], "Device");
    }
    let tagged = place.world.devices(place.tenant).await?;
    assert!(
        tagged
            .iter()
            .all(|device| device.group_tag.as_deref() == Some("po-4711")),
        "{tagged:?}"
    );
    place.assert_sound().await
}

/// A hash as spreadsheets and scripts leave it.
fn as_scripts_write(hash: &str) -> String {
    let (begin, end) = hash.split_at(76);
    let end = end.trim_end_matches('=').replace('+', "-").replace('/', "_");
    format!("{begin}\r\n {end}")
}

#[tokio::test]
async fn every_way_to_identify_a_device_is_taken_and_no_other() -> Result<()> {
    let place = Place::new().await?;
    let hash = |n: u64| Row {
        serial: String::new(),
        ..Row::of_hash(&device(n))
    };
    let key = |n: u64| device(n).pkid.unwrap();
    let six = [
        sent(&Row {
            product_id: key(1),
            ..hash(1)
        }),
        sent(&Row::of_hash(&device(2))),
        sent(&Row {
            product_id: key(3),
            ..Row::of_hash(&device(3))
        }),
        sent(&Row {
            hash: as_scripts_write(&hash(4).hash),
            ..hash(4)
        }),
        sent(&Row::of_pkid(&device(5))),
        sent(&Row::of_tuple(&device(6))),
    ];
    let job = place.batch("six", json!(six)).await?;
    assert_eq!(job["status"], "finished", "{job}");
    assert_eq!(each(&job, "status"), ["finished"; 6], "{job}");
    let tuple = Row::of_tuple(&device(7));
    for (what, wrong) in [
        ("nothing", json!({ "serialNumber": "", "attributes": {} })),
        ("a serial number", json!({ "serialNumber": "A" })),
        ("no model", json!({ "serialNumber": "A", "oemManufacturerName": "B" })),
        (
            "a key and a serial number",
            json!({ "productKey": key(8), "serialNumber": "A" }),
        ),
        (
            "a hash and a tuple",
            sent(&Row {
                hash: hash(7).hash,
                ..tuple.clone()
            }),
        ),
        (
            "a key and a tuple",
            sent(&Row {
                product_id: key(7),
                ..tuple
            }),
        ),
    ] {
        let good = sent(&Row::of_pkid(&device(9)));
        let new = json!({ "batchId": "bad", "devices": [good, wrong] });
        let answer = place.ask("POST ~/deviceBatches", &new).await?;
        assert_eq!(code(&answer), (400, 3000), "{what}: {answer:?}");
        assert!(
            answer.body["data"][0].as_str().unwrap().starts_with("devices[1]: "),
            "{what}: {answer:?}"
        );
    }
    // Nothing of what was refused is left: the name is free.
    assert_eq!(place.batch("bad", by_key(9..10)).await?["status"], "finished");
    Ok(())
}

#[tokio::test]
async fn each_row_that_failed_says_so_by_its_published_code() -> Result<()> {
    let place = Place::new().await?;
    let tailspin = TAILSPIN.parse()?;
    place.world.upload("intune", None, tailspin, intune(1..2)).await?;
    place.batch("first", by_key(2..3)).await?;
    let whole = Row::of_hash(&device(5)).hash;
    let bad = if &whole[300..301] == "A" { "B" } else { "A" };
    let damaged = Row {
        hash: format!("{}{bad}{}", &whole[..300], &whole[301..]),
        ..Row::default()
    };
    let owned = Row {
        serial: String::new(),
        ..Row::of_hash(&device(1))
    };
    let twice = sent(&Row::of_pkid(&device(3)));
    let rows = json!([
        sent(&owned),
        by_key(2..3)[0],
        twice,
        twice,
        sent(&damaged),
        by_key(4..5)[0]
    ]);
    let new = json!({ "batchId": "second", "devices": rows });
    let job = place.done(&place.ask("POST ~/deviceBatches", &new).await?).await?;
    let failed = json!("finished_with_errors");
    assert_eq!(job["status"], failed);
    let found: Vec<(Option<&str>, Option<&str>)> = each(&job, "errorCode")
        .into_iter()
        .zip(each(&job, "errorDescription"))
        .map(|(number, name)| (number.as_str(), name.as_str()))
        .collect();
    assert_eq!(found[0], (Some("808"), Some("ZtdDeviceAssignedToOtherTenant")), "{job}");
    // The tenant has it already: the batch's name is its group tag from now on.
    assert_eq!(found[1], (None, None), "{job}");
    let twins: BTreeSet<_> = found[2..4].iter().copied().collect();
    assert_eq!(
        twins,
        BTreeSet::from([(None, None), (None, Some("ZtdDeviceDuplicated"))]),
        "{job}"
    );
    assert_eq!(found[4], (Some("802"), Some("InvalidZtdHardwareHash")), "{job}");
    assert_eq!(found[5], (None, None), "{job}");
    assert!(each(&job, "deviceId")[0].is_null(), "{job}");

    let again = place.ask("POST ~/deviceBatches/second/devices", &by_key(4..5)).await?;
    let job = place.done(&again).await?;
    assert_eq!(each(&job, "errorCode"), ["806"], "{job}");
    assert_eq!((&job["status"], each(&job, "status")), (&failed, vec![&failed]));

    let demands = json!({ "requireCatalogue": true });
    let what = format!("PATCH /v1/tenants/{}", place.tenant);
    let changed = place.api.ask(&Who::Service, &place.world, &what, &[], &demands).await?;
    assert_eq!(changed.status, 200, "{changed:?}");
    let tuple = json!([sent(&Row::of_tuple(&device(6)))]);
    let job = place.batch("third", tuple).await?;
    assert_eq!(each(&job, "errorDescription"), ["ZtdDeviceNotFound"], "{job}");
    assert_eq!(each(&job, "errorCode"), ["812"], "{job}");
    place.assert_sound().await
}

#[tokio::test]
async fn a_request_with_the_same_id_is_carried_out_once() -> Result<()> {
    let place = Place::new().await?;
    let id = [("MS-RequestId", "cb82f7d6-f0d9-44d4-82f9-f6eee6e68390")];
    let body = |n: u64| serde_json::to_vec(&json!({ "batchId": "a", "devices": by_key(0..n) })).unwrap();
    let first = place.send("POST ~/deviceBatches", &id, body(2)).await?;
    let again = place.send("POST ~/DeviceBatches", &id, body(2)).await?;
    assert_eq!((again.status, place.job(&again)), (first.status, place.job(&first)));
    assert_eq!(
        code(&place.send("POST ~/deviceBatches", &id, body(3)).await?),
        (409, 409)
    );
    // Without it, a name is taken once, and its batch is added to.
    assert_eq!(
        code(&place.send("POST ~/deviceBatches", &[], body(2)).await?),
        (409, 409)
    );
    let more = place.ask("POST ~/deviceBatches/a/devices", &by_key(2..3)).await?;
    assert_eq!(place.done(&more).await?["status"], "finished");
    let listed = place.get("~/deviceBatches").await?.body;
    assert_eq!(
        (&listed["totalCount"], &listed["items"][0]["devicesCount"]),
        (&json!(1), &json!(3))
    );
    let nowhere = place.ask("POST ~/deviceBatches/b/devices", &by_key(3..4)).await?;
    assert_eq!(code(&nowhere), (404, 1000));
    let other = json!([{ "productKey": device(4).pkid, "deviceBatchId": "b" }]);
    assert_eq!(
        code(&place.ask("POST ~/deviceBatches/a/devices", &other).await?),
        (400, 3000)
    );
    assert_eq!(place.world.devices(place.tenant).await?.len(), 3);
    place.assert_sound().await
}

#[tokio::test]
async fn devices_come_in_pages_of_a_hundred_and_a_thousand_are_taken_at_once() -> Result<()> {
    let place = Place::new().await?;
    place.batch("many", by_key(0..100)).await?;
    let whole = place.get("~/deviceBatches/many/devices").await?.body;
    assert_eq!(
        (whole["totalCount"].as_u64(), whole.get("continuationToken")),
        (Some(100), None)
    );
    place.batch("others", by_key(200..201)).await?;
    let more = place
        .ask("POST ~/deviceBatches/many/devices", &by_key(100..101))
        .await?;
    place.done(&more).await?;
    let first = place.get("~/deviceBatches/many/devices").await?.body;
    let token = first["continuationToken"].as_str().unwrap();
    let next = [("MS-ContinuationToken", token)];
    let second = place
        .send("GET ~/deviceBatches/many/devices", &next, Vec::new())
        .await?
        .body;
    assert!(second.get("continuationToken").is_none(), "{second}");
    let ids: BTreeSet<&str> = [&first, &second]
        .into_iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|device| device["id"].as_str().unwrap())
        .collect();
    assert_eq!((first["totalCount"].as_u64(), ids.len()), (Some(100), 101));
    let elsewhere = place
        .send("GET ~/deviceBatches/others/devices", &next, Vec::new())
        .await?;
    assert_eq!(code(&elsewhere), (400, 3000), "{elsewhere:?}");
    for devices in [json!([]), Value::Array(vec![sent(&Row::of_pkid(&device(1))); 1001])] {
        let new = json!({ "batchId": "more", "devices": devices });
        let answer = place.ask("POST ~/deviceBatches", &new).await?;
        assert_eq!(code(&answer), (400, 3000));
        assert_eq!(
            code(&place.ask("POST ~/deviceBatches/many/devices", &devices).await?),
            (400, 3000)
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_removed_device_is_released_and_removed_once() -> Result<()> {
    let place = Place::new().await?;
    place.world.upload("intune", None, place.tenant, intune(7..8)).await?;
    place.batch("My batch", by_key(0..2)).await?;
    let listed = place.get("~/deviceBatches/My%20batch/devices").await?.body;
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    let own = place.world.devices(place.tenant).await?;
    let own = own
        .iter()
        .find(|device| device.registrant.partner().is_none())
        .unwrap()
        .id;
    place.batch("other", by_key(5..6)).await?;
    for hidden in [
        format!("DELETE ~/deviceBatches/other/devices/{id}"),
        format!("DELETE ~/deviceBatches/nobodys/devices/{id}"),
        format!("DELETE ~/deviceBatches/My%20batch/devices/{own}"),
        "DELETE ~/deviceBatches/My%20batch/devices/9993-8627-3608-6844-6369-4361-72".to_owned(),
    ] {
        assert_eq!(code(&place.ask(&hidden, &Value::Null).await?), (404, 1000), "{hidden}");
    }
    for _ in 0..2 {
        let gone = place
            .ask(&format!("DELETE ~/DeviceBatches/My%20batch/devices/{id}"), &Value::Null)
            .await?;
        assert_eq!((gone.status.as_u16(), gone.bytes.len()), (204, 0), "{gone:?}");
    }
    assert_eq!(
        place.get("~/deviceBatches/My%20batch/devices").await?.body["totalCount"],
        1
    );
    place.assert_sound().await
}

#[tokio::test]
async fn a_job_that_is_not_done_is_queued_or_processed_and_one_of_nobody_is_none() -> Result<()> {
    let place = Place::new().await?;
    place.world.flow.stop();
    let new = json!({ "batchId": "a", "devices": by_key(0..2) });
    let job = place.job(&place.ask("POST ~/deviceBatches", &new).await?);
    let told = place.get(&format!("~/batchJobStatus/{job}")).await?.body;
    assert_eq!(
        (&told["status"], each(&told, "status")),
        (&json!("queued"), vec![&json!("queued"); 2]),
        "{told}"
    );
    assert!(told.get("completedTime").is_none(), "{told}");
    assert_eq!(place.get("~/deviceBatches").await?.body["items"][0]["status"], "queued");
    for other in ["0127ed8e-ff72-4983-a3d8-e8d8bd378932", "x"] {
        assert_eq!(
            code(&place.get(&format!("~/batchJobStatus/{other}")).await?),
            (404, 1000),
            "{other}"
        );
    }
    // Of another partner's job nobody learns.
    let adatum = place
        .world
        .partner("adatum", muster_core::party::PartnerKind::CspDirect, None)
        .await?;
    place.world.consent(place.tenant, &adatum).await?;
    let stranger = Who::OfPartner(adatum, muster_core::access::Role::SalesAgent);
    let what = format!("GET /v1/customers/{}/batchJobStatus/{job}", place.tenant);
    let answer = place.api.ask(&stranger, &place.world, &what, &[], &Value::Null).await?;
    assert_eq!(code(&answer), (404, 1000));
    Ok(())
}
