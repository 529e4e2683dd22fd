//! Boots, as clients see them.

use std::collections::BTreeSet;

use journeys::lists::{Row, all_columns};
use muster_core::party::PartnerKind;

use super::*;

const EVENTS: &str = "/beta/deviceManagement/autopilotEvents";
const PROFILES: &str = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles";

impl Place {
    /// Has a device boot.
    async fn boot(&self, n: u64) -> Result<Value> {
        let json = [("content-type", "application/json")];
        let given = self
            .api
            .send("POST /v1/deployment/nonce", &json, b"{}".to_vec())
            .await?;
        let shown =
            json!({"hardwareHash": hash(&device(n), 7), "osBuild": "10.0.26100.1", "nonce": given.body["nonce"]});
        let told = self
            .api
            .send("POST /v1/deployment/lookup", &json, serde_json::to_vec(&shown)?)
            .await?;
        assert_eq!(told.status, StatusCode::OK, "{}", told.body);
        Ok(told.body)
    }

    async fn events(&self, query: &str) -> Result<Vec<Value>> {
        let listed = self.get(&format!("{EVENTS}{query}")).await?;
        assert_eq!(listed.status, StatusCode::OK, "{query}: {}", listed.body);
        Ok(listed.body["value"].as_array().cloned().unwrap_or_default())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_boot_of_each_device_is_an_event() -> Result<()> {
    let place = Place::new().await?;
    let mut devices = Vec::new();
    for n in 1..=4 {
        devices.push(place.registered(n).await?);
    }
    place.world.wait(60);
    assert_eq!(place.boot(1).await?["code"], 815);
    let made = place.post(PROFILES, &json!({"displayName": "Kiosks"})).await?;
    let profile = format!("{PROFILES}/{}", id(&made.body));
    let assignment = json!({"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}});
    place.post(&format!("{profile}/assignments"), &assignment).await?;
    for n in 2..=3 {
        assert_eq!(place.boot(n).await?["answer"], "profile");
    }
    place.world.wait(60);
    let enrolled = [devices[2].parse()?];
    let contacts = place.world.embedded.contacts();
    contacts.enrolled(&enrolled, Some(place.world.now())).await?;

    let listed = place
        .get(&format!("{EVENTS}?$count=true&$orderby=deploymentState"))
        .await?;
    assert_eq!(listed.body["@odata.count"], 3, "{}", listed.body);
    let told = |name: &str| -> Vec<String> {
        let rows = listed.body["value"].as_array().unwrap().iter();
        rows.map(|row| row[name].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(told("deploymentState"), ["failure", "success", "unknown"]);
    assert_eq!(told("enrollmentState"), ["unknown", "enrolled", "unknown"]);
    assert_eq!(told("deviceId"), [&*devices[0], &*devices[2], &*devices[1]]);
    assert_eq!(
        told("enrollmentFailureDetails"),
        ["815 ZtdDeviceHasNoAssignedProfile", "", ""]
    );
    assert_eq!(
        told("windowsAutopilotDeploymentProfileDisplayName"),
        ["", "Kiosks", "Kiosks"]
    );
    let mut first = listed.body["value"][0].clone();
    let own = id(&first).to_owned();
    assert!(own.starts_with(&devices[0]), "{own}");
    let alone = place.get(&format!("{EVENTS}/{own}")).await?;
    assert_eq!(alone.status, StatusCode::OK, "{}", alone.body);
    first["@odata.context"] = json!(format!(
        "{PUBLIC_URL}/beta/$metadata#deviceManagement/autopilotEvents/$entity"
    ));
    assert_eq!(alone.body, first);
    assert_eq!(
        alone.body,
        json!({
            "@odata.context": first["@odata.context"],
            "id": own,
            "deviceId": devices[0],
            "eventDateTime": "2026-01-01T00:01:00Z",
            "deviceRegisteredDateTime": "2026-01-01T00:00:00Z",
            "enrollmentStartDateTime": "0001-01-01T00:00:00Z",
            "enrollmentType": "unknown",
            "deviceSerialNumber": device(1).serial,
            "managedDeviceName": "",
            "userPrincipalName": "",
            "windowsAutopilotDeploymentProfileDisplayName": "",
            "enrollmentState": "unknown",
            "windows10EnrollmentCompletionPageConfigurationDisplayName": "",
            "windows10EnrollmentCompletionPageConfigurationId": "00000000-0000-0000-0000-000000000000",
            "deploymentState": "failure",
            "deviceSetupStatus": "unknown",
            "accountSetupStatus": "unknown",
            "osVersion": "10.0.26100.1",
            "deploymentDuration": "PT0S",
            "deploymentTotalDuration": "PT0S",
            "devicePreparationDuration": "PT0S",
            "deviceSetupDuration": "PT0S",
            "accountSetupDuration": "PT0S",
            "deploymentStartDateTime": "0001-01-01T00:00:00Z",
            "deploymentEndDateTime": "0001-01-01T00:00:00Z",
            "targetedAppCount": 0,
            "targetedPolicyCount": 0,
            "enrollmentFailureDetails": "815 ZtdDeviceHasNoAssignedProfile",
        })
    );

    // Another boot is another event.
    place.world.wait(60);
    assert_eq!(place.boot(1).await?["answer"], "profile");
    assert_eq!(
        place.get(&format!("{EVENTS}/{own}")).await?.status,
        StatusCode::NOT_FOUND
    );
    let filter = format!("?$filter=deviceId%20eq%20'{}'", devices[0]);
    let again = place.events(&filter).await?;
    assert_eq!(again.len(), 1);
    assert_ne!(id(&again[0]), own);
    assert_eq!(
        (&again[0]["deploymentState"], &again[0]["enrollmentFailureDetails"]),
        (&json!("unknown"), &json!(""))
    );
    // An enrolment of before a boot says nothing of it.
    assert_eq!(place.boot(3).await?["answer"], "profile");
    assert!(
        place
            .events("?$filter=deploymentState%20eq%20'success'")
            .await?
            .is_empty()
    );

    // The profile as it is called now; nothing once it is gone.
    let renamed = json!({"displayName": "Tills"});
    place
        .send(&format!("PATCH {profile}"), &serde_json::to_vec(&renamed)?)
        .await?;
    let path = format!("{EVENTS}/{}", id(&again[0]));
    let name = "windowsAutopilotDeploymentProfileDisplayName";
    assert_eq!(place.get(&path).await?.body[name], "Tills");
    assert_eq!(place.events(&filter).await?[0][name], "Tills");
    let assigned = place.get(&format!("{profile}/assignments")).await?;
    let assigned = id(&assigned.body["value"][0]).to_owned();
    place.delete(&format!("{profile}/assignments/{assigned}")).await?;
    assert_eq!(place.delete(&profile).await?.status, StatusCode::NO_CONTENT);
    assert_eq!(place.get(&path).await?.body[name], "");
    assert_eq!(place.events(&filter).await?[0][name], "");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_listed_in_pages_and_go_with_their_devices_and_after_30_days() -> Result<()> {
    let place = Place::new().await?;
    let mut devices = BTreeSet::new();
    for n in 1..=5 {
        devices.insert(place.registered(n).await?);
    }
    for n in 1..=4 {
        place.boot(n).await?;
    }
    assert_eq!(place.events("").await?.len(), 4);
    for query in ["?$top=1", "?$top=3&$orderby=deviceSerialNumber%20desc", "?$top=4"] {
        let (mut path, mut seen) = (format!("{EVENTS}{query}"), Vec::new());
        loop {
            let page = place.get(&path).await?;
            let rows = page.body["value"].as_array().unwrap();
            seen.extend(rows.iter().map(|row| row["deviceId"].as_str().unwrap().to_owned()));
            match page.body["@odata.nextLink"].as_str() {
                Some(link) => path = link.strip_prefix(PUBLIC_URL).unwrap().to_owned(),
                None => break,
            }
        }
        let once: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!((seen.len(), once.len()), (4, 4), "{query}");
        assert!(once.is_subset(&devices), "{query}");
    }
    for version in ["v1.0", "beta"] {
        let count = place
            .get(&format!("/{version}/deviceManagement/AutopilotEvents/$count"))
            .await?;
        assert_eq!(count.bytes.as_ref(), b"4", "{version}");
    }
    for (query, word) in [
        ("?$filter=phase%20eq%20'x'", "$filter"),
        ("?$expand=policyStatusDetails", "$expand"),
        ("?$top=-1", "$top"),
        ("?$skiptoken=x", "$skiptoken"),
    ] {
        let refused = place.get(&format!("{EVENTS}{query}")).await?;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.body);
        assert!(message(&refused).contains(word), "{}", message(&refused));
    }

    // Another tenant has none of it, and no id that is made up leads anywhere.
    let known = place.events("").await?;
    let own = id(&known[0]).to_owned();
    let what = format!("GET {EVENTS}");
    let theirs = place.send_as(&place.stranger(), &what, &[], b"").await?;
    assert_eq!(theirs.body["value"], json!([]));
    let (mine, moment) = own.split_once('_').unwrap();
    let hidden = place
        .send_as(&place.stranger(), &format!("{what}/{own}"), &[], b"")
        .await?;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    for none in [
        mine.to_owned(),
        format!("{mine}_"),
        format!("{mine}_0"),
        format!("{mine}_{moment}0"),
        format!("3c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21_{moment}"),
        "x_y".to_owned(),
    ] {
        let answer = place.get(&format!("{EVENTS}/{none}")).await?;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{none}");
        let theirs = place
            .send_as(&place.stranger(), &format!("{what}/{none}"), &[], b"")
            .await?;
        assert_eq!(theirs.bytes, hidden.bytes, "{none}");
    }
    assert_eq!(
        place.get(&format!("{EVENTS}/{}", own.to_uppercase())).await?.status,
        StatusCode::OK
    );

    // A device that is released takes its event along.
    let gone = known[0]["deviceId"].as_str().unwrap();
    place.delete(&format!("/beta/{DEVICES}/{gone}")).await?;
    assert_eq!(
        place.get(&format!("{EVENTS}/{own}")).await?.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(place.events("").await?.len(), 3);

    let last = format!("{EVENTS}/{}", id(&known[1]));
    place.world.wait(30 * 24 * 3600);
    assert_eq!(place.events("").await?.len(), 3, "30 days to the second");
    assert_eq!(place.get(&last).await?.status, StatusCode::OK);
    place.world.wait(1);
    assert!(place.events("").await?.is_empty());
    assert_eq!(place.get(&last).await?.status, StatusCode::NOT_FOUND);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boot_under_a_record_that_was_merged_is_an_event_of_the_one_that_stays() -> Result<()> {
    let place = Place::new().await?;
    let csp = place.world.partner("contoso", PartnerKind::CspDirect, None).await?;
    place.world.consent(place.tenant, &csp).await?;
    let mut ids = Vec::new();
    for row in [Row::of_tuple(&device(1)), Row::of_pkid(&device(1))] {
        let list = all_columns(&[row]);
        place
            .world
            .upload("partner-center", Some(&csp), place.tenant, list)
            .await?;
        let all = place.world.devices(place.tenant).await?;
        ids.extend(
            all.into_iter()
                .map(|device| device.id)
                .filter(|id| !ids.contains(id))
                .collect::<Vec<_>>(),
        );
        place.world.wait(60);
    }
    // By its PKID, which the younger record holds.
    place.boot(1).await?;
    assert_eq!(place.events("").await?[0]["deviceId"], json!(ids[1].to_string()));
    place.world.wait(60);
    let list = all_columns(&[Row::of_hash(&device(1))]);
    place.world.upload("intune", None, place.tenant, list).await?;
    let events = place.events("").await?;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["deviceId"], json!(ids[0].to_string()));
    let alone = place.get(&format!("{EVENTS}/{}", id(&events[0]))).await?;
    assert_eq!(
        (alone.status, &alone.body["eventDateTime"]),
        (StatusCode::OK, &events[0]["eventDateTime"]),
        "{}",
        alone.body
    );
    Ok(())
}
