//! Whichever comes first, rows or entries: the registry is the same in the end.

use std::collections::BTreeMap;

use muster_core::device::Device;

use super::*;

/// A list that somebody hands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A manufacturer's.
    Northwind,
    /// Another manufacturer's, of which some devices are the same.
    Tailspin,
    /// A partner's, by name.
    Tuples,
    /// The same partner's, by PKID, of which some devices are the same.
    Pkids,
}

/// What the order must not change: all but versions, times and which row it was.
fn essence(devices: Vec<Device>) -> BTreeMap<String, String> {
    let told = |device: Device| {
        let serial = device.serial.clone().unwrap_or_default();
        let text = format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            device.manufacturer,
            device.model,
            device.pkid,
            device.keys,
            device.components,
            device.group_tag,
            device.registrant
        );
        (serial, text)
    };
    let count = devices.len();
    let all: BTreeMap<String, String> = devices.into_iter().map(told).collect();
    assert_eq!(all.len(), count, "each device once");
    all
}

async fn play(steps: &[Step]) -> Result<BTreeMap<String, String>> {
    let world = World::new().await?;
    let (tenant, oem, csp) = parties(&world).await?;
    let other = world.partner("tailspin", PartnerKind::Oem, None).await?;
    for step in steps {
        world.wait(60);
        let seen = match step {
            Step::Northwind => world.catalogue(&oem, hashes(0..12)).await?,
            Step::Tailspin => world.catalogue(&other, hashes(8..18)).await?,
            Step::Tuples => {
                let rows: Vec<Row> = (0..14).map(|n| Row::of_tuple(&device(n)).tagged("Kiosk")).collect();
                world
                    .upload("partner-center", Some(&csp), tenant, all_columns(&rows))
                    .await?
            }
            Step::Pkids => {
                let rows: Vec<Row> = (6..18).map(|n| Row::of_pkid(&device(n))).collect();
                world
                    .upload("partner-center", Some(&csp), tenant, all_columns(&rows))
                    .await?
            }
        };
        assert_eq!(
            count(&seen, "ambiguous") + count(&seen, "storageError"),
            0,
            "{steps:?}: {}",
            seen.report
        );
    }
    let report = world.embedded.fsck().check(world.now()).await?;
    assert!(report.is_clean(), "{steps:?}: {report:?}");
    Ok(essence(world.devices(tenant).await?))
}

/// All orders of these.
fn orders(steps: &[Step]) -> Vec<Vec<Step>> {
    if steps.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for step in steps {
        let rest: Vec<Step> = steps.iter().copied().filter(|other| other != step).collect();
        all.extend(orders(&rest).into_iter().map(|mut order| {
            order.insert(0, *step);
            order
        }));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_entries_end_in_the_same_registry_in_every_order() -> Result<()> {
    let mut first: Option<BTreeMap<String, String>> = None;
    for order in orders(&[Step::Northwind, Step::Tailspin, Step::Tuples, Step::Pkids]) {
        let ended = play(&order).await?;
        assert_eq!(ended.len(), 18, "{order:?}");
        match &first {
            None => first = Some(ended),
            Some(first) => assert_eq!(&ended, first, "{order:?}"),
        }
    }
    Ok(())
}
