//! What sweep asks and does.

use std::collections::BTreeSet;

use muster_store::objects::Marker;
use muster_store::uploads::{Due, SweepPlaces};

use super::*;

fn due_of(uploads: &[&Upload]) -> Vec<Due> {
    uploads.iter().map(|u| Due::Upload(u.id.clone())).collect()
}

#[tokio::test]
async fn what_is_due_comes_in_order_and_over_all_partitions() {
    let world = World::new().await;
    let uploads = world.uploads();
    let mut all = Vec::new();
    for version in 0..20 {
        let upload = upload(version);
        uploads
            .accept(&upload, "{}", &[], at(100 + i64::from(version)))
            .await
            .unwrap();
        all.push(upload);
    }
    assert!(uploads.due(at(99), 100).await.unwrap().is_empty());
    assert_eq!(
        uploads.due(at(104), 100).await.unwrap(),
        due_of(&all[..5].iter().collect::<Vec<_>>())
    );
    assert_eq!(
        uploads.due(at(1000), 100).await.unwrap(),
        due_of(&all.iter().collect::<Vec<_>>())
    );
    assert_eq!(
        uploads.due(at(1000), 3).await.unwrap(),
        due_of(&all[..3].iter().collect::<Vec<_>>())
    );
}

#[tokio::test]
async fn an_upload_is_postponed_given_up_and_taken_up_again() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    assert!(uploads.postpone(&upload.id, 7, 2, at(300)).await.unwrap());
    let postponed = status(&uploads, &upload).await;
    assert_eq!(
        (postponed.seen, postponed.tries, postponed.next_check),
        (7, 2, Some(at(300)))
    );
    assert!(uploads.due(at(299), 10).await.unwrap().is_empty());
    assert_eq!(uploads.due(at(300), 10).await.unwrap(), due_of(&[&upload]));

    assert!(
        !uploads.resume(&upload.id, at(301)).await.unwrap(),
        "it is not given up"
    );
    assert!(uploads.give_up(&upload.id, &reason("stuck"), at(310)).await.unwrap());
    let failed = status(&uploads, &upload).await;
    assert_eq!(
        (failed.state, failed.reason, failed.finished_at),
        (UploadState::Failed, Some(reason("stuck")), Some(at(310)))
    );
    assert!(uploads.due(at(1000), 10).await.unwrap().is_empty());
    assert!(!uploads.give_up(&upload.id, &reason("again"), at(320)).await.unwrap());
    assert!(!uploads.postpone(&upload.id, 9, 9, at(400)).await.unwrap());
    let finish = uploads
        .finish(&upload.id, UploadState::Finished, &BTreeMap::new(), at(330))
        .await
        .unwrap();
    assert!(matches!(finish, Finished::Otherwise(now) if now.state == UploadState::Failed));

    assert!(uploads.resume(&upload.id, at(400)).await.unwrap());
    let resumed = status(&uploads, &upload).await;
    assert_eq!(
        (
            resumed.state,
            resumed.tries,
            resumed.reason.clone(),
            resumed.finished_at
        ),
        (UploadState::Processing, 0, None, None)
    );
    assert_eq!(uploads.due(at(400), 10).await.unwrap(), due_of(&[&upload]));
    assert_eq!(resumed.upload(), Some(upload.clone()), "what never changes did not");

    let finish = uploads
        .finish(&upload.id, UploadState::Finished, &BTreeMap::new(), at(500))
        .await
        .unwrap();
    assert_eq!(finish, Finished::Done);
}

#[tokio::test]
async fn an_upload_that_is_called_off_stays_so() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    assert!(uploads.cancel(&upload.id, &reason("cancelled"), at(10)).await.unwrap());
    let off = status(&uploads, &upload).await;
    assert_eq!(
        (off.state, off.reason, off.finished_at, off.next_check),
        (
            UploadState::Cancelled,
            Some(reason("cancelled")),
            Some(at(10)),
            Some(at(910))
        )
    );
    assert!(uploads.due(at(909), 10).await.unwrap().is_empty());
    assert_eq!(uploads.due(at(910), 10).await.unwrap(), due_of(&[&upload]));
    assert!(!uploads.cancel(&upload.id, &reason("again"), at(11)).await.unwrap());
    assert!(!uploads.give_up(&upload.id, &reason("stuck"), at(12)).await.unwrap());
    assert!(!uploads.resume(&upload.id, at(13)).await.unwrap());
    let finish = uploads
        .finish(&upload.id, UploadState::Finished, &BTreeMap::new(), at(14))
        .await
        .unwrap();
    assert!(matches!(finish, Finished::Otherwise(now) if now.state == UploadState::Cancelled));

    // It is looked at until nothing is left to do with any batch of it.
    assert!(!uploads.postpone(&upload.id, 1, 1, at(20)).await.unwrap());
    assert!(uploads.postpone_settling(&upload.id, 1, at(1000)).await.unwrap());
    assert_eq!(uploads.due(at(1000), 10).await.unwrap(), due_of(&[&upload]));
    for _ in 0..2 {
        uploads.settled(&upload.id).await.unwrap();
        assert!(uploads.due(at(9999), 10).await.unwrap().is_empty());
    }
    assert_eq!(status(&uploads, &upload).await.next_check, None);
}

#[tokio::test]
async fn an_upload_that_nobody_knows_is_neither_made_nor_changed() {
    let world = World::new().await;
    let uploads = world.uploads();
    let id = object(1).upload_id();
    assert!(!uploads.postpone(&id, 1, 1, at(1)).await.unwrap());
    assert!(!uploads.give_up(&id, &reason("x"), at(1)).await.unwrap());
    assert!(!uploads.resume(&id, at(1)).await.unwrap());
    assert_eq!(uploads.get(&id).await.unwrap(), None);
}

#[tokio::test]
async fn undone_batches_are_those_that_are_cut_and_not_done() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    for first in (0..300).step_by(50) {
        uploads.put_cuts(&upload.id, first, &batches(first, 50)).await.unwrap();
    }
    assert_eq!(
        uploads.undone_batches(&upload.id).await.unwrap(),
        (0..300).collect::<Vec<_>>()
    );
    for batch in (0..300).filter(|b| b % 7 != 0) {
        uploads.batch_done(&upload.id, batch, 10).await.unwrap();
    }
    assert_eq!(
        uploads.undone_batches(&upload.id).await.unwrap(),
        (0..300).step_by(7).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn strays_are_kept_once_each_since_the_latest_reason() {
    let world = World::new().await;
    let uploads = world.uploads();
    let long = "inbox/".to_owned() + &"ü".repeat(500);
    for key in ["inbox/b.txt", "inbox/a.txt", &long] {
        uploads
            .record_stray("contoso-lists", key, &reason("first"), at(1))
            .await
            .unwrap();
        uploads
            .record_stray("contoso-lists", key, &reason("second"), at(2))
            .await
            .unwrap();
        uploads
            .record_stray("contoso-lists", key, &reason("second"), at(3))
            .await
            .unwrap();
    }
    let strays = uploads.strays(10).await.unwrap();
    assert_eq!(
        strays.iter().map(|s| s.key.as_str()).collect::<Vec<_>>(),
        ["inbox/a.txt", "inbox/b.txt", &long]
    );
    assert!(
        strays
            .iter()
            .all(|s| s.reason == reason("second") && s.seen_at == at(2) && s.bucket == "contoso-lists")
    );
    assert_eq!(uploads.strays(1).await.unwrap(), strays[..1]);

    let asked: BTreeSet<String> = ["inbox/a.txt", &long, "inbox/c.txt"].map(str::to_owned).into();
    let mut recorded = asked.clone();
    recorded.remove("inbox/c.txt");
    for (of, expected) in [("second", recorded), ("first", BTreeSet::new())] {
        let found = uploads.recorded_strays("contoso-lists", &asked, &reason(of)).await;
        assert_eq!(found.unwrap(), expected, "{of}");
    }
}

#[tokio::test]
async fn an_object_that_was_not_split_is_due_until_it_is_given_up_and_can_be_resumed() {
    let world = World::new().await;
    let uploads = world.uploads();
    let (object, other) = (object(1), object(2));
    let id = object.upload_id();
    let due = async || uploads.due(at(1000), 10).await.unwrap();
    let listed = async || -> Vec<_> {
        let strays = uploads.strays(1).await.unwrap();
        strays.into_iter().map(|stray| stray.unsplit.unwrap().upload).collect()
    };
    let record = async |object: &ObjectVersion, tries, next| {
        let reason = reason("never-split");
        let recorded = uploads.record_unsplit(object, tries, next, &reason, at(5)).await;
        recorded.unwrap();
    };
    assert!(!uploads.resume(&id, at(1)).await.unwrap(), "nobody knows it");
    record(&other, 1, Some(at(2000))).await;
    record(&object, 3, Some(at(100))).await;
    assert_eq!((due().await, listed().await), (vec![Due::Unsplit(id.clone())], vec![]));
    assert!(!uploads.resume(&id, at(1)).await.unwrap(), "it is tried still");

    record(&object, 5, None).await;
    assert_eq!((due().await, listed().await), (vec![], vec![id.clone()]));
    let asked = [id.clone(), other.upload_id(), upload(3).id];
    let recorded = uploads.recorded_unsplit(&asked).await.unwrap();
    assert_eq!(recorded, asked[..2].iter().cloned().collect());

    assert!(uploads.resume(&id, at(900)).await.unwrap());
    assert_eq!((due().await, listed().await), (vec![Due::Unsplit(id.clone())], vec![]));
    let resumed = uploads.unsplit(&id).await.unwrap().unwrap().unsplit.unwrap();
    assert_eq!((resumed.tries, resumed.next_try), (0, Some(at(900))));

    uploads.forget_unsplit(&id, at(950)).await.unwrap();
    uploads.forget_unsplit(&upload(3).id, at(950)).await.unwrap();
    assert_eq!((due().await, listed().await), (vec![], vec![]));
    assert_eq!(uploads.unsplit(&upload(3).id).await.unwrap(), None);

    // Its event came after all.
    record(&object, 5, None).await;
    accepted(&uploads, 1).await;
    assert_eq!(listed().await, []);
}

#[tokio::test]
async fn sweep_remembers_its_places() {
    let world = World::new().await;
    let uploads = world.uploads();
    assert_eq!(uploads.sweep_places().await.unwrap(), SweepPlaces::default());
    let marker = |version| {
        let key = "inbox/a.csv".to_owned();
        Some(Marker { key, version })
    };
    for (inbox, unfinished) in [
        (marker(Some("17".to_owned())), None),
        (None, marker(None)),
        (marker(None), marker(None)),
        (None, None),
    ] {
        let places = SweepPlaces { inbox, unfinished };
        uploads.set_sweep_places(&places).await.unwrap();
        assert_eq!(uploads.sweep_places().await.unwrap(), places);
    }
}
