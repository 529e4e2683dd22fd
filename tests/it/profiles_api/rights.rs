//! Who makes, sees and assigns which profiles.

use super::*;

/// What a caller is answered when it makes a profile, sees the tenant's own and a partner's, and changes them.
type Rights = (u16, u16, u16, u16, u16);

async fn rights(place: &Place, who: &Who, own: &str, partners: &str) -> Result<Rights> {
    let name = format!("Made by {who:?}").chars().take(150).collect::<String>();
    let status =
        async |what: &str, body: &Value| -> Result<u16> { Ok(place.ask(who, what, &[], body).await?.status.as_u16()) };
    let edit = json!({"description": name});
    Ok((
        status("POST /profiles", &json!({"name": name})).await?,
        status(&format!("GET {own}"), &Value::Null).await?,
        status(&format!("GET {partners}"), &Value::Null).await?,
        status(&format!("PATCH {own}"), &edit).await?,
        status(&format!("PATCH {partners}"), &edit).await?,
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_does_with_profiles_of_each_channel_what_is_its_business() -> Result<()> {
    let place = Place::new().await?;
    let (world, tenant) = (&place.world, place.tenant);
    let adatum = world.partner("adatum", PartnerKind::CspDirect, None).await?;
    let northwind = world.partner("northwind", PartnerKind::Oem, None).await?;
    let waiting = world.partner("waiting", PartnerKind::CspDirect, None).await?;
    let stranger = world.partner("stranger", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &adatum).await?;
    world.consent(tenant, &northwind).await?;
    world.request(tenant, &waiting, None).await?;
    let own = place.made(&json!({"name": "Own"})).await?;
    let made = place.agent("POST /profiles", &json!({"name": "Own"})).await?;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.body["channel"], "partner-center");
    assert_eq!(made.body["partner"], "contoso");
    let partners = format!("/profiles/{}", id(&made));

    let of_tenant = |role| Who::OfTenant(tenant, role);
    let of = |partner: &PartnerId, role| Who::OfPartner(partner.clone(), role);
    let nothing: Rights = (403, 403, 403, 403, 403);
    let elsewhere = Who::OfTenant(TAILSPIN.parse()?, Role::TenantAdministrator);
    for (who, expected) in [
        (of_tenant(Role::TenantAdministrator), (201, 200, 200, 200, 200)),
        (of_tenant(Role::DeviceAdministrator), (201, 200, 200, 200, 200)),
        (of_tenant(Role::Reader), (403, 200, 200, 403, 403)),
        (of_tenant(Role::ConsentApprover), nothing),
        (elsewhere, (404, 404, 404, 404, 404)),
        (Who::Service, (403, 200, 200, 403, 403)),
        (of(&place.contoso, Role::AdminAgent), (201, 404, 200, 404, 200)),
        (of(&adatum, Role::AdminAgent), (201, 404, 200, 404, 200)),
        (of(&place.contoso, Role::SalesAgent), nothing),
        (of(&northwind, Role::Oem), nothing),
        (of(&waiting, Role::AdminAgent), nothing),
        (of(&stranger, Role::AdminAgent), (404, 404, 404, 404, 404)),
    ] {
        assert_eq!(rights(&place, &who, &own, &partners).await?, expected, "{who:?}");
    }
    // In each channel that is the tenant's, and in none of the others.
    for (channel, status) in [
        ("intune", 201),
        ("store-for-business", 201),
        ("m365-business", 201),
        ("partner-center", 400),
        ("oem-direct", 400),
        ("automatic", 400),
    ] {
        let body = json!({"name": "In each", "channel": channel});
        let made = place.admin("POST /profiles", &body).await?;
        assert_eq!(made.status.as_u16(), status, "{channel}: {}", made.body);
        let made = place.agent("POST /profiles", &body).await?;
        let expected = if channel == "partner-center" { 201 } else { 400 };
        assert_eq!(made.status.as_u16(), expected, "{channel}: {}", made.body);
    }
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partners_profiles_stay_apart_from_the_tenants() -> Result<()> {
    let place = Place::with_devices(1, 1).await?;
    let (own, handed) = place.devices().await?;
    let (own, handed) = (&own[0], &handed[0]);
    let made = place
        .agent(
            "POST /profiles",
            &json!({"name": "All", "assignment": {"allDevices": true}}),
        )
        .await?;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let path = format!("/profiles/{}", id(&made));
    place.world.wait(1);
    let of = async |who: &Who, device: &Device| -> Result<Value> {
        let told = place
            .ask(who, &format!("GET /devices/{}/profile", device.id), &[], &Value::Null)
            .await?;
        Ok(told.body)
    };
    let (admin, agent) = (place.administrator(), place.admin_agent());
    assert_eq!(of(&admin, handed).await?["profile"]["name"], "All");
    assert_eq!(of(&agent, handed).await?["profile"]["name"], "All");
    assert_eq!(of(&admin, own).await?["profile"], Value::Null);
    assert_eq!(of(&admin, own).await?["considered"][0]["verdict"], "notOfPartner");
    assert_eq!(of(&agent, own).await?["code"], "not-found");

    // The tenant's device is nobody else's business, and no profile of a partner's is for it.
    let what = format!("POST {path}/devices");
    let body = json!({"add": {"include": [own.id, handed.id]}});
    let by_agent = place.agent(&what, &body).await?;
    let outcomes = |answer: &Answer| -> Vec<Value> {
        let devices = answer.body["devices"]
            .as_array()
            .unwrap_or_else(|| panic!("{}", answer.body));
        devices.iter().map(|device| device["outcome"].clone()).collect()
    };
    assert_eq!(outcomes(&by_agent), ["notFound", "added"]);
    let by_admin = place.admin(&what, &body).await?;
    assert_eq!(outcomes(&by_admin), ["refused", "unchanged"]);

    // An older profile of the tenant's outranks it; the partner is not told which.
    let tenants = place
        .made(&json!({"name": "Tenant's", "assignment": {"allDevices": true}}))
        .await?;
    assert_eq!(of(&admin, handed).await?["profile"]["name"], "All");
    let listed = place.agent("GET /profiles", &Value::Null).await?;
    assert_eq!(
        listed.body["profiles"].as_array().map(Vec::len),
        Some(1),
        "{}",
        listed.body
    );
    for what in [
        format!("PUT {tenants}/assignment"),
        format!("PATCH {tenants}"),
        format!("DELETE {tenants}"),
        format!("POST {tenants}/devices"),
    ] {
        let body = if what.starts_with("POST") {
            json!({"remove": [handed.id]})
        } else if what.starts_with("DELETE") {
            Value::Null
        } else {
            json!({})
        };
        let answer = place.agent(&what, &body).await?;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{what}: {}", answer.body);
    }
    let told = of(&agent, handed).await?;
    assert_eq!(told["considered"].as_array().map(Vec::len), Some(1), "{told}");

    place.world.revoke(place.tenant, &place.contoso).await?;
    let refused = place.agent(&format!("PATCH {path}"), &json!({"name": "x"})).await?;
    assert_eq!(refused.body["code"], "consent-denied", "{}", refused.body);
    let refused = place.agent("GET /profiles", &Value::Null).await?;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partners_profile_says_no_more_than_partner_centers_policies() -> Result<()> {
    let place = Place::new().await?;
    let simple = json!({"name": "Simple", "outOfBoxExperience": {"privacySettingsHidden": true,
        "licenseTermsHidden": true, "userType": "standard"}});
    let made = place.agent("POST /profiles", &simple).await?;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    for (body, path) in [
        (json!({"mode": "selfDeploying"}), "mode"),
        (json!({"join": "hybrid"}), "join"),
        (json!({"language": "de-DE"}), "language"),
        (json!({"deviceNameTemplate": "PC-%SERIAL%"}), "deviceNameTemplate"),
        (json!({"preprovisioningAllowed": true}), "preprovisioningAllowed"),
        (json!({"convertTargetedDevices": true}), "convertTargetedDevices"),
        (json!({"isDefault": true}), "isDefault"),
        (json!({"enrollmentStatusPage": {}}), "enrollmentStatusPage"),
        (
            json!({"outOfBoxExperience": {"changeAccountHidden": true}}),
            "outOfBoxExperience.changeAccountHidden",
        ),
    ] {
        let answer = place.agent(&format!("PATCH /profiles/{}", id(&made)), &body).await?;
        assert_eq!(paths(&answer), [path], "{body}");
        let by_tenant = place.admin(&format!("PATCH /profiles/{}", id(&made)), &body).await?;
        assert_eq!(paths(&by_tenant), [path], "{body}");
    }
    Ok(())
}
