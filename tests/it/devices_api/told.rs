//! What is told of a device, and to whom: long histories, and rows of others.

use muster_core::id::UploadId;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_is_told_no_upload_but_its_own() -> Result<()> {
    let place = Place::with(0, 0).await?;
    let (world, tenant, contoso) = (&place.world, place.tenant, &place.contoso);
    let adatum = world.partner("adatum", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &adatum).await?;
    let laptop = device(7);
    let mut uploads: Vec<UploadId> = Vec::new();
    for (channel, partner, row) in [
        ("partner-center", Some(contoso), Row::of_tuple(&laptop)),
        ("intune", None, Row::of_hash(&laptop).tagged("Sales")),
        ("partner-center", Some(&adatum), Row::of_tuple(&laptop).tagged("Kiosk")),
        ("partner-center", Some(contoso), Row::of_tuple(&laptop).tagged("Office")),
    ] {
        let list = all_columns(&[row]);
        let seen = world.upload(channel, partner, tenant, list).await?;
        assert_eq!(seen.counts.len(), 1, "{}", seen.report);
        uploads.push(seen.status.id);
        world.wait(60);
    }
    let (_, handed) = place.devices().await?;
    assert_eq!(handed.len(), 1, "four rows, one device");
    let id = handed[0].id;
    let other = Who::OfPartner(adatum, Role::AdminAgent);
    let by = |partner: &str| json!({ "party": { "partner": partner } });
    let own = |at: usize| json!({ "source": uploads[at] });
    let tenants = json!({ "party": "tenant" });
    for (who, expected, source) in [
        (&place.admin(), [own(3), own(2), own(1), own(0)], Some(&uploads[0])),
        (
            &place.agent(),
            [own(3), by("adatum"), tenants.clone(), own(0)],
            Some(&uploads[0]),
        ),
        (&other, [by("contoso"), own(2), tenants, by("contoso")], None),
    ] {
        let history = place.get(who, &format!("/devices/{id}/history")).await?;
        let changes = history.body["changes"].as_array().ok_or("changes")?;
        let authors: Vec<Value> = changes
            .iter()
            .map(|change| match change["by"]["source"]["upload"].clone() {
                Value::Null => change["by"].clone(),
                upload => json!({ "source": upload }),
            })
            .collect();
        assert_eq!(authors, expected, "{who:?}");
        let shown = place.get(who, &format!("/devices/{id}")).await?.body;
        let listed = place.get(who, "/devices").await?.body["devices"][0].clone();
        let tag = json!({ "groupTag": "Office" });
        let changed = place.ask(who, &format!("PATCH /devices/{id}"), &tag).await?.body;
        let tuple =
            json!({"serialNumber": laptop.serial, "manufacturer": laptop.manufacturer, "model": laptop.product});
        let found = place.ask(who, "POST /devices/find", &tuple).await?.body["device"].clone();
        for told in [&shown, &listed, &changed, &found] {
            assert_eq!(told["id"], json!(id), "{told}");
            assert_eq!(told["source"]["upload"], json!(source), "{who:?}");
            let of_tenant = matches!(who, Who::OfTenant(..));
            assert_eq!(told.get("changedBy").is_some(), of_tenant, "{who:?}");
        }
    }
    place.assert_sound().await
}

/// A page of the store ends where it is a megabyte long, whatever was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_is_longer_than_a_page_of_the_store_is_told_whole() -> Result<()> {
    const CHANGES: u64 = 500;
    let place = Place::with(1, 0).await?;
    let (own, _) = place.devices().await?;
    let path = format!("/devices/{}", own[0].id);
    for n in 0..CHANGES {
        // Four bytes a character, old and new.
        let long = if n % 2 == 0 { "𝄞" } else { "𝄢" }.repeat(128);
        let patch = json!({ "purchaseOrder": long, "groupTag": long });
        let answer = place.ask(&place.admin(), &format!("PATCH {path}"), &patch).await?;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
    let (mut versions, mut pages, mut next) = (Vec::new(), 0, String::new());
    loop {
        let page = place
            .get(&place.admin(), &format!("{path}/history?limit=1000{next}"))
            .await?
            .body;
        let changes = page["changes"].as_array().ok_or("changes")?;
        versions.extend(changes.iter().filter_map(|change| change["version"].as_u64()));
        pages += 1;
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(versions, (1..=CHANGES + 1).rev().collect::<Vec<u64>>());
    assert!(pages > 1, "it came in one piece");
    Ok(())
}

/// What another tenant's device holds of the identities that a hash has is as good as nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_found_by_a_weaker_identity_where_the_stronger_one_is_anothers() -> Result<()> {
    let place = Place::with(0, 0).await?;
    let (world, tenant) = (&place.world, place.tenant);
    let tailspin: TenantId = TAILSPIN.parse()?;
    world.upload("intune", None, tailspin, intune(1..2)).await?;
    let named = device(0);
    let list = all_columns(&[Row::of_tuple(&named)]);
    world
        .upload("partner-center", Some(&place.contoso), tenant, list)
        .await?;
    let (_, handed) = place.devices().await?;

    // The name of the one, the TPM of the other.
    let mut odd = device(1);
    (odd.serial, odd.manufacturer, odd.product, odd.pkid) = (named.serial, named.manufacturer, named.product, None);
    let wanted = json!({ "hardwareHash": hash(&odd, 1) });
    for who in [place.admin(), place.agent()] {
        let found = place.ask(&who, "POST /devices/find", &wanted).await?.body;
        assert_eq!(found["device"]["id"], json!(handed[0].id), "{found}");
        assert_eq!(found["ledBy"], json!(["tuple"]), "{found}");
    }
    Ok(())
}
