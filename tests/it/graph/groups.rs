//! Groups of a directory, for which group tags stand.

use super::*;

const PROFILES: &str = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles";
/// The group of the sample.
const GROUP: &str = "bbbbbbbb-0000-4000-8000-000000000002";
const SECOND: &str = "cccccccc-0000-4000-8000-000000000002";
const KIOSK: &str = "#microsoft.graph.groupAssignmentTarget";
const EXCLUSION: &str = "#microsoft.graph.exclusionGroupAssignmentTarget";

impl Place {
    /// Declares which groups stand for which tags.
    async fn declare(&self, groups: Value) -> Result<Answer> {
        let admin = Who::OfTenant(self.tenant, Role::TenantAdministrator);
        let what = format!("PATCH /v1/tenants/{}", self.tenant);
        let body = json!({ "groups": groups });
        let answer = self.api.ask(&admin, &self.world, &what, &[], &body).await?;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        Ok(answer)
    }

    /// The path of a new profile.
    async fn profile(&self, name: &str) -> Result<String> {
        let made = self.post(PROFILES, &json!({"displayName": name})).await?;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        Ok(format!("{PROFILES}/{}", id(&made.body)))
    }

    async fn assign(&self, profile: &str, kind: &str, group: &str) -> Result<Answer> {
        let target = json!({"@odata.type": kind, "groupId": group});
        self.post(&format!("{profile}/assignments"), &json!({ "target": target }))
            .await
    }

    /// To what a profile is assigned: types of targets, and groups.
    async fn targets(&self, profile: &str) -> Result<Vec<(String, String)>> {
        let listed = self.get(&format!("{profile}/assignments")).await?;
        assert_eq!(listed.status, StatusCode::OK, "{}", listed.body);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let rows = listed.body["value"].as_array().ok_or("a list")?.iter();
        Ok(rows
            .map(|row| (text(&row["target"]["@odata.type"]), text(&row["target"]["groupId"])))
            .collect())
    }

    /// The ids of the devices that have a profile.
    async fn having(&self, profile: &str) -> Result<Vec<String>> {
        let listed = self.get(&format!("{profile}/assignedDevices?$select=id")).await?;
        let rows = listed.body["value"].as_array().ok_or("a list")?.iter();
        Ok(rows.map(|row| id(row).to_owned()).collect())
    }

    /// The group tags of a profile, as Muster's own API tells them.
    async fn tags(&self, profile: &str) -> Result<Value> {
        let own = profile.rsplit('/').next().unwrap_or_default();
        let what = format!("GET /v1/tenants/{}/profiles/{own}", self.tenant);
        let answer = self
            .api
            .ask(&self.administrator(), &self.world, &what, &[], &Value::Null)
            .await?;
        Ok(answer.body["assignment"].clone())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_assigned_to_a_group_that_is_declared() -> Result<()> {
    let place = Place::new().await?;
    let device = place.registered(1).await?;
    let profile = place.profile("Kiosks").await?;
    let sent = sample!("profile-assignment.request.json");
    let what = format!("POST {profile}/assignments");
    let refused = place.send(&what, sent).await?;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.body);
    for word in [
        "target.groupId".to_owned(),
        format!("muster tenants edit {} --group {GROUP}=TAG", place.tenant),
        format!("PATCH /v1/tenants/{}", place.tenant),
    ] {
        assert!(message(&refused).contains(&word), "{}", message(&refused));
    }
    assert_eq!(place.having(&profile).await?, Vec::<String>::new());

    place.declare(json!({GROUP: "KIOSK"})).await?;
    let own = format!("{}_{GROUP}_0", profile.rsplit('/').next().unwrap());
    // A repeat is harmless. The id that the client sends is not looked at.
    for _ in 0..2 {
        let taken = place.send(&what, sent).await?;
        assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.body);
        assert_eq!(
            (&taken.body["id"], &taken.body["source"], &taken.body["target"]),
            (
                &json!(own),
                &json!("direct"),
                &json!({"@odata.type": KIOSK, "groupId": GROUP})
            )
        );
    }
    assert_eq!(place.targets(&profile).await?, [(KIOSK.to_owned(), GROUP.to_owned())]);
    assert_eq!(place.having(&profile).await?, [device]);
    assert_eq!(place.tags(&profile).await?["includeGroupTags"], json!(["KIOSK"]));
    let path = format!("{profile}/assignments/{own}");
    let shown = place.get(&path).await?;
    assert_eq!((shown.status, &shown.body["id"]), (StatusCode::OK, &json!(own)));
    for other in [
        own.replace("_0", "_1"),
        own.replace(GROUP, SECOND),
        own.replace(GROUP, "adadadad-808e-44e2-905a-0b7873a8a531"),
        GROUP.to_owned(),
    ] {
        let path = format!("{profile}/assignments/{other}");
        assert_eq!(place.get(&path).await?.status, StatusCode::NOT_FOUND, "{other}");
        assert_eq!(place.delete(&path).await?.status, StatusCode::NOT_FOUND, "{other}");
    }
    let stranger = place
        .send_as(&place.stranger(), &format!("GET {path}"), &[], b"")
        .await?;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    assert_eq!(
        place.delete(&profile).await?.status,
        StatusCode::CONFLICT,
        "it is assigned"
    );
    assert_eq!(place.delete(&path).await?.status, StatusCode::NO_CONTENT);
    assert_eq!(place.delete(&path).await?.status, StatusCode::NOT_FOUND);
    assert_eq!(place.targets(&profile).await?, []);
    assert_eq!(place.having(&profile).await?, Vec::<String>::new());
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_excluded_and_is_not_included_as_well() -> Result<()> {
    let place = Place::new().await?;
    place.registered(1).await?;
    place
        .declare(json!({GROUP: "KIOSK", SECOND: "Office", "dddddddd-0000-4000-8000-000000000002": "KIOSK"}))
        .await?;
    let profile = place.profile("Offices").await?;
    for (kind, group) in [(KIOSK, SECOND), (EXCLUSION, GROUP)] {
        let taken = place.assign(&profile, kind, group).await?;
        assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.body);
    }
    let targets = place.targets(&profile).await?;
    let expected = [
        (KIOSK, SECOND),
        (EXCLUSION, GROUP),
        (EXCLUSION, "dddddddd-0000-4000-8000-000000000002"),
    ];
    let expected = expected.map(|(kind, group)| (kind.to_owned(), group.to_owned()));
    assert_eq!(targets, expected, "each group that stands for a tag");
    for (kind, group, word) in [
        (KIOSK, GROUP, "both included and excluded"),
        (EXCLUSION, SECOND, "both included and excluded"),
        ("#microsoft.graph.allDevicesAssignmentTarget", GROUP, "excludes none"),
        (
            "#microsoft.graph.allLicensedUsersAssignmentTarget",
            GROUP,
            "@odata.type",
        ),
        (KIOSK, "sales", "GUID"),
    ] {
        let refused = place.assign(&profile, kind, group).await?;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.body);
        assert!(
            message(&refused).starts_with("target") && message(&refused).contains(word),
            "{}",
            message(&refused)
        );
    }
    // Page by page.
    let mut path = format!("{profile}/assignments?$top=1&$select=target");
    let mut seen = Vec::new();
    loop {
        let page = place.get(&path).await?;
        let rows = page.body["value"].as_array().unwrap();
        assert_eq!(rows.len(), 1, "{}", page.body);
        seen.push(rows[0]["target"]["groupId"].as_str().unwrap().to_owned());
        match page.body["@odata.nextLink"].as_str() {
            Some(link) => path = link.strip_prefix(PUBLIC_URL).unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, expected.map(|(_, group)| group));
    // Two groups that stand for one tag go together.
    let own = profile.rsplit('/').next().unwrap();
    let gone = place
        .delete(&format!(
            "{profile}/assignments/{}_{}_0",
            own.to_uppercase(),
            GROUP.to_uppercase()
        ))
        .await?;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
    assert_eq!(place.targets(&profile).await?, [(KIOSK.to_owned(), SECOND.to_owned())]);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declaration_that_is_taken_back_leaves_profiles_as_they_are() -> Result<()> {
    let place = Place::new().await?;
    let device = place.registered(1).await?;
    place.declare(json!({GROUP: "KIOSK"})).await?;
    let profile = place.profile("Kiosks").await?;
    let taken = place.assign(&profile, KIOSK, GROUP).await?;
    let path = format!("{profile}/assignments/{}", id(&taken.body));
    let tenant = place.declare(json!({GROUP: null})).await?;
    assert_eq!(tenant.body.get("groups"), None);
    assert_eq!(place.targets(&profile).await?, []);
    assert_eq!(place.having(&profile).await?, [device]);
    for method in ["GET", "DELETE"] {
        let answer = place.send(&format!("{method} {path}"), b"").await?;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method}: {}", answer.body);
    }
    // Likewise where it is given another tag: the profile stays for the first one.
    place.declare(json!({GROUP: "OFFICE"})).await?;
    assert_eq!(place.targets(&profile).await?, []);
    assert_eq!(place.tags(&profile).await?["includeGroupTags"], json!(["KIOSK"]));
    // Declared anew, it is told again.
    place.declare(json!({SECOND: "KIOSK"})).await?;
    assert_eq!(place.targets(&profile).await?, [(KIOSK.to_owned(), SECOND.to_owned())]);
    // What a tenant declares is its own.
    let body = json!({"target": {"@odata.type": KIOSK, "groupId": SECOND}});
    let theirs = place
        .send_as(
            &place.stranger(),
            &format!("POST {PROFILES}"),
            &[],
            br#"{"displayName": "Theirs"}"#,
        )
        .await?;
    let what = format!("POST {PROFILES}/{}/assignments", id(&theirs.body));
    let refused = place
        .send_as(&place.stranger(), &what, &[], &serde_json::to_vec(&body)?)
        .await?;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_sandbox_the_sample_works_as_it_is() -> Result<()> {
    let world = World::sandbox().await?;
    let tenant = muster_local::sandbox::tenant_id("Contoso");
    let api = Api::over(&world)?;
    let place = Place {
        world,
        api,
        tenant,
        other: tenant,
    };
    let profile = place.profile("Offices").await?;
    let sent = sample!("profile-assignment.request.json");
    let taken = place.send(&format!("POST {profile}/assignments"), sent).await?;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.body);
    assert_eq!(place.tags(&profile).await?["includeGroupTags"], json!(["Office"]));
    Ok(())
}
