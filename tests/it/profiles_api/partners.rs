//! What partners see: nothing of the tenant's own profiles, not even that there is one.

use muster_core::deployment::Answer as Told;
use muster_core::id::ProfileId;
use muster_core::profile::Downloaded;
use muster_store::contacts::NewContact;

use super::*;

/// Everything that partners can ask about profiles and devices, as it is answered.
async fn seen(place: &Place, who: &Who, partners: &str, devices: &[&Device]) -> Result<Vec<(String, u16, Value)>> {
    let mut asked = vec![
        "GET /profiles".to_owned(),
        format!("GET {partners}"),
        format!("GET {partners}/devices"),
        format!("GET {partners}/assigned-devices"),
        "GET /devices".to_owned(),
    ];
    for device in devices {
        asked.push(format!("GET /devices/{}", device.id));
        asked.push(format!("GET /devices/{}/history", device.id));
        asked.push(format!("GET /devices/{}/profile", device.id));
        asked.push(format!("GET /devices/{}/profile?wait=0", device.id));
    }
    let mut seen = Vec::new();
    for what in asked {
        let answer = place.ask(who, &what, &[], &Value::Null).await?;
        seen.push((what, answer.status.as_u16(), answer.body));
    }
    Ok(seen)
}

/// The device was told this when it booted.
async fn booted(place: &Place, device: &Device, answer: Told, profile: Option<&str>) -> Result<()> {
    let profile = match profile {
        None => None,
        Some(path) => Some(Downloaded {
            profile: path.trim_start_matches("/profiles/").parse::<ProfileId>()?,
            name: "Got".to_owned(),
            revision: 1,
            at: place.world.now(),
        }),
    };
    let contact = NewContact {
        at: place.world.now(),
        answer,
        os_build: None,
        profile,
        remediation: None,
    };
    Ok(place.world.embedded.contacts().record(device.id, &contact).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_sees_the_same_whatever_profiles_the_tenant_has() -> Result<()> {
    let place = Place::with_devices(1, 2).await?;
    let adatum = place.world.partner("adatum", PartnerKind::CspDirect, None).await?;
    place.world.consent(place.tenant, &adatum).await?;
    let (own, handed) = place.devices().await?;
    let devices: Vec<&Device> = own.iter().chain(&handed).collect();
    let made = place
        .agent(
            "POST /profiles",
            &json!({"name": "Partner's", "assignment": {"includeGroupTags": ["Sales"]}}),
        )
        .await?;
    let partners = format!("/profiles/{}", id(&made));
    let tagged = place
        .agent(
            &format!("PATCH /devices/{}", handed[0].id),
            &json!({"groupTag": "Sales"}),
        )
        .await?;
    assert_eq!(tagged.status, StatusCode::OK, "{}", tagged.body);
    for device in &handed {
        booted(&place, device, Told::NoProfile, None).await?;
    }
    let agents: Vec<Who> = [&place.contoso, &adatum]
        .into_iter()
        .flat_map(|partner| [Role::AdminAgent, Role::SalesAgent].map(|role| Who::OfPartner(partner.clone(), role)))
        .collect();
    let mut before = Vec::new();
    for who in &agents {
        before.push(seen(&place, who, &partners, &devices).await?);
    }
    let status = |seen: &[(String, u16, Value)], of: &Device| -> Value {
        let what = format!("GET /devices/{}/profile", of.id);
        let found = seen.iter().find(|(asked, _, _)| *asked == what);
        found.map_or(Value::Null, |(_, _, body)| body["assignmentStatus"].clone())
    };
    assert_eq!(status(&before[0], &handed[0]), "assignedUnknownSyncState");
    assert_eq!(status(&before[0], &handed[1]), "notAssigned");

    // Profiles of each of the tenant's channels; they win, since they are older, name devices or are the default.
    for channel in ["intune", "store-for-business", "m365-business"] {
        let all = json!({"name": "Tenant's", "channel": channel, "assignment": {"allDevices": true}});
        let mut tenants = Vec::new();
        tenants.push(place.made(&all).await?);
        let named = place.made(&json!({"name": "Named", "channel": channel})).await?;
        let body = json!({"add": {"include": [handed[0].id, handed[1].id]}});
        place.admin(&format!("POST {named}/devices"), &body).await?;
        tenants.push(named);
        if channel == "intune" {
            let holo = json!({"name": "Holo", "deviceType": "holoLens", "mode": "selfDeploying"});
            tenants.push(place.made(&holo).await?);
            tenants.push(place.made(&json!({"name": "Default", "isDefault": true})).await?);
        }
        for (answer, got) in [
            (Told::Profile, Some(tenants[0].as_str())),
            (Told::ProfileGone, None),
            (Told::Profile, Some(partners.as_str())),
        ] {
            for device in &handed {
                booted(&place, device, answer, got).await?;
            }
            for (who, before) in agents.iter().zip(&before) {
                let mut after = seen(&place, who, &partners, &devices).await?;
                // When it booted is no secret, and the clock moves.
                let mut before = before.clone();
                for (_, _, body) in before.iter_mut().chain(&mut after) {
                    hide_times(body);
                }
                assert_eq!(after, before, "{who:?} with {channel}, {answer:?}");
            }
        }
        // The tenant's own people see them.
        for role in [Role::TenantAdministrator, Role::DeviceAdministrator, Role::Reader] {
            let who = Who::OfTenant(place.tenant, role);
            let all = seen(&place, &who, &partners, &devices).await?;
            assert_eq!(status(&all, &handed[1]), "assignedOutOfSync", "{role} with {channel}");
            let listed = &all[0].2["profiles"];
            let names = listed.as_array().ok_or("profiles")?.iter();
            assert!(names.filter(|one| one["channel"] == channel).count() >= 2, "{listed}");
        }
        for path in tenants {
            place.admin(&format!("PUT {path}/assignment"), &json!({})).await?;
            let remove = json!({"remove": [handed[0].id, handed[1].id]});
            place.admin(&format!("POST {path}/devices"), &remove).await?;
            let gone = place.admin(&format!("DELETE {path}"), &Value::Null).await?;
            assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
        }
    }
    place.assert_sound().await
}

fn hide_times(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("lastContactedDateTime");
            members.values_mut().for_each(hide_times);
        }
        Value::Array(values) => values.iter_mut().for_each(hide_times),
        _ => {}
    }
}
