//! What reading costs: a page of batches is read in bulk, what has ended once, and the list of a job once, too.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use journeys::api::Api;
use journeys::world::{Result, World};
use muster_core::id::{AnnouncementId, UploadId};
use muster_local::counting::Counting;
use muster_local::faults::{Fault, FaultPoint, Faulty, Plan};
use muster_store::device_batches::{DeviceBatch, Ended, MAX_UPLOADS};
use serde_json::{Value, json};

use super::{Place, by_key};

type Counts = BTreeMap<String, u64>;

/// A place, and the counters of DynamoDB's calls and of S3's.
async fn counted() -> Result<(Place, [Counting; 2])> {
    let (world, counters) = World::new().await?.counted().await?;
    Ok((Place::over(world).await?, counters))
}

fn more(after: Counts, before: &Counts) -> Counts {
    let more = after.into_iter().map(|(name, n)| {
        let seen = before.get(&name).copied().unwrap_or_default();
        (name, n - seen)
    });
    more.filter(|(_, n)| *n > 0).collect()
}

/// What an answer took: calls of the table, items of it that were asked for, calls of the bucket.
async fn taken(place: &Place, [table, bucket]: &[Counting; 2], what: &str) -> Result<(Value, [Counts; 3])> {
    let before = (table.snapshot(), table.items_read(), bucket.snapshot());
    let told = place.get(what).await?;
    assert_eq!(told.status, 200, "{told:?}");
    let counts = [
        more(table.snapshot(), &before.0),
        more(table.items_read(), &before.1),
        more(bucket.snapshot(), &before.2),
    ];
    Ok((told.body, counts))
}

fn of(counts: &Counts, name: &str) -> u64 {
    counts.get(name).copied().unwrap_or_default()
}

/// The batches that are told: name, status, number of devices.
fn told(body: &Value) -> Vec<(String, String, u64)> {
    let batch = |batch: &Value| {
        let text = |name: &str| batch[name].as_str().unwrap_or_default().to_owned();
        (
            text("id"),
            text("status"),
            batch["devicesCount"].as_u64().unwrap_or(u64::MAX),
        )
    };
    body["items"].as_array().into_iter().flatten().map(batch).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_of_a_batch_is_read_once() -> Result<()> {
    let (place, counters) = counted().await?;
    for (batch, at) in [("a", 0), ("b", 10), ("c", 20)] {
        place.batch(batch, by_key(at..at + 2)).await?;
        let path = format!("POST ~/deviceBatches/{batch}/devices");
        let more = place.ask(&path, &by_key(at + 2..at + 3)).await?;
        place.done(&more).await?;
    }
    let expected: Vec<(String, String, u64)> = ["a", "b", "c"]
        .map(|name| (name.to_owned(), "finished".to_owned(), 3))
        .into();
    let (body, [calls, items, _]) = taken(&place, &counters, "~/deviceBatches").await?;
    assert_eq!(told(&body), expected);
    assert_eq!((of(&items, "UPLOAD"), of(&items, "STRAYS")), (6, 0));
    assert_eq!(
        (of(&calls, "BatchGetItem"), of(&calls, "UpdateItem")),
        (1, 3),
        "{calls:?}"
    );

    let (body, [calls, items, _]) = taken(&place, &counters, "~/deviceBatches").await?;
    assert_eq!(told(&body), expected);
    assert_eq!((of(&items, "UPLOAD"), of(&items, "STRAYS")), (0, 0));
    assert_eq!(
        (of(&calls, "BatchGetItem"), of(&calls, "UpdateItem")),
        (0, 0),
        "{calls:?}"
    );

    // One that is known to the tenant already failed, and its batch with it.
    let more = place.ask("POST ~/deviceBatches/b/devices", &by_key(10..11)).await?;
    place.done(&more).await?;
    for reads in [1, 0] {
        let (body, [_, items, _]) = taken(&place, &counters, "~/deviceBatches").await?;
        let statuses: Vec<String> = told(&body).into_iter().map(|(_, status, _)| status).collect();
        assert_eq!(statuses, ["finished", "finished_with_errors", "finished"]);
        assert_eq!(told(&body)[1].2, 4);
        assert_eq!(of(&items, "UPLOAD"), reads);
    }
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_batches_that_are_all_worked_on_is_short_and_read_in_bulk() -> Result<()> {
    let (place, counters) = counted().await?;
    let batches = place.world.embedded.device_batches();
    for n in 0..12_u8 {
        let upload = |at: usize| UploadId::of_object("b", &format!("{n}"), &at.to_string());
        let batch = DeviceBatch {
            id: format!("batch {n:03}"),
            tenant: place.tenant,
            partner: place.contoso.clone(),
            created_at: place.world.now(),
            first: AnnouncementId::of_seed([n; 16]),
            uploads: (0..MAX_UPLOADS).map(upload).collect(),
            ended: Ended::default(),
        };
        batches.create(&batch).await?;
    }
    let mut names = Vec::new();
    let mut token: Option<String> = None;
    for expected in [5, 5, 2] {
        let before = counters[0].snapshot();
        let headers: Vec<(&str, &str)> = token.iter().map(|t| ("MS-ContinuationToken", t.as_str())).collect();
        let page = place.send("GET ~/deviceBatches", &headers, Vec::new()).await?.body;
        let calls = more(counters[0].snapshot(), &before);
        assert_eq!(told(&page).len(), expected, "{page}");
        // Of each upload, and of whether its object was given up, a hundred at once.
        assert_eq!(of(&calls, "BatchGetItem"), u64::try_from(expected)? * 4, "{calls:?}");
        assert!(of(&calls, "GetItem") < 10, "{calls:?}");
        names.extend(told(&page).into_iter().map(|(name, status, _)| {
            assert_eq!(status, "queued");
            name
        }));
        token = page["continuationToken"].as_str().map(str::to_owned);
    }
    assert_eq!(token, None);
    let expected: Vec<String> = (0..12).map(|n| format!("batch {n:03}")).collect();
    assert_eq!(names, expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_a_job_is_read_once_however_often_its_job_is_asked_for() -> Result<()> {
    let (place, counters) = counted().await?;
    place.world.flow.stop();
    let new = json!({ "batchId": "a", "devices": by_key(0..3) });
    let job = place.job(&place.ask("POST ~/deviceBatches", &new).await?);
    let what = format!("~/batchJobStatus/{job}");
    let mut first = Value::Null;
    for reads in [1, 0, 0] {
        let (body, [_, items, bucket]) = taken(&place, &counters, &what).await?;
        assert_eq!(body["status"], "queued", "{body}");
        assert_eq!(body["devicesStatus"].as_array().map(Vec::len), Some(3), "{body}");
        assert_eq!(of(&bucket, "GetObject"), reads, "{bucket:?}");
        assert_eq!((of(&items, "ANNOUNCEMENT"), of(&items, "UPLOAD")), (1, 1), "{items:?}");
        if reads == 1 {
            first = body;
        } else {
            assert_eq!(body, first);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_job_that_has_ended_each_batch_is_read_and_nothing_else() -> Result<()> {
    let (place, counters) = counted().await?;
    let job = place.batch("a", by_key(0..3)).await?;
    let what = format!("~/batchJobStatus/{}", job["batchTrackingId"].as_str().ok_or("no id")?);
    let (body, [calls, _, bucket]) = taken(&place, &counters, &what).await?;
    assert_eq!(body, job);
    assert_eq!(bucket, [("GetObject".to_owned(), 1)].into());
    assert_eq!(of(&calls, "Query"), 1, "{calls:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dies_while_it_lists_changes_nothing_of_what_is_told() -> Result<()> {
    let place = Place::new().await?;
    for n in 1..=60 {
        let name = format!("batch {n:02}");
        place.batch(&name, by_key(n * 10..n * 10 + 2)).await?;
        let expected = (1..=n).map(|n| (format!("batch {n:02}"), "finished".to_owned(), 2));
        let expected: Vec<(String, String, u64)> = expected.collect();
        let calls = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&calls);
        let plan: Plan = Arc::new(move |_: &FaultPoint| match counted.fetch_add(1, Ordering::SeqCst) + 1 {
            call if call >= n => Fault::Die,
            _ => Fault::None,
        });
        let process = place
            .world
            .embedded
            .again(|client| Faulty::new(client, Arc::clone(&plan)).http_client());
        let dying = Api::over_state(&process, SocketAddr::from(([127, 0, 0, 1], 9)))?;
        let what = format!("GET /v1/customers/{}/deviceBatches", place.tenant);
        let first = dying
            .ask(&place.agent(), &place.world, &what, &[], &Value::Null)
            .await?;
        // What cannot be kept is told all the same.
        assert!(
            first.status.is_server_error() || told(&first.body) == expected,
            "{n}: {first:?}"
        );
        if calls.load(Ordering::SeqCst) < n {
            assert!(n > 6, "{n}");
            return place.assert_sound().await;
        }
        for _ in 0..2 {
            assert_eq!(told(&place.get("~/deviceBatches").await?.body), expected, "{n}");
        }
    }
    panic!("more calls than were tried");
}
