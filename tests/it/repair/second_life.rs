//! Boards and devices that come to somebody else.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_board_of_a_registered_device_is_free_once_that_one_is_released() -> Result<()> {
    let shop = Shop::open().await?;
    let admin = shop.admin();
    let broken = shop.register("intune", shop.tenant, &device(1)).await?;
    let donor = shop.register("intune", shop.tenant, &device(2)).await?;
    let after = device(1).with_board_of(&device(2), Rewritten::Serial);
    let seen = shop.upload("intune", shop.tenant, &after).await?;
    assert!(
        seen.report
            .contains(&format!("device {}, which must be released first", donor.id)),
        "{}",
        seen.report
    );
    let held = shop.rebind(&admin, broken.id, &after).await?;
    assert_eq!(
        (status(&held), &held.body["reason"]),
        (409, &json!("held-by-other-device"))
    );
    for told in ["detail", "remedy"] {
        assert!(
            held.body[told]
                .as_str()
                .is_some_and(|text| text.contains(&donor.id.to_string()))
        );
    }
    assert_eq!(shop.device(donor.id).await?.version, 1, "the donor is untouched");
    shop.world.release(donor.id, shop.tenant).await?;
    assert_eq!(status(&shop.rebind(&admin, broken.id, &after).await?), 200);
    let new = shop.device(broken.id).await?;
    assert!(
        shop.holders(&new.keys)
            .await?
            .iter()
            .all(|holder| *holder == Some(broken.id))
    );
    // The old board is free, and can serve in another device, of whatever tenant.
    let second_hand = device(3).with_board_of(&device(1), Rewritten::Serial);
    shop.register("intune", shop.other, &second_hand).await?;
    shop.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_of_another_tenant_or_of_what_a_partner_may_not_know_is_told_without_a_name() -> Result<()> {
    let shop = Shop::open().await?;
    let mine = shop.register("partner-center", shop.tenant, &device(1)).await?;
    let theirs = shop.register("intune", shop.other, &device(2)).await?;
    let own = shop.register("intune", shop.tenant, &device(3)).await?;
    for (who, donor, reason) in [
        (shop.admin(), 2, "ZtdDeviceAssignedToOtherTenant"),
        (shop.agent(), 2, "ZtdDeviceAssignedToOtherTenant"),
        (shop.agent(), 3, "held-by-other-device"),
    ] {
        let after = device(1).with_board_of(&device(donor), Rewritten::Serial);
        let held = shop.rebind(&who, mine.id, &after).await?;
        assert_eq!((status(&held), &held.body["reason"]), (409, &json!(reason)), "{who:?}");
        let told = held.body.to_string();
        for hidden in [
            theirs.id.to_string(),
            own.id.to_string(),
            shop.other.to_string(),
            "Tailspin".to_owned(),
        ] {
            assert!(!told.contains(&hidden), "{told}");
        }
    }
    assert_eq!(shop.device(mine.id).await?, mine);
    shop.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_serial_number_takes_nothing_and_marks_the_device_for_a_person() -> Result<()> {
    let shop = Shop::open().await?;
    let victim = shop.register("intune", shop.tenant, &device(1)).await?;
    let mut thief = device(2);
    (thief.serial, thief.product) = (device(1).serial, device(1).product);
    let seen = shop.upload("intune", shop.other, &thief).await?;
    assert_eq!(seen.counts.get("ownedByOtherTenant"), Some(&1), "{}", seen.report);
    assert_eq!(
        shop.device(victim.id).await?,
        victim,
        "another tenant's row marks nothing"
    );
    for channel in ["automatic", "automatic", "intune"] {
        let seen = shop.upload(channel, shop.tenant, &thief).await?;
        assert_eq!(seen.counts.get("ambiguous"), Some(&1), "{}", seen.report);
    }
    let marked = shop.device(victim.id).await?;
    assert_eq!(
        (marked.version, &marked.keys),
        (2, &victim.keys),
        "names alone are never taken over by themselves"
    );
    assert!(marked.remediation.is_some_and(|seen| seen.is_open()));
    shop.world.release(victim.id, shop.tenant).await?;
    let gone = shop.device(victim.id).await?;
    assert!(
        gone.remediation.is_some_and(|seen| !seen.is_open()),
        "nobody has to see to it any more"
    );
    shop.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_another_tenant_registers_after_its_release_keeps_nothing_of_the_first() -> Result<()> {
    let shop = Shop::open().await?;
    let admin = shop.admin();
    let first = shop.register("intune", shop.tenant, &device(1)).await?;
    let path = format!("/devices/{}", first.id);
    let edit = json!({"groupTag": "Sales", "assignedUser": "ada@fabrikam.com", "displayName": "PC-1", "purchaseOrder": "PO 7"});
    shop.ask(&admin, &format!("PATCH {path}"), &edit).await?;
    shop.upload("intune", shop.tenant, &repaired(1)).await?;
    shop.rebind(&admin, first.id, &repaired(1)).await?;
    shop.world.release(first.id, shop.tenant).await?;

    let second = shop.register("intune", shop.other, &repaired(1)).await?;
    assert_ne!(second.id, first.id);
    assert_eq!(second.version, 1);
    let values = [
        &second.group_tag,
        &second.assigned_user,
        &second.display_name,
        &second.purchase_order,
    ];
    assert!(values.into_iter().all(Option::is_none) && second.remediation.is_none());
    let theirs = Who::OfTenant(shop.other, Role::TenantAdministrator);
    let of = |tenant: TenantId, id: DeviceId| format!("GET /v1/tenants/{tenant}/devices/{id}/history");
    let history = shop
        .api
        .ask(&theirs, &shop.world, &of(shop.other, second.id), &[], &Value::Null)
        .await?;
    assert_eq!(
        history.body["changes"].as_array().map(Vec::len),
        Some(1),
        "{}",
        history.body
    );
    let foreign = shop
        .api
        .ask(&theirs, &shop.world, &of(shop.other, first.id), &[], &Value::Null)
        .await?;
    assert_eq!(status(&foreign), 404);
    let history = shop.ask(&admin, &format!("GET {path}/history"), &Value::Null).await?;
    let events: Vec<&Value> = history.body["changes"]
        .as_array()
        .ok_or("changes")?
        .iter()
        .map(|change| &change["event"])
        .collect();
    assert_eq!(events, ["released", "rebound", "updated", "updated", "registered"]);
    // The old board, and the old hash, lead the first owner to nothing: the serial number is another tenant's now.
    let seen = shop.upload("intune", shop.tenant, &device(1)).await?;
    assert_eq!(seen.counts.get("ownedByOtherTenant"), Some(&1), "{}", seen.report);
    shop.assert_sound().await
}
