//! Rebinds that die, come twice, or meet a release, an upload or another tenant.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use journeys::by_hand::at_transactions;
use muster_core::channel::Channel;
use muster_core::device::DeviceState;
use muster_core::grant::Verb;
use muster_core::history::Requester;
use muster_core::party::Registrant;
use muster_core::repair::read_capture;
use muster_local::conflicts::Conflicting;
use muster_local::faults::Fault;
use muster_store::devices::{Act, Rebound};
use tokio::task::JoinSet;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_rebind_whose_process_dies_or_whose_answer_is_lost_is_made_once() -> Result<()> {
    for fault in [Fault::TimeoutAfter, Fault::TimeoutBefore, Fault::Error500, Fault::Die] {
        let shop = Shop::open().await?;
        let old = shop.register("intune", shop.tenant, &device(1)).await?;
        let (own, now) = (Registrant::Tenant, shop.world.now());
        let grants = shop.world.embedded.grants();
        let answer = grants
            .permit(shop.tenant, &own, None, Verb::Update, Channel::Intune, now)
            .await?;
        let pin = answer.map_err(|denial| denial.code())?;
        let by = Requester::new("ada", own);
        let act = Act {
            pin: &pin,
            by: &by,
            now,
        };
        let capture = read_capture(&hash(&repaired(1), 9)).map_err(|faults| format!("{faults:?}"))?;
        let unlucky = at_transactions(&shop.world.embedded, move |_| fault).devices();
        let lost = unlucky.rebind(old.id, &capture, "new board", None, &act).await;
        assert!(lost.is_err(), "{fault:?}: {lost:?}");
        let between = shop.device(old.id).await?;
        assert!(between == old || between.keys == capture.keys, "all or nothing");
        let devices = shop.world.embedded.devices();
        let repeated = devices
            .rebind(old.id, &capture, "new board", Some(between.version), &act)
            .await?;
        let (Rebound::Done(new, _) | Rebound::Unchanged(new)) = repeated else {
            panic!("{fault:?}: {repeated:?}");
        };
        assert_eq!((new.version, &new.keys), (2, &capture.keys), "{fault:?}");
        let history = devices.history(&new, None, 10).await?;
        assert_eq!(history.changes.len(), 2, "{fault:?}");
        assert_eq!(history.changes[0].reason.as_deref(), Some("new board"));
        let replaced = history.changes[0].replaced.as_ref().ok_or("the old parts")?;
        assert_eq!(replaced.components, old.components);
        shop.assert_sound().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebind_meets_a_release_another_rebind_and_a_list_and_nothing_is_half_done() -> Result<()> {
    const ROUNDS: u64 = 12;
    let mut ends = BTreeMap::new();
    for round in 0..ROUNDS {
        let mut shop = Shop::open().await?;
        let old = shop.register("intune", shop.tenant, &device(round)).await?;
        shop.world = shop
            .world
            .restarted(move |client| {
                let conflicting = Conflicting::new(client);
                conflicting.set_hold(Duration::from_millis(round % 4));
                conflicting.http_client()
            })
            .await?;
        shop.api = Api::over(&shop.world)?;
        let shop = Arc::new(shop);
        let mut acts: JoinSet<Result<String>> = JoinSet::new();
        for act in 0..4 {
            let (shop, id) = (Arc::clone(&shop), old.id);
            acts.spawn(async move {
                tokio::time::sleep(Duration::from_millis(u64::try_from(act)? * round % 5)).await;
                Ok(match act {
                    0 | 1 => format!(
                        "rebind {}",
                        status(&shop.rebind(&shop.admin(), id, &repaired(round)).await?)
                    ),
                    2 => {
                        let release = format!("POST /devices/{id}/release");
                        format!(
                            "release {}",
                            status(&shop.ask(&shop.admin(), &release, &Value::Null).await?)
                        )
                    }
                    _ => {
                        let seen = shop.upload("intune", shop.tenant, &repaired(round)).await?;
                        format!("list {:?}", seen.counts)
                    }
                })
            });
        }
        let mut came = Vec::new();
        while let Some(act) = acts.join_next().await {
            came.push(act??);
        }
        came.sort();
        let known = |act: &String| {
            [
                "rebind 200",
                "rebind 409",
                "rebind 503",
                "release 200",
                "release 503",
                "list",
            ]
            .iter()
            .any(|known| act.starts_with(known))
        };
        assert!(came.iter().all(known), "{came:?}");
        shop.assert_sound().await?;
        let end = shop.device(old.id).await?;
        *ends.entry(end.state.as_str()).or_insert(0) += 1;
        if end.state == DeviceState::Registered {
            assert!(came.contains(&"release 503".to_owned()), "{came:?}");
        } else {
            // Whoever holds its identities now is another device.
            assert!(
                shop.holders(&end.keys)
                    .await?
                    .iter()
                    .all(|holder| *holder != Some(old.id))
            );
        }
    }
    assert_eq!(ends.values().sum::<u64>(), ROUNDS);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_whose_rows_claim_a_device_in_one_second_end_with_one_owner() -> Result<()> {
    for n in 0..6 {
        let shop = Shop::open().await?;
        let hardware = device(n);
        let (one, two) = tokio::join!(
            shop.drop_list("intune", shop.tenant, &hardware),
            shop.drop_list("intune", shop.other, &hardware),
        );
        shop.world.flow.idle().await;
        let (one, two) = (shop.world.seen(&one?).await?, shop.world.seen(&two?).await?);
        let mut outcomes: Vec<&String> = one.counts.keys().chain(two.counts.keys()).collect();
        outcomes.sort();
        assert_eq!(outcomes, ["ownedByOtherTenant", "registered"]);
        let owners = (
            shop.world.devices(shop.tenant).await?.len(),
            shop.world.devices(shop.other).await?.len(),
        );
        assert!(owners == (1, 0) || owners == (0, 1), "{owners:?}");
        shop.assert_sound().await?;
    }
    Ok(())
}

/// A board that two devices are rebound to, and that a list registers by itself: it ends in one of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_board_that_two_want_in_one_second_ends_in_one_of_them() -> Result<()> {
    for round in 0..6 {
        let shop = Arc::new(Shop::open().await?);
        let (a, b) = (
            shop.register("intune", shop.tenant, &device(1)).await?,
            shop.register("intune", shop.tenant, &device(2)).await?,
        );
        let donor = device(90 + round);
        let with = |n: u64| device(n).with_board_of(&donor, Rewritten::Serial);
        let (admin, one, two) = (shop.admin(), with(1), with(2));
        let (first, second) = tokio::join!(shop.rebind(&admin, a.id, &one), shop.rebind(&admin, b.id, &two));
        let (first, second) = (first?, second?);
        let mut answers = [status(&first), status(&second)];
        answers.sort_unstable();
        assert_eq!(answers, [200, 409], "{} {}", first.body, second.body);
        let (loser, winner) = if status(&first) == 409 {
            (&first, b.id)
        } else {
            (&second, a.id)
        };
        assert_eq!(loser.body["reason"], "held-by-other-device");
        assert!(
            loser.body["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains(&winner.to_string()))
        );
        shop.assert_sound().await?;
    }
    Ok(())
}
