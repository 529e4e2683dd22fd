//! Idempotency keys and announcements against a DynamoDB.
#![cfg(test)]

use engines::Database;
use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::id::AnnouncementId;
use muster_core::inbox::UploadOptions;
use muster_core::party::Registrant;
use muster_core::upload::{ObjectVersion, Reason};
use muster_store::announcements::{Announcement, Announcements};
use muster_store::idempotency::{Begun, GivenAnswer, Idempotency, KeyedRequest, Seed};
use muster_store::{Connection, Credentials, Table};

async fn empty() -> (Database, Table) {
    let database = Database::new().unwrap();
    let credentials = Credentials {
        access_key: "test".to_owned(),
        secret_key: "test".to_owned(),
    };
    let http = database.http_client();
    let table = Table::new(
        &Connection::embedded(http.clone(), http, &credentials),
        database.table(),
    );
    table.create().await.unwrap();
    (database, table)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn answer(body: &str) -> GivenAnswer {
    GivenAnswer {
        status: 201,
        location: Some("/x".to_owned()),
        etag: None,
        body: body.to_owned(),
    }
}

fn request(key: &str, body: &str) -> KeyedRequest {
    KeyedRequest::new(&["ada", "/v1/x", key], body.as_bytes())
}

async fn seed(store: &Idempotency, request: &KeyedRequest, now: Timestamp) -> Seed {
    match store.begin(request, now).await.unwrap() {
        Begun::Now(seed) => seed,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_is_begun_once_and_its_answer_given_again() {
    let (_database, table) = empty().await;
    let store = Idempotency::new(table);
    let one = request("k", "{}");
    seed(&store, &one, at(0)).await;
    assert_eq!(store.begin(&one, at(1)).await.unwrap(), Begun::UnderWay);
    assert_eq!(
        store.begin(&request("k", "{1}"), at(1)).await.unwrap(),
        Begun::OtherRequest
    );
    store.answer(&one, &answer("first")).await.unwrap();
    store.answer(&one, &answer("second")).await.unwrap();
    let answered = Begun::Answered(answer("first"));
    assert_eq!(store.begin(&one, at(86_399)).await.unwrap(), answered);
    store.forget(&one).await.unwrap();
    assert_eq!(store.begin(&one, at(86_399)).await.unwrap(), answered);
    // A day later it is a new request, whether or not the item was deleted by then.
    let later = seed(&store, &one, at(86_400)).await;
    assert_ne!(later, seed(&store, &request("l", "{}"), at(86_400)).await);
}

#[tokio::test]
async fn a_request_whose_process_died_goes_on_with_its_seed_and_one_worker() {
    let (_database, table) = empty().await;
    let store = Idempotency::new(table);
    let one = request("k", "{}");
    let first = seed(&store, &one, at(0)).await;
    assert_eq!(store.begin(&one, at(59)).await.unwrap(), Begun::UnderWay);
    let (a, b) = tokio::join!(store.begin(&one, at(61)), store.begin(&one, at(61)));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert!(
        [(&a, &b), (&b, &a)].contains(&(&Begun::Now(first), &Begun::UnderWay)),
        "{a:?} {b:?}"
    );
    // A fault of the service gives it back at once.
    store.give_back(&one).await.unwrap();
    assert_eq!(seed(&store, &one, at(62)).await, first);
    // An answer too long to keep is made again.
    store.answer(&one, &answer(&"x".repeat(300_000))).await.unwrap();
    assert_eq!(seed(&store, &one, at(63)).await, first);
    // A refusal frees the key, for any request.
    store.forget(&one).await.unwrap();
    seed(&store, &request("k", "{1}"), at(64)).await;
}

#[tokio::test]
async fn an_announcement_is_recorded_once_and_remembers_the_first_object_and_reason() {
    let (_database, table) = empty().await;
    let store = Announcements::new(table);
    let id = AnnouncementId::of_seed([1; 16]);
    let announcement = |name: &str| Announcement {
        id: id.clone(),
        tenant: "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10".parse().unwrap(),
        registrant: Registrant::Tenant,
        channel: Channel::Intune,
        options: UploadOptions::default(),
        key: format!("inbox/intune/-/t/{name}"),
        name: name.to_owned(),
        size: 7,
        parts: None,
        created_at: at(0),
        expires_at: at(3600),
        object: None,
        cancelled: None,
    };
    let object = |version: &str| ObjectVersion {
        bucket: "b".to_owned(),
        key: "k".to_owned(),
        version: version.to_owned(),
    };
    let reason = |code: &str| Reason {
        code: code.to_owned(),
        detail: String::new(),
        remedy: String::new(),
    };
    assert_eq!(store.get(&id).await.unwrap(), None);
    store.arrived(&id, &object("1")).await.unwrap();
    assert_eq!(store.get(&id).await.unwrap(), None, "what is not there is not made so");
    assert_eq!(store.record(&announcement("a")).await.unwrap(), announcement("a"));
    assert_eq!(store.record(&announcement("b")).await.unwrap(), announcement("a"));
    for number in ["1", "2"] {
        store.arrived(&id, &object(number)).await.unwrap();
        store.cancel(&id, &reason(number)).await.unwrap();
    }
    let expected = Announcement {
        object: Some(object("1")),
        cancelled: Some(reason("1")),
        ..announcement("a")
    };
    assert_eq!(store.get(&id).await.unwrap(), Some(expected));
}
