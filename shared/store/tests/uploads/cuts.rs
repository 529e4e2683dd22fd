//! Cuts, and the refusal that they exclude.

use muster_store::uploads::{MAX_BATCHES_PER_ITEM, PutCuts};

use super::*;

#[tokio::test]
async fn cuts_are_stored_once_and_read_in_order() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    assert!(uploads.cuts(&upload.id).await.unwrap().is_empty());
    // Numbers of a different length, so that the order of texts would betray itself.
    for first in [0, 64, 128, 960, 1024] {
        assert_eq!(
            uploads.put_cuts(&upload.id, first, &batches(first, 64)).await.unwrap(),
            PutCuts::Stored
        );
    }
    let cuts = uploads.cuts(&upload.id).await.unwrap();
    assert_eq!(cuts, [0, 64, 128, 960, 1024].map(|first| (first, batches(first, 64))));
    assert_eq!(
        uploads.put_cuts(&upload.id, 0, &batches(0, 64)).await.unwrap(),
        PutCuts::Stored,
        "a replay"
    );
}

#[tokio::test]
async fn reads_that_answer_in_part_are_read_to_the_end() {
    let world = World::new().await;
    let uploads = world.uploads();
    let mut ids = Vec::new();
    for version in 1..8 {
        ids.push(accepted(&uploads, version).await.id);
    }
    for first in [0, 64, 128] {
        let stored = uploads.put_cuts(&ids[0], first, &batches(first, 64)).await.unwrap();
        assert_eq!(stored, PutCuts::Stored);
    }
    let in_part = world.process(|_| Fault::Partly);
    let cuts = in_part.cuts(&ids[0]).await.unwrap();
    assert_eq!(cuts.len(), 3, "page by page");
    assert_eq!(
        in_part.known(&ids).await.unwrap().len(),
        7,
        "also the keys that were left unprocessed"
    );
}

#[tokio::test]
async fn a_second_split_gets_the_cuts_of_the_first() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    for first in [0, 64] {
        uploads.put_cuts(&upload.id, first, &batches(first, 64)).await.unwrap();
        let other = uploads.put_cuts(&upload.id, first, &batches(first, 10)).await.unwrap();
        assert_eq!(other, PutCuts::Other(batches(first, 64)));
    }
}

#[tokio::test]
async fn an_item_takes_one_to_64_batches() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    for count in [0, MAX_BATCHES_PER_ITEM + 1] {
        let error = uploads
            .put_cuts(&upload.id, 0, &batches(0, count as u32))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
    }
}

#[tokio::test]
async fn nothing_is_cut_of_an_upload_that_is_refused_or_unknown() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    assert!(
        uploads
            .refuse_later(&upload.id, &reason("too-long"), at(9))
            .await
            .unwrap()
    );
    assert!(
        uploads
            .refuse_later(&upload.id, &reason("too-long"), at(10))
            .await
            .unwrap(),
        "a replay"
    );
    let refused = status(&uploads, &upload).await;
    assert_eq!(
        (refused.state, refused.reason),
        (UploadState::Refused, Some(reason("too-long")))
    );
    assert_eq!((refused.finished_at, refused.next_check), (Some(at(9)), None));
    assert!(uploads.due(at(1_000_000), 10).await.unwrap().is_empty());
    assert_eq!(
        uploads.put_cuts(&upload.id, 0, &batches(0, 1)).await.unwrap(),
        PutCuts::Closed
    );
    assert!(uploads.cuts(&upload.id).await.unwrap().is_empty());
    assert_eq!(
        uploads
            .put_cuts(&object(99).upload_id(), 0, &batches(0, 1))
            .await
            .unwrap(),
        PutCuts::Closed
    );
    assert_eq!(
        uploads
            .refuse_later(&object(99).upload_id(), &reason("x"), at(9))
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::Rejected
    );
}

#[tokio::test]
async fn an_upload_that_is_cut_or_final_is_not_refused_any_more() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    uploads.put_cuts(&upload.id, 0, &batches(0, 1)).await.unwrap();
    assert!(
        !uploads
            .refuse_later(&upload.id, &reason("too-long"), at(9))
            .await
            .unwrap()
    );
    assert_eq!(status(&uploads, &upload).await.state, UploadState::Processing);
    let failed = accepted(&uploads, 2).await;
    uploads.give_up(&failed.id, &reason("stuck"), at(9)).await.unwrap();
    assert!(
        !uploads
            .refuse_later(&failed.id, &reason("too-long"), at(9))
            .await
            .unwrap()
    );
    assert_eq!(status(&uploads, &failed).await.reason, Some(reason("stuck")));
}

#[tokio::test]
async fn a_refusal_and_the_first_cuts_exclude_each_other_when_they_race() {
    let world = World::new().await;
    let uploads = world.conflicting(Duration::from_millis(3));
    let mut winners = BTreeMap::new();
    for version in 0..20 {
        let upload = accepted(&uploads, version).await;
        let (reason, batches) = (reason("too-long"), batches(0, 1));
        let later = |enabled: bool| tokio::time::sleep(Duration::from_millis(if enabled { 2 } else { 0 }));
        let refuse = async {
            later(version % 2 == 0).await;
            uploads.refuse_later(&upload.id, &reason, at(9)).await.unwrap()
        };
        let cut = async {
            later(version % 2 == 1).await;
            uploads.put_cuts(&upload.id, 0, &batches).await.unwrap()
        };
        let (refused, cut) = tokio::join!(refuse, cut);
        assert_eq!(cut, if refused { PutCuts::Closed } else { PutCuts::Stored });
        let stands = status(&uploads, &upload).await.state;
        assert_eq!(
            stands,
            if refused {
                UploadState::Refused
            } else {
                UploadState::Processing
            }
        );
        *winners.entry(refused).or_insert(0) += 1;
    }
    assert_eq!(winners.len(), 2, "each of the two wins sometimes: {winners:?}");
}
