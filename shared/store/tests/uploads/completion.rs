//! Whoever comes last, someone sees the upload complete, and nobody sees it too early.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use muster_store::uploads::{BatchDone, Progress};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;

/// Rows of a batch.
fn rows(batch: u32) -> u32 {
    batch % 5 + 1
}

fn all_rows(total: u32) -> u64 {
    (0..total).map(|b| u64::from(rows(b))).sum()
}

/// What a worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    Batch(u32),
    Total,
}

/// An order of all steps of an upload, some of them repeated.
fn steps(totals: impl Strategy<Value = u32>) -> impl Strategy<Value = (u32, Vec<Step>)> {
    totals.prop_flat_map(|total| {
        let once: Vec<Step> = (0..total).map(Step::Batch).chain([Step::Total]).collect();
        let again = prop::collection::vec(prop::sample::select(once.clone()), 0..10);
        let all = again.prop_flat_map(move |again| Just([once.clone(), again].concat()).prop_shuffle());
        (Just(total), all)
    })
}

async fn take(uploads: &Uploads, upload: &Upload, step: Step, total: u32) -> BatchDone {
    match step {
        Step::Batch(batch) => uploads.batch_done(&upload.id, batch, rows(batch)).await.unwrap(),
        Step::Total => uploads.set_total(&upload.id, total, all_rows(total)).await.unwrap(),
    }
}

async fn check_done(uploads: &Uploads, upload: &Upload, total: u32, steps: &[Step]) -> Result<(), TestCaseError> {
    let expected = Progress {
        batches_done: total,
        rows_done: all_rows(total),
        total: Some(total),
        rows: Some(all_rows(total)),
    };
    prop_assert_eq!(
        uploads.progress(&upload.id).await.unwrap(),
        Some(expected),
        "replays count nothing twice"
    );
    prop_assert!(uploads.get(&upload.id).await.unwrap().unwrap().is_complete());
    for step in steps.iter().take(3) {
        prop_assert!(
            take(uploads, upload, *step, total).await.upload_complete,
            "every replay looks again"
        );
    }
    Ok(())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn one_after_the_other_the_upload_is_complete_from_the_last_step_on((total, steps) in steps(0_u32..20)) {
        runtime().block_on(async {
            let world = World::new().await;
            let uploads = world.uploads();
            let upload = accepted(&uploads, 1).await;
            let mut missing: std::collections::HashSet<Step> = steps.iter().copied().collect();
            for step in &steps {
                missing.remove(step);
                let done = take(&uploads, &upload, *step, total).await;
                prop_assert_eq!(done.upload_complete, missing.is_empty(), "after {:?}, missing {:?}", step, missing);
            }
            check_done(&uploads, &upload, total, &steps).await
        })?;
    }

    #[test]
    fn however_workers_overlap_someone_sees_it_complete_and_nobody_too_early(
        (total, steps) in steps(prop_oneof![0_u32..5, 250_u32..262, 505_u32..520, 0_u32..600]),
        seed in any::<u64>(),
    ) {
        runtime().block_on(overlap(total, steps, seed))?;
    }
}

/// Runs sixteen workers whose every call takes a different time.
async fn overlap(total: u32, steps: Vec<Step>, seed: u64) -> Result<(), TestCaseError> {
    let world = World::new().await;
    let uploads = world.process(move |point| {
        let mixed = (seed ^ point.n).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 61;
        if mixed == 0 {
            Fault::None
        } else {
            Fault::Delay(Duration::from_micros(mixed * 300))
        }
    });
    let upload = accepted(&world.uploads(), 1).await;
    let distinct = steps.iter().collect::<std::collections::HashSet<_>>().len() as u64;
    let begun = Arc::new(std::sync::Mutex::new(std::collections::HashSet::new()));
    let (next, told, early) = (
        Arc::new(AtomicU32::new(0)),
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicU64::new(0)),
    );
    let steps = Arc::new(steps);
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (uploads, upload, steps) = (uploads.clone(), upload.clone(), steps.clone());
        let (begun, next, told, early) = (begun.clone(), next.clone(), told.clone(), early.clone());
        workers.spawn(async move {
            while let Some(step) = steps.get(next.fetch_add(1, Ordering::SeqCst) as usize) {
                begun.lock().unwrap().insert(*step);
                if take(&uploads, &upload, *step, total).await.upload_complete {
                    told.fetch_add(1, Ordering::SeqCst);
                    let all_begun = begun.lock().unwrap().len() as u64 == distinct;
                    early.fetch_add(u64::from(!all_begun), Ordering::SeqCst);
                }
            }
        });
    }
    workers.join_all().await;
    prop_assert!(told.load(Ordering::SeqCst) > 0, "nobody saw it complete");
    prop_assert_eq!(
        early.load(Ordering::SeqCst),
        0,
        "someone saw it complete before all had begun"
    );
    check_done(&world.uploads(), &upload, total, &steps).await
}

#[tokio::test]
async fn the_last_batch_and_the_total_see_each_other_in_every_order_of_their_calls() {
    // A batch makes two calls before it knows, and so does the total: delays put them in every order.
    let mut told = BTreeMap::new();
    for pattern in 0..81_u64 {
        let world = World::new().await;
        let delay = |shift: u32| Fault::Delay(Duration::from_millis(pattern / 3_u64.pow(shift) % 3 * 8));
        let (a, b, c, d) = (delay(0), delay(1), delay(2), delay(3));
        let worker = world.process(move |point| match point.n {
            1 => a,
            2 => b,
            _ => Fault::None,
        });
        let splitter = world.process(move |point| match point.n {
            1 => c,
            2 => d,
            _ => Fault::None,
        });
        let upload = accepted(&world.uploads(), 1).await;
        let (batch, total) = tokio::join!(
            worker.batch_done(&upload.id, 0, 1),
            splitter.set_total(&upload.id, 1, 1)
        );
        let seen = (batch.unwrap().upload_complete, total.unwrap().upload_complete);
        assert_ne!(seen, (false, false), "pattern {pattern}");
        *told.entry(seen).or_insert(0) += 1;
    }
    assert!(told.len() > 1, "the delays made no difference: {told:?}");
}

#[tokio::test]
async fn an_upload_without_rows_is_complete_at_once() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    assert!(!status(&uploads, &upload).await.is_complete());
    for _ in 0..2 {
        assert!(uploads.set_total(&upload.id, 0, 0).await.unwrap().upload_complete);
    }
    assert!(status(&uploads, &upload).await.is_complete());
}

#[tokio::test]
async fn whole_groups_need_nothing_of_the_last_one() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    for batch in (0..512).rev() {
        assert!(!uploads.batch_done(&upload.id, batch, 1).await.unwrap().upload_complete);
    }
    assert!(uploads.set_total(&upload.id, 512, 512).await.unwrap().upload_complete);
}

#[tokio::test]
async fn a_second_count_must_be_the_same() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    uploads.set_total(&upload.id, 2, 20).await.unwrap();
    for (total, rows) in [(3, 20), (2, 21)] {
        let error = uploads.set_total(&upload.id, total, rows).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("was counted before"), "{error}");
    }
    let status = status(&uploads, &upload).await;
    assert_eq!((status.total, status.rows), (Some(2), Some(20)));
}

#[tokio::test]
async fn batches_beyond_the_total_complete_nothing() {
    let world = World::new().await;
    let uploads = world.uploads();
    let upload = accepted(&uploads, 1).await;
    uploads.set_total(&upload.id, 2, 2).await.unwrap();
    for batch in [2, 3, 256, u32::MAX] {
        assert!(!uploads.batch_done(&upload.id, batch, 1).await.unwrap().upload_complete);
    }
    uploads.batch_done(&upload.id, 0, 1).await.unwrap();
    assert!(uploads.batch_done(&upload.id, 1, 1).await.unwrap().upload_complete);
}

#[tokio::test]
async fn an_upload_that_nobody_knows_is_an_error_and_is_not_made() {
    let world = World::new().await;
    let uploads = world.uploads();
    let id = object(9).upload_id();
    assert_eq!(
        uploads.batch_done(&id, 0, 1).await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
    assert_eq!(
        uploads.set_total(&id, 1, 1).await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
    assert_eq!(
        (uploads.get(&id).await.unwrap(), uploads.progress(&id).await.unwrap()),
        (None, None)
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_counts_nothing_twice() {
    let world = World::new().await;
    let upload = accepted(&world.uploads(), 1).await;
    world.uploads().set_total(&upload.id, 3, 30).await.unwrap();
    for batch in 0..3 {
        let struck = world.process(|point| if point.n == 1 { Fault::TimeoutAfter } else { Fault::None });
        assert_eq!(
            struck.batch_done(&upload.id, batch, 10).await.unwrap().upload_complete,
            batch == 2
        );
    }
    let progress = world.uploads().progress(&upload.id).await.unwrap().unwrap();
    assert_eq!((progress.batches_done, progress.rows_done), (3, 30));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_dies_at_any_call_is_made_good_by_its_replay() {
    for dies_at in 1..=4 {
        let world = World::new().await;
        let upload = accepted(&world.uploads(), 1).await;
        world.uploads().set_total(&upload.id, 1, 10).await.unwrap();
        let dying = world.process(move |point| if point.n == dies_at { Fault::Die } else { Fault::None });
        let died = dying.batch_done(&upload.id, 0, 10).await.is_err();
        assert_eq!(died, dies_at <= 3, "three calls: mark, look, add the group");
        assert!(
            world
                .uploads()
                .batch_done(&upload.id, 0, 10)
                .await
                .unwrap()
                .upload_complete
        );
        let progress = world.uploads().progress(&upload.id).await.unwrap().unwrap();
        assert_eq!((progress.batches_done, progress.rows_done), (1, 10));
    }
}
