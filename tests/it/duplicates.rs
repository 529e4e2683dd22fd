//! Rows of one list that stand for one device, in different batches: what the later one knows is not lost.

use journeys::by_hand::ByHand;
use journeys::lists::{Row, all_columns, device};
use journeys::world::{FABRIKAM, Result, World};
use muster_core::party::PartnerKind;

/// Row 1 and row 1001, in two batches of `partner-center`, are one device: once by tuple, once by hash.
fn by_tuple_and_by_hash(hash_first: bool) -> Vec<u8> {
    let mut rows = vec![Row::of_tuple(&device(0)).tagged("Kiosk")];
    rows.extend((1..1000).map(|n| Row::of_pkid(&device(n)).tagged("Kiosk")));
    rows.push(Row::of_hash(&device(0)).tagged("Kiosk"));
    if hash_first {
        rows.swap(0, 1000);
    }
    all_columns(&rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_in_a_later_batch_adds_its_keys_and_the_same_list_again_changes_nothing() -> Result<()> {
    for hash_first in [false, true] {
        let world = World::new().await?;
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
        world.consent(tenant, &partner).await?;
        let (kind, list) = ("partner-center", by_tuple_and_by_hash(hash_first));

        let upload = ByHand::validated(&world, kind, Some(&partner), tenant, list.clone()).await?;
        assert_eq!(upload.len(), 2);
        let first = upload.calmly().await?;
        assert_eq!(first.counts.get("registered"), Some(&1000), "{:?}", first.counts);
        let last = first.report.lines().last().unwrap_or_default();
        assert!(
            last.contains("duplicateInUpload") && last.contains("the same device as line 2"),
            "{last}"
        );
        let devices = world.devices(tenant).await?;
        let of_both = devices
            .iter()
            .find(|d| d.components.is_some())
            .ok_or("the hash is lost")?;
        assert_eq!(of_both.keys.len(), 3, "TPM, PKID and tuple");
        assert_eq!(world.embedded.devices().claims(&of_both.keys, true).await?.len(), 3);

        let upload = ByHand::validated(&world, kind, Some(&partner), tenant, list).await?;
        let second = upload.calmly().await?;
        assert_eq!(second.counts.get("unchanged"), Some(&1001), "{:?}", second.counts);
        assert_eq!(world.devices(tenant).await?, devices);
    }
    Ok(())
}

/// Two rows in the second batch, united by nothing among themselves, lead to the device of row 1.
#[tokio::test(flavor = "multi_thread")]
async fn several_duplicates_in_one_batch_each_add_what_they_know() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &partner).await?;
    let (one, older) = (device(0), device(5000));
    let both = Row {
        product_id: older.pkid.clone().unwrap_or_default(),
        ..Row::of_tuple(&one)
    };
    let mut rows = vec![both];
    rows.extend((1..1000).map(|n| Row::of_pkid(&device(n))));
    // By the tuple of row 1, in a hash without a PKID; and by its PKID, under another name.
    let mut bare = one.clone();
    bare.pkid = None;
    rows.push(Row::of_hash(&bare));
    rows.push(Row {
        serial: "SECOND-NAME".to_owned(),
        product_id: older.pkid.clone().unwrap_or_default(),
        ..Row::of_tuple(&one)
    });
    let upload = ByHand::validated(&world, "partner-center", Some(&partner), tenant, all_columns(&rows)).await?;
    assert_eq!(upload.len(), 2);
    let seen = upload.calmly().await?;
    assert_eq!(seen.counts.get("duplicateInUpload"), Some(&2), "{:?}", seen.counts);
    let devices = world.devices(tenant).await?;
    assert_eq!(devices.len(), 1000);
    let known = devices
        .iter()
        .find(|d| d.components.is_some())
        .ok_or("the hash is lost")?;
    assert_eq!(known.keys.len(), 4, "TPM, PKID and two tuples: {:?}", known.keys);
    Ok(())
}
