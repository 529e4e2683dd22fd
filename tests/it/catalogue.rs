//! What manufacturers make known, and what becomes of rows that lead there.

mod believed;
mod order;
mod races;

use journeys::lists::{Row, all_columns, device, hash};
use journeys::world::{FABRIKAM, Result, Seen, TAILSPIN, World};
use muster_core::catalogue::{Entry, EntryId};
use muster_core::channel::Channel;
use muster_core::grant::{Grant, Verb};
use muster_core::history::Author;
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::{PartnerKind, TenantEdit};
use muster_store::catalogue::{EntryFilter, Withdrawal, Withdrawn};

/// A tenant, a manufacturer, and a CSP with the tenant's consent.
async fn parties(world: &World) -> Result<(TenantId, PartnerId, PartnerId)> {
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let oem = world.partner("northwind", PartnerKind::Oem, None).await?;
    let csp = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &csp).await?;
    Ok((tenant, oem, csp))
}

/// A list of devices by their hashes.
fn hashes(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let rows: Vec<Row> = numbers.into_iter().map(|n| Row::of_hash(&device(n))).collect();
    all_columns(&rows)
}

/// A list of devices by manufacturer, model and serial number.
fn tuples(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let rows: Vec<Row> = numbers.into_iter().map(|n| Row::of_tuple(&device(n))).collect();
    all_columns(&rows)
}

async fn entries(world: &World, partner: &PartnerId) -> Result<Vec<Entry>> {
    let all = EntryFilter::default();
    Ok(world
        .embedded
        .catalogue()
        .list(partner, &all, None, 1000)
        .await?
        .entries)
}

async fn withdraw(world: &World, partner: &PartnerId, id: EntryId) -> Result<Withdrawn> {
    let grant = world.embedded.grants().ensure_catalogue(partner, world.now()).await?;
    let pin = Grant::permit(Some(&grant), Verb::Release, Channel::Catalogue, world.now()).map_err(|d| d.code())?;
    let by = Withdrawal {
        pin: &pin,
        partner,
        now: world.now(),
    };
    Ok(world.embedded.catalogue().withdraw(id, &by).await?)
}

async fn demand(world: &World, tenant: TenantId) -> Result<()> {
    let edit = TenantEdit {
        require_catalogue: Some(true),
        ..TenantEdit::default()
    };
    world.embedded.tenants().edit(tenant, &edit, None).await?;
    Ok(())
}

/// How many rows came to this.
fn count(seen: &Seen, outcome: &str) -> u64 {
    seen.counts.get(outcome).copied().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_manufacturer_made_known_is_whole_when_a_partner_registers_it_by_its_name() -> Result<()> {
    let world = World::new().await?;
    let (tenant, oem, csp) = parties(&world).await?;
    let seen = world.catalogue(&oem, hashes(0..4)).await?;
    assert_eq!(count(&seen, "registered"), 4, "{}", seen.report);
    assert_eq!(seen.status.tenant, Some(TenantId::of_catalogue(&oem)));
    assert!(world.devices(tenant).await?.is_empty(), "an entry is nobody's device");
    let listed = entries(&world, &oem).await?;
    assert!(
        seen.report
            .lines()
            .skip(1)
            .all(|line| listed.iter().any(|e| line.contains(&e.id.to_string())))
    );

    let seen = world.upload("partner-center", Some(&csp), tenant, tuples(0..2)).await?;
    assert_eq!(count(&seen, "registered"), 2, "{}", seen.report);
    let pkid = all_columns(&[Row::of_pkid(&device(2)).tagged("Kiosk")]);
    world.upload("partner-center", Some(&csp), tenant, pkid).await?;
    for found in world.devices(tenant).await? {
        let entry = listed
            .iter()
            .find(|e| e.serial == found.serial)
            .ok_or("no such entry")?;
        assert_eq!(
            (&found.keys, found.components.as_ref()),
            (&entry.keys, Some(&entry.components))
        );
        assert_eq!((found.version, found.pkid), (1, entry.pkid.clone()));
    }
    let again = world.upload("partner-center", Some(&csp), tenant, tuples(0..3)).await?;
    assert_eq!(count(&again, "unchanged"), 3, "{}", again.report);
    assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_registered_first_is_completed_and_stays_what_its_owner_made_of_it() -> Result<()> {
    let world = World::new().await?;
    let (tenant, oem, csp) = parties(&world).await?;
    let rows = [Row::of_tuple(&device(1)).tagged("Kiosk"), Row::of_pkid(&device(2))];
    world
        .upload("partner-center", Some(&csp), tenant, all_columns(&rows))
        .await?;
    let before = world.devices(tenant).await?;
    assert!(before.iter().all(|device| device.components.is_none()));

    let seen = world.catalogue(&oem, hashes(0..4)).await?;
    assert_eq!(count(&seen, "registered"), 4, "{}", seen.report);
    let after = world.devices(tenant).await?;
    assert_eq!(after.len(), 2);
    for old in before {
        let new = after.iter().find(|device| device.id == old.id).ok_or("it is gone")?;
        assert!(new.components.is_some() && new.keys.len() > old.keys.len());
        assert_eq!(
            (new.version, &new.group_tag, &new.registrant),
            (2, &old.group_tag, &old.registrant)
        );
        let history = world.embedded.devices().history(new, None, 10).await?;
        assert_eq!(history.changes[0].by, Author::Catalogue(oem.clone()));
        assert_eq!(history.changes.len(), 2);
    }
    // The same list again finds nothing to do, on either side.
    let again = world.catalogue(&oem, hashes(0..4)).await?;
    assert_eq!(count(&again, "unchanged"), 4, "{}", again.report);
    assert_eq!(world.devices(tenant).await?, after);
    let rows = all_columns(&rows);
    let again = world.upload("partner-center", Some(&csp), tenant, rows).await?;
    assert_eq!(count(&again, "unchanged"), 2, "{}", again.report);
    assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_demands_the_catalogue_gets_nothing_that_it_does_not_know() -> Result<()> {
    let world = World::new().await?;
    let (tenant, oem, csp) = parties(&world).await?;
    world.upload("partner-center", Some(&csp), tenant, tuples([9])).await?;
    demand(&world, tenant).await?;
    let other = world.partner("tailspin", PartnerKind::Oem, None).await?;
    world.catalogue(&oem, hashes(0..2)).await?;
    // A board with the name of another device.
    let board = device(1).with_new_board(1, hardware_hash::generate::Rewritten::SerialAndUuid);
    let row = Row {
        serial: board.serial.clone(),
        hash: hash(&board, 1),
        ..Row::default()
    };
    world.catalogue(&other, all_columns(&[row])).await?;

    let rows = [0, 1, 5, 9].map(|n| Row::of_tuple(&device(n)));
    let seen = world
        .upload("partner-center", Some(&csp), tenant, all_columns(&rows))
        .await?;
    let outcomes: Vec<&str> = seen
        .report
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').nth(3))
        .collect();
    assert_eq!(
        outcomes,
        ["registered", "ambiguous", "unknownIdentity", "unchanged"],
        "{}",
        seen.report
    );
    assert!(seen.report.contains("812") && seen.report.contains("ZtdDeviceNotFound"));
    // Hashes need no catalogue.
    let seen = world.upload("intune", None, tenant, hashes([7])).await?;
    assert_eq!(count(&seen, "registered"), 1, "{}", seen.report);
    assert_eq!(world.devices(tenant).await?.len(), 3);

    let open = world.tenant("Tailspin", TAILSPIN).await?;
    world.consent(open, &csp).await?;
    let seen = world.upload("partner-center", Some(&csp), open, tuples([1, 5])).await?;
    assert_eq!(count(&seen, "registered"), 2, "without the demand: {}", seen.report);
    assert!(
        world
            .devices(open)
            .await?
            .iter()
            .all(|device| device.components.is_none())
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_manufacturers_that_make_one_device_known_do_not_stand_in_each_others_way() -> Result<()> {
    let world = World::new().await?;
    let (tenant, oem, csp) = parties(&world).await?;
    demand(&world, tenant).await?;
    let other = world.partner("tailspin", PartnerKind::Oem, None).await?;
    for manufacturer in [&oem, &other] {
        let seen = world.catalogue(manufacturer, hashes([1])).await?;
        assert_eq!(count(&seen, "registered"), 1, "{}", seen.report);
    }
    let seen = world.upload("partner-center", Some(&csp), tenant, tuples([1])).await?;
    assert_eq!(count(&seen, "registered"), 1, "{}", seen.report);
    for manufacturer in [&oem, &other] {
        let id = entries(&world, manufacturer).await?[0].id;
        assert_eq!(withdraw(&world, manufacturer, id).await?, Withdrawn::Owned);
    }
    let device = world.devices(tenant).await?.remove(0);
    world.release(device.id, tenant).await?;
    for manufacturer in [&oem, &other] {
        let id = entries(&world, manufacturer).await?[0].id;
        assert!(matches!(withdraw(&world, manufacturer, id).await?, Withdrawn::Done(_)));
    }
    let seen = world.upload("partner-center", Some(&csp), tenant, tuples([1])).await?;
    assert_eq!(count(&seen, "unknownIdentity"), 1, "{}", seen.report);
    let seen = world.catalogue(&oem, hashes([1])).await?;
    assert_eq!(count(&seen, "registered"), 1, "made known anew: {}", seen.report);
    let seen = world.upload("partner-center", Some(&csp), tenant, tuples([1])).await?;
    assert_eq!(count(&seen, "registered"), 1, "{}", seen.report);
    assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rows_that_the_catalogue_shows_to_be_one_device_are_one() -> Result<()> {
    let world = World::new().await?;
    let (tenant, oem, csp) = parties(&world).await?;
    world.catalogue(&oem, hashes([1])).await?;
    let rows = [
        Row::of_tuple(&device(1)),
        Row::of_pkid(&device(1)),
        Row::of_tuple(&device(2)),
    ];
    let seen = world
        .upload("partner-center", Some(&csp), tenant, all_columns(&rows))
        .await?;
    assert_eq!(
        (count(&seen, "registered"), count(&seen, "duplicateInUpload")),
        (2, 1),
        "{}",
        seen.report
    );
    assert_eq!(world.devices(tenant).await?.len(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_for_a_catalogue_that_cannot_be_are_refused_with_a_reason() -> Result<()> {
    let world = World::new().await?;
    let (_, oem, csp) = parties(&world).await?;
    let nobody: PartnerId = "nobody".parse()?;
    for (key, options, code) in [
        (
            "inbox/catalogue/-/-/a.csv".to_owned(),
            &[][..],
            "channel-not-for-caller",
        ),
        (format!("inbox/catalogue/{csp}/-/a.csv"), &[], "channel-not-for-caller"),
        (format!("inbox/catalogue/{nobody}/-/a.csv"), &[], "unknown-partner"),
        (
            format!("inbox/catalogue/{oem}/Fabrikam/a.csv"),
            &[],
            "catalogue-has-no-tenant",
        ),
        (
            format!("inbox/catalogue/{oem}/-/a.csv"),
            &[("muster-intended-for", "nobody")],
            "unknown-partner",
        ),
        (
            format!("inbox/partner-center/{csp}/Fabrikam/a.csv"),
            &[("muster-intended-for", "contoso")],
            "unknown-option",
        ),
    ] {
        let object = world.drop_file(&key, hashes([1]), options).await?;
        world.flow.idle().await;
        let reason = world.seen(&object).await?.status.reason.ok_or("it was accepted")?;
        assert_eq!(reason.code, code, "{key}: {reason:?}");
        assert!(!reason.remedy.is_empty());
    }
    assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_catalogue_are_held_against_the_guidelines_and_need_a_hash() -> Result<()> {
    let world = World::new().await?;
    let (_, oem, _) = parties(&world).await?;
    let rows = [
        Row::of_hash(&device(1).without_tpm()),
        Row::of_hash(&device(2)).tagged("Kiosk"),
        Row::of_tuple(&device(3)),
        Row::of_hash(&device(4).virtual_machine()),
    ];
    let seen = world.catalogue(&oem, all_columns(&rows)).await?;
    assert_eq!(
        (count(&seen, "registered"), count(&seen, "missingIdentity")),
        (3, 1),
        "{}",
        seen.report
    );
    let lines: Vec<&str> = seen.report.lines().skip(1).collect();
    assert!(lines[0].contains("guideline: the hash shows no TPM"), "{}", lines[0]);
    assert!(lines[1].contains("nobody's yet"), "{}", lines[1]);
    assert!(lines[2].contains("the hardware hash is missing"), "{}", lines[2]);
    assert!(!seen.fixit.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_for_a_catalogue_can_be_tried_without_listing_anything() -> Result<()> {
    let world = World::new().await?;
    let (_, oem, _) = parties(&world).await?;
    let key = muster_core::inbox::InboxKey::of_catalogue(&oem, "try.csv");
    let object = world
        .drop_file(&key, hashes(0..3), &[("muster-validate-only", "true")])
        .await?;
    world.flow.idle().await;
    let seen = world.seen(&object).await?;
    assert_eq!(count(&seen, "registered"), 3, "{}", seen.report);
    assert!(seen.report.contains("predicted"), "{}", seen.report);
    assert!(entries(&world, &oem).await?.is_empty());
    assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_catalogue_is_cut_and_listed_whole() -> Result<()> {
    let world = World::new().await?;
    let (tenant, oem, csp) = parties(&world).await?;
    let seen = world.catalogue(&oem, hashes(0..1100)).await?;
    assert_eq!((seen.status.total, count(&seen, "registered")), (Some(2), 1100));
    let seen = world
        .upload("partner-center", Some(&csp), tenant, tuples(900..1100))
        .await?;
    assert_eq!(count(&seen, "registered"), 200, "{:?}", seen.counts);
    assert!(
        world
            .devices(tenant)
            .await?
            .iter()
            .all(|device| device.components.is_some())
    );
    Ok(())
}
