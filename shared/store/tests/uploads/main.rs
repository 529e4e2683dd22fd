//! Uploads, against a DynamoDB.

#![expect(clippy::unwrap_used, reason = "what the tests share fails by panicking, as they do")]

mod completion;
mod cuts;
mod of_partner;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use engines::Database;
use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::grant::{GrantPin, Verb};
use muster_core::id::TenantId;
use muster_core::inbox::{OnConflict, UploadOptions};
use muster_core::outcome::Outcome;
use muster_core::party::Registrant;
use muster_core::upload::{Batch, ObjectVersion, Reason, Upload, UploadState};
use muster_local::conflicts::Conflicting;
use muster_local::faults::{Fault, FaultPoint, Faulty};
use muster_store::uploads::{Accepted, Finished, RefusedUpload, UploadStatus, Uploads};
use muster_store::{Connection, Credentials, ErrorKind, Table};

/// A DynamoDB with a table, and any number of processes that use it.
struct World {
    database: Database,
}

impl World {
    async fn new() -> Self {
        let world = Self {
            database: Database::new().unwrap(),
        };
        world.table(world.database.http_client()).create().await.unwrap();
        world
    }

    fn table(&self, client: SharedHttpClient) -> Table {
        Table::new(&connect(client), self.database.table())
    }

    fn uploads(&self) -> Uploads {
        self.process(|_| Fault::None)
    }

    /// A process that is struck by faults.
    fn process(&self, plan: impl Fn(&FaultPoint) -> Fault + Send + Sync + 'static) -> Uploads {
        let client = Faulty::new(self.database.http_client(), Arc::new(plan)).http_client();
        Uploads::new(self.table(client))
    }

    /// A process whose transactions take a while and conflict with one another.
    fn conflicting(&self, hold: Duration) -> Uploads {
        let conflicting = Conflicting::new(self.database.http_client());
        conflicting.set_hold(hold);
        Uploads::new(self.table(conflicting.http_client()))
    }
}

fn connect(client: SharedHttpClient) -> Connection {
    let credentials = Credentials {
        access_key: "test".to_owned(),
        secret_key: "test".to_owned(),
    };
    Connection::embedded(client.clone(), client, &credentials)
}

/// Seconds behind a fixed moment.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_251_600 + second).unwrap()
}

fn contoso() -> TenantId {
    "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10".parse().unwrap()
}

fn object(version: u32) -> ObjectVersion {
    let key = "inbox/partner-center/fabrikam/contoso/list.csv".to_owned();
    ObjectVersion {
        bucket: "contoso-lists".to_owned(),
        key,
        version: version.to_string(),
    }
}

fn upload(version: u32) -> Upload {
    let registrant = Registrant::Partner("fabrikam".parse().unwrap());
    Upload {
        id: object(version).upload_id(),
        object: object(version),
        size: u64::MAX >> 1,
        tenant: contoso(),
        registrant: registrant.clone(),
        channel: Channel::M365Business,
        options: UploadOptions {
            group_tag: Some("Kiosk".to_owned()),
            strict: true,
            on_conflict: OnConflict::Keep,
            sha256: None,
            validate_only: false,
            intended_for: None,
        },
        grant: GrantPin {
            tenant: contoso(),
            registrant,
            generation: 3,
            verbs: vec![Verb::Register],
        },
        require_catalogue: true,
        manufacturers: ["Contoso".to_owned()].into(),
        created_at: at(i64::from(version)),
    }
}

async fn accepted(uploads: &Uploads, version: u32) -> Upload {
    let upload = upload(version);
    assert_eq!(uploads.accept(&upload, "{}", &[], at(60)).await.unwrap(), Accepted::New);
    upload
}

fn reason(code: &str) -> Reason {
    let text = |what: &str| format!("{what} of {code}");
    Reason {
        code: code.to_owned(),
        detail: text("detail"),
        remedy: text("remedy"),
    }
}

fn batches(first: u32, count: u32) -> Vec<Batch> {
    let batch = |n: u32| {
        let at = u64::from(n) * 1000;
        Batch {
            start: at,
            end: at + 1000,
            first_line: at + 2,
            first_row: at + 1,
            rows: 10,
            next_start: at + 1000,
            next_line: at + 1002,
        }
    };
    (first..first + count).map(batch).collect()
}

async fn status(uploads: &Uploads, upload: &Upload) -> UploadStatus {
    uploads.get(&upload.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_upload_is_recorded_once_and_read_back_as_it_was() {
    let world = World::new().await;
    let (uploads, upload) = (world.uploads(), upload(1));
    assert_eq!(uploads.get(&upload.id).await.unwrap(), None);
    let dialect = r#"{"delimiter":";"}"#;
    let notices = ["store-for-business is retired".to_owned()];
    assert_eq!(
        uploads.accept(&upload, dialect, &notices, at(60)).await.unwrap(),
        Accepted::New
    );
    let other = Upload {
        size: 7,
        ..upload.clone()
    };
    let Accepted::Known(known) = uploads.accept(&other, "{}", &[], at(90)).await.unwrap() else {
        panic!("recorded twice")
    };
    assert_eq!(*known, status(&uploads, &upload).await);
    assert_eq!(known.upload(), Some(upload));
    assert_eq!(
        (known.dialect.as_deref(), &known.notices[..]),
        (Some(dialect), &notices[..])
    );
    assert_eq!(
        (known.state, known.next_check, known.total),
        (UploadState::Processing, Some(at(60)), None)
    );
}

#[tokio::test(start_paused = true)]
async fn an_upload_whose_recording_lost_its_answer_is_known_and_the_same() {
    let world = World::new().await;
    let struck = world.process(|point| if point.n == 1 { Fault::TimeoutAfter } else { Fault::None });
    let upload = upload(1);
    let Accepted::Known(known) = struck.accept(&upload, "{}", &[], at(60)).await.unwrap() else {
        panic!("the first attempt wrote it")
    };
    assert_eq!(known.upload(), Some(upload));
}

#[tokio::test]
async fn a_refused_upload_may_lack_what_was_not_known() {
    let world = World::new().await;
    let uploads = world.uploads();
    let refused = RefusedUpload {
        object: object(1),
        size: 10,
        tenant: None,
        registrant: None,
        channel: None,
        options: None,
        reason: reason("unknown-tenant"),
    };
    assert_eq!(uploads.refuse(&refused, at(5)).await.unwrap(), Accepted::New);
    let known = uploads.get(&object(1).upload_id()).await.unwrap().unwrap();
    assert_eq!(
        (known.state, known.upload(), &known.reason),
        (UploadState::Refused, None, &Some(reason("unknown-tenant")))
    );
    assert_eq!(
        (known.created_at, known.finished_at, known.next_check),
        (at(5), Some(at(5)), None)
    );
    assert_eq!(uploads.list(None, None, 10).await.unwrap().uploads, [known]);
    assert!(uploads.due(at(1_000_000), 10).await.unwrap().is_empty());
    let Accepted::Known(known) = uploads.accept(&upload(1), "{}", &[], at(60)).await.unwrap() else {
        panic!("a refusal is final")
    };
    assert_eq!(known.state, UploadState::Refused);
}

#[tokio::test]
async fn a_refusal_leaves_a_known_upload_as_it_is() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    let refused = RefusedUpload {
        object: object(1),
        size: 10,
        tenant: Some(contoso()),
        registrant: Some(Registrant::Tenant),
        channel: Some(Channel::Intune),
        options: Some(UploadOptions::default()),
        reason: reason("late"),
    };
    let before = status(&uploads, &upload).await;
    assert_eq!(
        uploads.refuse(&refused, at(9)).await.unwrap(),
        Accepted::Known(Box::new(before.clone()))
    );
    assert_eq!(status(&uploads, &upload).await, before);
}

#[tokio::test]
async fn a_tenants_uploads_are_listed_newest_first_in_pages() {
    let world = World::new().await;
    let uploads = world.uploads();
    for version in [3, 1, 5, 2, 4] {
        accepted(&uploads, version).await;
    }
    for size in [1, 2, 5, 100] {
        let (mut seen, mut from): (Vec<String>, Option<String>) = (Vec::new(), None);
        loop {
            let page = uploads.list(Some(contoso()), from.as_deref(), size).await.unwrap();
            assert!(page.uploads.len() <= size);
            seen.extend(page.uploads.into_iter().map(|u| u.object.version));
            let Some(next) = page.next else { break };
            from = Some(next);
        }
        assert_eq!(seen, ["5", "4", "3", "2", "1"], "pages of {size}");
    }
    let other: TenantId = "2b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10".parse().unwrap();
    assert!(uploads.list(Some(other), None, 10).await.unwrap().uploads.is_empty());
    for mark in ["", "x", "000#u-short"] {
        assert_eq!(
            uploads.list(None, Some(mark), 10).await.unwrap_err().kind(),
            ErrorKind::Rejected
        );
    }
}

#[tokio::test]
async fn an_upload_is_finished_once() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    let counts: BTreeMap<Outcome, u64> = Outcome::ALL.into_iter().zip(1..).collect();
    let state = UploadState::FinishedWithErrors;
    assert_eq!(
        uploads.finish(&upload.id, state, &counts, at(70)).await.unwrap(),
        Finished::Done
    );
    let finished = status(&uploads, &upload).await;
    assert_eq!(
        (finished.state, &finished.counts, finished.finished_at),
        (state, &counts, Some(at(70)))
    );
    assert_eq!(
        (finished.next_check, uploads.due(at(1_000_000), 10).await.unwrap()),
        (None, Vec::new())
    );

    assert_eq!(
        uploads.finish(&upload.id, state, &counts, at(99)).await.unwrap(),
        Finished::Already
    );
    let otherwise = uploads
        .finish(&upload.id, UploadState::Finished, &counts, at(99))
        .await
        .unwrap();
    assert_eq!(otherwise, Finished::Otherwise(Box::new(finished.clone())));
    assert_eq!(status(&uploads, &upload).await, finished, "the first result stands");
}

#[tokio::test]
async fn what_cannot_be_finished_is_an_error() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    for state in [UploadState::Processing, UploadState::Refused, UploadState::Failed] {
        let error = uploads
            .finish(&upload.id, state, &BTreeMap::new(), at(1))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
    }
    let unknown = object(99).upload_id();
    let error = uploads
        .finish(&unknown, UploadState::Finished, &BTreeMap::new(), at(1))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("finish an upload: there is no upload `{unknown}`")
    );
}
