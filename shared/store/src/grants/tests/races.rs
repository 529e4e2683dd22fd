//! Decisions against writers, and against each other.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::keys::Key;

const ROWS: &str = "TEST#ROWS";
const WRITERS: usize = 8;

/// A table whose transactions conflict as DynamoDB's do.
async fn conflicting(hold: Duration) -> (Conflicting, Grants) {
    let (database, _) = granted().await;
    let conflicting = Conflicting::new(database.http_client());
    conflicting.set_hold(hold);
    let grants = grants(&database, conflicting.http_client());
    (conflicting, grants)
}

async fn rows(grants: &Grants) -> usize {
    let query = Query {
        partition: ROWS,
        ..Query::default()
    };
    grants.table.query_all(query).await.unwrap().len()
}

/// Writes one row under the pin, as a slice is written. What the check said.
async fn write(grants: &Grants, pin: &GrantPin, shard: u32, row: String) -> Cancelled {
    let item = Item::new(&Key::new(ROWS, row), &Pointer { tenant: tenant() }).unwrap();
    let actions = [check(pin, shard, at(10)), Action::Put(item, Some(Condition::absent()))];
    match grants.table.transact(&actions).await.unwrap() {
        Transacted::Done => Cancelled::Fine,
        Transacted::Cancelled(mut reasons) => reasons.swap_remove(0),
        Transacted::Invalid => panic!("invalid"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_written_under_a_grant_after_its_revocation_was_answered() {
    let (_conflicting, grants) = conflicting(Duration::from_millis(2)).await;
    let pin = pin(&grants).await;
    let (stop, written, refused) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (grants, pin, stop) = (grants.clone(), pin.clone(), stop.clone());
        let (written, refused) = (written.clone(), refused.clone());
        writers.spawn(async move {
            // All begin on one shard, so that it is fought for, and move on after each write as `register-batch` does.
            for (row, shard) in (0..).enumerate() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                match write(&grants, &pin, shard, format!("{writer}-{row}")).await {
                    Cancelled::Fine => drop(written.fetch_add(1, Ordering::SeqCst)),
                    Cancelled::Busy => {}
                    // A writer that does not take no for an answer looks for a shard that was forgotten.
                    Cancelled::Condition(found) => {
                        assert!(found.is_some(), "the old shard comes with the refusal");
                        refused.fetch_add(1, Ordering::SeqCst);
                    }
                    Cancelled::Invalid => panic!("invalid"),
                }
            }
        });
    }
    let more_than = async |counter: &AtomicUsize, many: usize| {
        let target = counter.load(Ordering::SeqCst) + many;
        while counter.load(Ordering::SeqCst) < target {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    more_than(&written, 50).await;
    let revoked = grants
        .revoke(tenant(), &contoso(), "admin", at(3))
        .await
        .unwrap()
        .unwrap();
    let at_the_answer = rows(&grants).await;
    assert_eq!(revoked.state, GrantState::Revoked);
    assert_eq!(audit(&grants, &registrant()).await, Some(GrantState::Revoked));
    assert!(at_the_answer >= 50);

    more_than(&refused, 10 * WRITERS).await;
    assert_eq!(rows(&grants).await, at_the_answer);

    // A grant given anew does not help what was accepted under the old one.
    grants.request(asks(), at(4)).await.unwrap().unwrap();
    grants
        .grant(tenant(), &contoso(), "admin", at(5))
        .await
        .unwrap()
        .unwrap();
    more_than(&refused, 10 * WRITERS).await;
    stop.store(true, Ordering::SeqCst);
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }
    assert_eq!(rows(&grants).await, at_the_answer);
    let anew = super::pin(&grants).await;
    assert_eq!(write(&grants, &anew, 0, "anew".to_owned()).await, Cancelled::Fine);
}

#[tokio::test(start_paused = true)]
async fn a_revocation_waits_for_the_transactions_that_hold_its_shards() {
    let (conflicting, grants) = conflicting(Duration::from_secs(3)).await;
    let pin = pin(&grants).await;
    let holder = tokio::spawn({
        let (grants, pin) = (grants.clone(), pin.clone());
        async move { write(&grants, &pin, 6, "held".to_owned()).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Only the writer's transaction takes long.
    conflicting.set_hold(Duration::ZERO);
    let began = tokio::time::Instant::now();
    let revoked = grants
        .revoke(tenant(), &contoso(), "admin", at(3))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(revoked.state, GrantState::Revoked);
    assert!(began.elapsed() > Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(holder.await.unwrap(), Cancelled::Fine, "it was first");
    assert_eq!(rows(&grants).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_revocation_that_cannot_close_a_shard_is_not_answered_and_finished_later() {
    let (conflicting, grants) = conflicting(Duration::from_secs(600)).await;
    let pin = pin(&grants).await;
    let holder = tokio::spawn({
        let (grants, pin) = (grants.clone(), pin.clone());
        async move { write(&grants, &pin, 6, "held".to_owned()).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Only the writer's transaction takes long.
    conflicting.set_hold(Duration::ZERO);
    let error = grants.revoke(tenant(), &contoso(), "admin", at(3)).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(audit(&grants, &registrant()).await, Some(GrantState::Revoking));
    let open = |shard: &Option<Shard>| shard.as_ref().is_some_and(|s| s.state == ShardState::Granted);
    assert_eq!(
        shards(&grants, &registrant()).await.iter().filter(|s| open(s)).count(),
        1,
        "the others are closed"
    );
    let answer = grants
        .permit(
            tenant(),
            &registrant(),
            None,
            Verb::Register,
            Channel::PartnerCenter,
            at(3),
        )
        .await;
    assert_eq!(
        answer.unwrap(),
        Err(muster_core::grant::Denial::Revoked),
        "nothing new is accepted"
    );

    assert_eq!(holder.await.unwrap(), Cancelled::Fine);
    let revoked = grants
        .revoke(tenant(), &contoso(), "admin", at(70))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(revoked.state, GrantState::Revoked);
    assert_eq!(audit(&grants, &registrant()).await, Some(GrantState::Revoked));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_that_decide_and_settle_at_once_leave_head_and_shards_in_agreement() {
    let (database, grants) = granted().await;
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..6_u32 {
        let grants = super::grants(&database, database.http_client());
        workers.spawn(async move {
            let mut dice = worker + 1;
            for step in 0..40 {
                dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let now = at(10 + i64::from(step));
                let by = format!("admin {worker}");
                let contended = match (dice >> 16) % 4 {
                    0 => grants.request(asks(), now).await.err(),
                    1 => grants.grant(tenant(), &contoso(), &by, now).await.err(),
                    2 => grants.revoke(tenant(), &contoso(), &by, now).await.err(),
                    _ => grants.settle(tenant(), &registrant()).await.err(),
                };
                assert!(contended.as_ref().is_none_or(StoreError::is_transient), "{contended:?}");
            }
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker.unwrap();
    }
    let settled = grants.settle(tenant(), &registrant()).await.unwrap().unwrap();
    assert!(settled.version > 20, "{settled:?}");
    assert_eq!(audit(&grants, &registrant()).await, Some(settled.state));
    assert!(told(&grants).await.len() > 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_entry_is_kept_of_each_decision_once_while_their_transactions_conflict() {
    let (_conflicting, grants) = conflicting(Duration::from_millis(1)).await;
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..4_i64 {
        let grants = grants.clone();
        workers.spawn(async move {
            for step in 0..8 {
                let (by, now) = (format!("admin {worker}"), at(10 + step));
                let contended = match (worker + step) % 3 {
                    0 => grants.request(asks(), now).await.err(),
                    1 => grants.grant(tenant(), &contoso(), &by, now).await.err(),
                    _ => grants.revoke(tenant(), &contoso(), &by, now).await.err(),
                };
                assert!(contended.as_ref().is_none_or(StoreError::is_transient), "{contended:?}");
            }
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker.unwrap();
    }
    grants.settle(tenant(), &registrant()).await.unwrap();
    let told = told(&grants).await;
    assert!(told.len() > 4, "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_revocations_at_once_both_are_answered_when_all_is_closed() {
    for _ in 0..20 {
        let (_database, grants) = granted().await;
        let revoke = || async {
            let answer = grants.revoke(tenant(), &contoso(), "admin", at(3)).await.unwrap();
            (answer.map(|g| g.state), shards(&grants, &registrant()).await)
        };
        let answers = tokio::join!(revoke(), revoke());
        for (answer, shards) in [answers.0, answers.1] {
            assert!(
                matches!(answer, Ok(GrantState::Revoked) | Err(GrantError::NotGranted)),
                "{answer:?}"
            );
            assert!(
                shards.iter().flatten().all(|s| s.state == ShardState::Revoked),
                "{shards:?}"
            );
        }
    }
}
