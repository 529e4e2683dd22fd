//! A bad file is refused whole, with the reason and the remedy, and leaves nothing behind.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use journeys::lists::intune;
use journeys::world::{FABRIKAM, Result, World};
use muster_core::party::PartnerKind;
use muster_core::upload::UploadState;

fn bad_files() -> Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/manifest/tests/fixtures/bad-files");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.sort();
    Ok(files)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_file_is_refused_with_its_reason_and_remedy() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let mut words = String::new();
    for path in bad_files()? {
        let seen = world.upload("intune", None, tenant, std::fs::read(&path)?).await?;
        assert_eq!(seen.status.state, UploadState::Refused, "{path:?}");
        assert!(seen.report.is_empty() && seen.fixit.is_empty());
        let reason = seen.status.reason.ok_or("a refused upload has a reason")?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        writeln!(
            words,
            "{name}\n  {}: {}\n  {}",
            reason.code, reason.detail, reason.remedy
        )?;
    }
    assert!(world.devices(tenant).await?.is_empty());
    insta::assert_snapshot!(words);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_key_names_and_nobody_knows_has_its_own_code() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &partner).await?;
    let mut words = String::new();
    for (key, metadata) in [
        (format!("inbox/in-tune/-/{tenant}/a.csv"), vec![]),
        ("inbox/intune/-/Nobody/a.csv".to_owned(), vec![]),
        (format!("inbox/partner-center/nobody/{tenant}/a.csv"), vec![]),
        (format!("inbox/partner-center/-/{tenant}/a.csv"), vec![]),
        (format!("inbox/intune/contoso/{tenant}/a.csv"), vec![]),
        (format!("inbox/oem-direct/contoso/{tenant}/a.csv"), vec![]),
        (
            "inbox/intune/-/Fabrikam/a.csv".to_owned(),
            vec![("muster-stict", "true")],
        ),
        (
            "inbox/intune/-/Fabrikam/a.csv".to_owned(),
            vec![("muster-on-conflict", "overwrite")],
        ),
    ] {
        let object = world.drop_file(&key, intune(0..1), &metadata).await?;
        world.flow.idle().await;
        let seen = world.seen(&object).await?;
        let reason = seen.status.reason.ok_or("a refused upload has a reason")?;
        writeln!(
            words,
            "{key} {metadata:?}\n  {}: {}\n  {}",
            reason.code, reason.detail, reason.remedy
        )?;
    }
    assert!(world.devices(tenant).await?.is_empty());
    insta::assert_snapshot!(words);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_fits_no_pattern_is_left_alone_and_reported() -> Result<()> {
    let world = World::new().await?;
    world.tenant("Fabrikam", FABRIKAM).await?;
    world.drop_file("inbox/list.csv", intune(0..1), &[]).await?;
    world
        .drop_file("inbox/intune/-/Fabrikam/list.xlsx", intune(0..1), &[])
        .await?;
    world.flow.idle().await;
    let strays = world.embedded.uploads().strays(10).await?;
    let keys: Vec<&str> = strays.iter().map(|stray| stray.key.as_str()).collect();
    assert_eq!(keys, ["inbox/intune/-/Fabrikam/list.xlsx", "inbox/list.csv"]);
    assert!(
        world.embedded.objects().head("inbox/list.csv", None).await?.is_some(),
        "it is left alone"
    );
    Ok(())
}
