//! The options of an upload, and what a list may change.

use journeys::lists::{Row, device, intune, list};
use journeys::world::{FABRIKAM, Result, World};
use manifest::Format;
use muster_core::upload::UploadState;

#[tokio::test(flavor = "multi_thread")]
async fn group_tags_and_users_are_taken_over_kept_and_never_cleared() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let one = device(1);
    let row = |tag: &str, user: &str| {
        let row = Row {
            assigned_user: user.to_owned(),
            ..Row::of_hash(&one).tagged(tag)
        };
        list(Format::Intune, &[row])
    };
    let ada = "ada@fabrikam.example";
    for (body, options, outcome, tag, user) in [
        (
            row("", ""),
            vec![("muster-group-tag", "K%C3%B6ln")],
            "registered",
            Some("Köln"),
            None,
        ),
        (row("", ada), vec![], "updated", Some("Köln"), Some(ada)),
        (row("", ""), vec![], "unchanged", Some("Köln"), Some(ada)),
        (
            row("KIOSK", ""),
            vec![("muster-on-conflict", "keep")],
            "unchanged",
            Some("Köln"),
            Some(ada),
        ),
        (
            row("KIOSK", ""),
            vec![("muster-group-tag", "Other")],
            "updated",
            Some("KIOSK"),
            Some(ada),
        ),
    ] {
        let seen = world.upload_with("intune", None, tenant, body, &options).await?;
        assert_eq!(seen.counts.get(outcome), Some(&1), "{options:?}: {seen:?}");
        let device = world.devices(tenant).await?.remove(0);
        assert_eq!(
            (device.group_tag.as_deref(), device.assigned_user.as_deref()),
            (tag, user),
            "{options:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_upload_beyond_the_limit_is_refused_whole_and_one_at_the_limit_is_not() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let strict = [("muster-strict", "true")];
    let over = world
        .upload_with("intune", None, tenant, intune(0..501), &strict)
        .await?;
    assert_eq!(over.status.state, UploadState::Refused);
    assert_eq!(over.status.reason.map(|r| r.code).as_deref(), Some("too-many-rows"));
    assert!(
        world.devices(tenant).await?.is_empty(),
        "nothing of a refused upload is registered"
    );
    let at = world
        .upload_with("intune", None, tenant, intune(0..500), &strict)
        .await?;
    assert_eq!(
        (at.status.state, at.counts.get("registered")),
        (UploadState::Finished, Some(&500))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_rows_for_one_device_one_is_processed_and_the_others_say_which() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let rows: Vec<Row> = (0..600).map(|n| Row::of_hash(&device(n % 590))).collect();
    let seen = world
        .upload("intune", None, tenant, list(Format::Intune, &rows))
        .await?;
    assert_eq!(seen.counts.get("registered"), Some(&590), "{:?}", seen.counts);
    assert_eq!(seen.counts.get("duplicateInUpload"), Some(&10));
    let duplicates: Vec<&str> = seen
        .report
        .lines()
        .filter(|line| line.contains("duplicateInUpload"))
        .collect();
    assert!(
        duplicates.iter().all(|line| line.contains("the same device as line")),
        "{duplicates:?}"
    );
    Ok(())
}

/// A person mends the rows of a fix-it file and hands it in as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_mended_fixit_file_goes_through() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let mut rows: Vec<Row> = (0..5).map(|n| Row::of_hash(&device(n))).collect();
    rows[2].serial = "SOMETHING-ELSE".to_owned();
    rows[3].assigned_user = "nobody".to_owned();
    let first = world
        .upload("intune", None, tenant, list(Format::Intune, &rows))
        .await?;
    assert_eq!(first.counts.get("registered"), Some(&3), "{:?}", first.counts);
    let fixit = String::from_utf8(first.fixit)?;
    assert_eq!(fixit.lines().count(), 3, "{fixit}");
    let mended = fixit
        .replace("SOMETHING-ELSE", &device(2).serial)
        .replace("nobody", "ada@fabrikam.example");
    let second = world.upload("intune", None, tenant, mended.into_bytes()).await?;
    assert_eq!(
        (second.status.state, second.counts.get("registered")),
        (UploadState::Finished, Some(&2)),
        "{:?}",
        second.report
    );
    Ok(())
}
