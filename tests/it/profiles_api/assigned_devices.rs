//! The devices that have a profile, by whichever of its rules.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// The devices that the list of a profile names, page after page, and how many pages those were.
async fn listed(place: &Place, who: &Who, path: &str, limit: usize) -> Result<(Vec<Value>, usize)> {
    let (mut all, mut pages, mut next) = (Vec::new(), 0, String::new());
    loop {
        let what = format!("GET {path}/assigned-devices?limit={limit}{next}");
        let page = place.ask(who, &what, &[], &Value::Null).await?;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let devices = page.body["devices"].as_array().ok_or("devices")?;
        assert!(devices.len() <= limit, "{}", page.body);
        all.extend(devices.iter().cloned());
        pages += 1;
        match page.body["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return Ok((all, pages)),
        }
    }
}

/// Holds the list of each profile against what each device's own explanation says.
async fn assert_lists(place: &Place, who: &Who, profiles: &[&str]) -> Result<BTreeMap<String, usize>> {
    let (own, handed) = place.devices().await?;
    let mut expected: BTreeMap<(String, String), Value> = BTreeMap::new();
    for device in own.iter().chain(&handed) {
        let what = format!("GET /devices/{}/profile", device.id);
        let told = place.ask(who, &what, &[], &Value::Null).await?;
        if let Some(profile) = told.body["profile"]["id"].as_str() {
            let row = json!({"id": device.id, "serial": device.serial, "groupTag": device.group_tag,
                "because": told.body["profile"]["because"], "assignmentStatus": told.body["assignmentStatus"],
                "assignmentDetail": told.body["assignmentDetail"]});
            expected.insert((format!("/profiles/{profile}"), device.id.to_string()), row);
        }
    }
    let mut counts = BTreeMap::new();
    for path in profiles {
        for limit in [1, 3, 1000] {
            let (found, _) = listed(place, who, path, limit).await?;
            let found: BTreeMap<String, Value> = found
                .into_iter()
                .map(|mut row| {
                    for name in ["serial", "groupTag"] {
                        if row.get(name).is_none() {
                            row[name] = Value::Null;
                        }
                    }
                    (row["id"].as_str().unwrap_or_default().to_owned(), row)
                })
                .collect();
            let of_this = expected.iter().filter(|((profile, _), _)| profile == path);
            let of_this: BTreeMap<String, Value> = of_this
                .map(|((_, device), row)| (device.clone(), row.clone()))
                .collect();
            assert_eq!(found, of_this, "{path} by {limit}");
            counts.insert((*path).to_owned(), found.len());
        }
    }
    Ok(counts)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_names_the_devices_that_have_the_profile_whichever_way() -> Result<()> {
    let place = Place::with_devices(6, 3).await?;
    let (own, handed) = place.devices().await?;
    let admin = place.administrator();
    let mut paths = Vec::new();
    for body in [
        json!({"name": "Named"}),
        json!({"name": "Tagged", "assignment": {"includeGroupTags": ["Sales"], "excludeGroupTags": ["Lab"]}}),
        json!({"name": "Default", "isDefault": true}),
        json!({"name": "Nobody's"}),
        // Younger than the tagged one.
        json!({"name": "Tagged, too", "assignment": {"includeGroupTags": ["Sales", "Lab"]}}),
    ] {
        paths.push(place.made(&body).await?);
    }
    let agents = place
        .agent(
            "POST /profiles",
            &json!({"name": "Partner's", "assignment": {"allDevices": true}}),
        )
        .await?;
    paths.push(format!("/profiles/{}", id(&agents)));
    for (device, tag) in [
        (&own[0], "Sales"),
        (&own[1], "Sales"),
        (&own[2], "Lab"),
        (&handed[0], "Sales"),
    ] {
        place
            .admin(&format!("PATCH /devices/{}", device.id), &json!({"groupTag": tag}))
            .await?;
    }
    // One is named, and one with the tag is excluded from the older profile.
    for (path, body) in [
        (&paths[0], json!({"add": {"include": [own[3].id, handed[1].id]}})),
        (&paths[1], json!({"add": {"exclude": [own[1].id]}})),
        (&paths[2], json!({"add": {"exclude": [own[4].id]}})),
    ] {
        let placed = place.admin(&format!("POST {path}/devices"), &body).await?;
        assert_eq!(placed.status, StatusCode::OK, "{}", placed.body);
    }
    let all: Vec<&str> = paths.iter().map(String::as_str).collect();
    let counts = assert_lists(&place, &admin, &all).await?;
    let of = |at: usize| counts[&paths[at]];
    assert_eq!(
        (of(0), of(1), of(2), of(3), of(4), of(5)),
        (2, 2, 1, 0, 2, 1),
        "{counts:?}"
    );
    // A partner knows neither the tenant's profiles nor their effect.
    let counts = assert_lists(&place, &place.admin_agent(), &all[5..]).await?;
    assert_eq!(counts[&paths[5]], 3);
    for path in &all[..5] {
        let hidden = place
            .agent(&format!("GET {path}/assigned-devices"), &Value::Null)
            .await?;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{}", hidden.body);
    }
    // A released device has no profile, although the list of single devices still names it.
    place
        .admin(&format!("POST /devices/{}/release", own[3].id), &json!({}))
        .await?;
    let counts = assert_lists(&place, &admin, &all).await?;
    assert_eq!(counts[&paths[0]], 1);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_goes_over_a_thousand_devices_at_most() -> Result<()> {
    let place = Place::with_devices(1250, 0).await?;
    let (own, _) = place.devices().await?;
    let admin = place.administrator();
    let path = place
        .made(&json!({"name": "Rare", "assignment": {"includeGroupTags": ["Rare"]}}))
        .await?;
    let (none, pages) = listed(&place, &admin, &path, 100).await?;
    assert_eq!((none.len(), pages), (0, 2), "short pages, and an end");
    for device in [&own[0], &own[1249]] {
        place
            .admin(&format!("PATCH /devices/{}", device.id), &json!({"groupTag": "Rare"}))
            .await?;
    }
    let (rare, _) = listed(&place, &admin, &path, 100).await?;
    assert_eq!(rare.len(), 2, "{rare:?}");
    let everybody = place
        .made(&json!({"name": "All", "assignment": {"allDevices": true}}))
        .await?;
    let (all, pages) = listed(&place, &admin, &everybody, 1000).await?;
    let ids: BTreeSet<&str> = all.iter().filter_map(|device| device["id"].as_str()).collect();
    assert_eq!((all.len(), ids.len()), (1248, 1248), "each once");
    assert!(pages <= 3, "{pages}");
    Ok(())
}
