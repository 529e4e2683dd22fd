//! A sandbox: what a serial number asks for shows wherever a real outcome does, and only there.

mod facades;
mod ways;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use journeys::lists::{Row, all_columns, device, hash};
use journeys::world::{Result, World};
use muster_core::id::{PartnerId, TenantId};
use muster_core::outcome::Outcome;
use muster_core::sandbox::ending;
use muster_local::sandbox::tenant_id;
use muster_store::reports::summary_key;

/// Rows for every outcome that can be asked for, by tuple or by hash, and one that asks for nothing.
fn rows(by_hash: bool) -> (Vec<Row>, Vec<Outcome>) {
    let asked: Vec<Outcome> = Outcome::ALL.into_iter().filter(|o| ending(*o).is_some()).collect();
    let endings = asked
        .iter()
        .filter_map(|outcome| ending(*outcome))
        .chain(["0001".into()]);
    let row = |(n, ending): (u64, std::borrow::Cow<'static, str>)| {
        let mut device = device(n);
        let kind = if by_hash { "H" } else { "T" };
        device.serial = format!("{kind}{n}-{ending}");
        match by_hash {
            true => Row::of_hash(&device),
            false => Row::of_tuple(&device),
        }
    };
    ((0..).zip(endings).map(row).collect(), asked)
}

fn northwind() -> Result<PartnerId> {
    Ok("northwind".parse()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_can_be_asked_for_and_registers_nothing() -> Result<()> {
    let world = World::sandbox().await?;
    let (tenant, partner) = (tenant_id("Contoso"), northwind()?);
    for (channel, partner, by_hash) in [("partner-center", Some(&partner), false), ("intune", None, true)] {
        let before = world.devices(tenant).await?.len();
        let (rows, asked) = rows(by_hash);
        let seen = world.upload(channel, partner, tenant, all_columns(&rows)).await?;
        assert_eq!(seen.status.state.as_str(), "finished-with-errors");

        let mut expected: BTreeMap<String, u64> = asked.iter().map(|o| (o.name().to_owned(), 1)).collect();
        expected.insert("registered".to_owned(), 1);
        assert_eq!(seen.counts, expected);

        let mut report = csv::Reader::from_reader(seen.report.as_bytes());
        let lines: Vec<csv::StringRecord> = report.records().collect::<std::result::Result<_, _>>()?;
        assert_eq!(lines.len(), asked.len() + 1);
        for ((line, outcome), row) in lines.iter().zip(&asked).zip(&rows) {
            let entry = outcome.entry();
            let code = entry.code.map(|code| code.to_string()).unwrap_or_default();
            let told = [&line[2], &line[3], &line[4], &line[5], &line[6]];
            let name = entry.code_name.unwrap_or_default();
            assert_eq!(told, [&row.serial, outcome.name(), &code, name, ""]);
        }
        let fixit = String::from_utf8(seen.fixit.clone())?;
        for (row, outcome) in rows.iter().zip(&asked) {
            assert_eq!(fixit.contains(&row.serial), !outcome.is_success(), "{}", row.serial);
        }
        let summary = world
            .embedded
            .objects()
            .get_small(&summary_key(&seen.status.id))
            .await?;
        let summary: serde_json::Value = serde_json::from_slice(&summary.ok_or("no summary")?)?;
        assert_eq!(summary["outcomes"], serde_json::to_value(expected)?);
        let devices = world.devices(tenant).await?;
        assert_eq!(devices.len(), before + 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_wrong_comes_to_what_is_wrong_with_it() -> Result<()> {
    let world = World::sandbox().await?;
    let mut other = device(1);
    other.serial = "PC-808".to_owned();
    let mut twin = device(2);
    twin.serial = "PC-2".to_owned();
    let damaged = hash(&device(3), 1).replacen("AA", "AB", 1);
    let rows = [
        // The hash says another serial number than the row.
        Row {
            hash: hash(&device(0), 1),
            ..Row::of_hash(&other)
        },
        Row::of_hash(&twin),
        Row::of_hash(&twin),
        Row {
            hash: damaged,
            ..Row::of_hash(&other)
        },
    ];
    let seen = world
        .upload("intune", None, tenant_id("Contoso"), all_columns(&rows))
        .await?;
    let expected = [
        ("identityMismatch", 1),
        ("registered", 1),
        ("duplicateInUpload", 1),
        ("invalidHash", 1),
    ];
    assert_eq!(
        seen.counts,
        expected.map(|(name, count)| (name.to_owned(), count)).into()
    );
    Ok(())
}

/// The list of one row, dropped; how long it took.
async fn timed(world: &World, tenant: TenantId, name: &str, serial: &str) -> Result<(Duration, BTreeMap<String, u64>)> {
    let mut device = device(serial.len() as u64 + name.len() as u64);
    device.serial = serial.to_owned();
    let (start, key) = (Instant::now(), format!("inbox/intune/-/{tenant}/{name}.csv"));
    let object = world
        .drop_file(&key, all_columns(&[Row::of_hash(&device)]), &[])
        .await?;
    loop {
        let status = world.embedded.uploads().get(&object.upload_id()).await?;
        if status.is_some_and(|status| status.state.is_final()) {
            return Ok((start.elapsed(), world.seen(&object).await?.counts));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_row_takes_its_time_and_holds_nobody_up() -> Result<()> {
    let world = World::sandbox().await?;
    let tenant = tenant_id("Contoso");
    let registered: BTreeMap<String, u64> = [("registered".to_owned(), 1)].into();
    let slow = timed(&world, tenant, "slow", "PC-11-slow3");
    let quick = async {
        // Surely behind the slow one, in the same queues.
        tokio::time::sleep(Duration::from_millis(300)).await;
        timed(&world, tenant, "quick", "PC-12").await
    };
    let (slow, quick) = tokio::join!(slow, quick);
    let ((slow, of_slow), (quick, of_quick)) = (slow?, quick?);
    assert!(slow >= Duration::from_secs(3), "{slow:?}");
    assert!(quick < Duration::from_secs(2), "{quick:?}");
    assert_eq!((of_slow, of_quick), (registered.clone(), registered));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn anywhere_else_a_serial_number_asks_for_nothing() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Contoso", &tenant_id("Contoso").to_string()).await?;
    let (rows, _) = rows(true);
    let seen = world.upload("intune", None, tenant, all_columns(&rows)).await?;
    assert_eq!(seen.counts, [("registered".to_owned(), rows.len() as u64)].into());
    Ok(())
}

/// The Rust files of the functions, and what describes their deployment.
fn of_functions(folder: &Path, found: &mut Vec<(String, String)>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            of_functions(&path, found)?;
        } else if path
            .extension()
            .is_some_and(|end| end == "rs" || end == "toml" || end == "yaml")
        {
            found.push((path.display().to_string(), std::fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

#[test]
fn no_function_knows_of_sandboxes() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no root")?;
    let mut files = Vec::new();
    // What functions link stands in these, beside core, which says what endings there are.
    for folder in ["functions", "shared/service", "shared/runtime", "shared/store"] {
        of_functions(&root.join(folder), &mut files)?;
    }
    let template = root.join("infra/template.yaml");
    files.push(("infra/template.yaml".to_owned(), std::fs::read_to_string(template)?));
    assert!(files.iter().filter(|(path, _)| path.ends_with("main.rs")).count() >= 8);
    for folder in ["service", "runtime", "store"] {
        let of = format!("shared/{folder}/src");
        assert!(files.iter().any(|(path, _)| path.contains(&of)), "{of} is not there");
    }
    for (path, text) in &files {
        assert!(!text.to_lowercase().contains("sandbox"), "{path} names a sandbox");
        let hook = text.contains("handle_with");
        assert!(
            !hook || path.ends_with("validate-batch/src/lib.rs"),
            "{path} changes what rows come to"
        );
    }
    Ok(())
}
