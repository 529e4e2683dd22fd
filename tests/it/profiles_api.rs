//! Profiles over HTTP: who makes, sees and assigns which, which one a device has, and what is refused where.

mod assigned;
mod assigned_devices;
mod contradictions;
mod many;
mod partners;
mod rights;
mod waits;

use axum::http::StatusCode;
use journeys::api::{Answer, Api, Who};
use journeys::lists::{Row, all_columns, device, intune};
use journeys::world::{FABRIKAM, Result, TAILSPIN, World};
use muster_core::access::Role;
use muster_core::device::Device;
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::{PartnerKind, Registrant, TenantEdit};
use serde_json::{Value, json};

/// A tenant, and a CSP with its consent.
struct Place {
    world: World,
    api: Api,
    tenant: TenantId,
    contoso: PartnerId,
}

impl Place {
    async fn new() -> Result<Self> {
        let world = World::new().await?;
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        world.tenant("Tailspin", TAILSPIN).await?;
        let contoso = world.partner("contoso", PartnerKind::CspDirect, None).await?;
        world.consent(tenant, &contoso).await?;
        let api = Api::over(&world)?;
        Ok(Self {
            world,
            api,
            tenant,
            contoso,
        })
    }

    /// As many devices, registered by the tenant itself and by the partner.
    async fn with_devices(own: u64, handed: u64) -> Result<Self> {
        let place = Self::new().await?;
        let (world, tenant) = (&place.world, place.tenant);
        world.upload("intune", None, tenant, intune(0..own)).await?;
        let rows: Vec<Row> = (100..100 + handed).map(|n| Row::of_pkid(&device(n))).collect();
        let list = all_columns(&rows);
        world
            .upload("partner-center", Some(&place.contoso), tenant, list)
            .await?;
        Ok(place)
    }

    /// Asks under `/v1/tenants/{tenant}`.
    async fn ask(&self, who: &Who, what: &str, headers: &[(&str, &str)], body: &Value) -> Result<Answer> {
        let (method, path) = what.split_once(' ').ok_or("a method and a path")?;
        let what = format!("{method} /v1/tenants/{}{path}", self.tenant);
        self.api.ask(who, &self.world, &what, headers, body).await
    }

    async fn admin(&self, what: &str, body: &Value) -> Result<Answer> {
        self.ask(&self.administrator(), what, &[], body).await
    }

    async fn agent(&self, what: &str, body: &Value) -> Result<Answer> {
        self.ask(&self.admin_agent(), what, &[], body).await
    }

    fn administrator(&self) -> Who {
        Who::OfTenant(self.tenant, Role::TenantAdministrator)
    }

    fn admin_agent(&self) -> Who {
        Who::OfPartner(self.contoso.clone(), Role::AdminAgent)
    }

    /// A profile that the tenant makes, by its path.
    async fn made(&self, body: &Value) -> Result<String> {
        let answer = self.admin("POST /profiles", body).await?;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        self.world.wait(1);
        Ok(format!("/profiles/{}", id(&answer)))
    }

    /// The registered devices of the tenant itself, and of partners.
    async fn devices(&self) -> Result<(Vec<Device>, Vec<Device>)> {
        let all = self.world.devices(self.tenant).await?;
        Ok(all.into_iter().partition(|d| d.registrant == Registrant::Tenant))
    }

    /// Nothing is wrong with what is stored.
    async fn assert_sound(&self) -> Result<()> {
        let report = self.world.embedded.fsck().check(self.world.now()).await?;
        assert!(report.is_clean(), "{:?}", report.findings);
        Ok(())
    }
}

fn id(answer: &Answer) -> &str {
    answer.body["id"].as_str().unwrap_or_else(|| panic!("{}", answer.body))
}

/// The paths of what is wrong with a request.
fn paths(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    let errors = answer.body["errors"].as_array().unwrap();
    errors.iter().map(|error| error["path"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_made_changed_and_deleted() -> Result<()> {
    let place = Place::new().await?;
    let sent = json!({"name": "Sales", "language": "de-DE", "deviceNameTemplate": "PC-%SERIAL%",
        "outOfBoxExperience": {"licenseTermsHidden": true}, "enrollmentStatusPage": {},
        "roleScopeTagIds": ["17", " 0 "]});
    let who = place.administrator();
    let key = [("idempotency-key", "order-1")];
    let made = place.ask(&who, "POST /profiles", &key, &sent).await?;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let path = format!("/profiles/{}", id(&made));
    assert_eq!(
        made.headers["location"],
        format!("/v1/tenants/{}{path}", place.tenant).as_str()
    );
    assert_eq!(made.headers["etag"], "\"1\"");
    assert_eq!(made.body["outOfBoxExperience"]["userType"], "standard");
    assert_eq!(made.body["roleScopeTagIds"], json!(["0", "17"]));
    assert_eq!(made.body["enrollmentStatusPage"]["installProgressTimeoutInMinutes"], 60);
    let again = place.ask(&who, "POST /profiles", &key, &sent).await?;
    assert_eq!(
        (again.status, &again.body),
        (StatusCode::CREATED, &made.body),
        "a repeat is harmless"
    );

    let what = format!("PATCH {path}");
    let edit = json!({"language": null, "isDefault": true, "outOfBoxExperience": {"userType": "administrator"}});
    let stale = place.ask(&who, &what, &[("if-match", "\"7\"")], &edit).await?;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{}", stale.body);
    for _ in 0..2 {
        let changed = place.ask(&who, &what, &[("if-match", "\"1\"")], &edit).await?;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
        assert_eq!(
            (&changed.body["version"], &changed.body["revision"]),
            (&json!(2), &json!(2))
        );
        assert_eq!(changed.body.get("language"), None);
        assert!(
            changed.body["outOfBoxExperience"]["licenseTermsHidden"]
                .as_bool()
                .unwrap()
        );
        assert_eq!(changed.headers["etag"], "\"2\"");
    }
    let seen = place.admin(&format!("GET {path}"), &Value::Null).await?;
    assert_eq!(seen.body["isDefault"], true);
    assert_eq!(seen.body["roleScopeTagIds"], json!(["0", "17"]), "what is absent stays");

    let assigned = place
        .admin(
            &format!("PUT {path}/assignment"),
            &json!({"includeGroupTags": [" Sales "]}),
        )
        .await?;
    assert_eq!(assigned.body["assignment"]["includeGroupTags"], json!(["Sales"]));
    assert_eq!(
        (&assigned.body["version"], &assigned.body["revision"]),
        (&json!(3), &json!(2))
    );
    let delete = format!("DELETE {path}");
    let refused = place.admin(&delete, &Value::Null).await?;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert!(
        refused.body["detail"].as_str().unwrap().contains("group tags Sales"),
        "{}",
        refused.body
    );
    place.admin(&format!("PUT {path}/assignment"), &json!({})).await?;
    let stale = place.ask(&who, &delete, &[("if-match", "\"3\"")], &Value::Null).await?;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    let gone = place.ask(&who, &delete, &[("if-match", "\"4\"")], &Value::Null).await?;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
    let gone = place.admin(&delete, &Value::Null).await?;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_contradicts_itself_is_refused_with_each_place_named() -> Result<()> {
    let place = Place::new().await?;
    let wrong = json!({"name": "a", "mode": "selfDeploying", "join": "hybrid", "skipConnectivityCheck": true,
        "preprovisioningAllowed": true, "deviceNameTemplate": "my pc", "language": "German",
        "outOfBoxExperience": {"userType": "standard"},
        "assignment": {"allDevices": true, "excludeGroupTags": ["Lab"]}});
    let answer = place.admin("POST /profiles", &wrong).await?;
    let mut found = paths(&answer);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "assignment.excludeGroupTags",
            "deviceNameTemplate",
            "deviceNameTemplate",
            "join",
            "language",
            "outOfBoxExperience.userType",
            "preprovisioningAllowed",
        ]
    );
    for (body, path) in [
        (json!({}), "body"),
        (json!({"name": "a", "displayName": "b"}), "displayName"),
        (json!({"name": "a", "assignment": {"groups": []}}), "assignment.groups"),
        (
            json!({"name": "a", "outOfBoxExperience": {"x": 1}}),
            "outOfBoxExperience.x",
        ),
        (
            json!({"name": "a", "enrollmentStatusPage": {"x": 1}}),
            "enrollmentStatusPage.x",
        ),
        (json!({"name": "a", "mode": "shared"}), "mode"),
        (json!({"name": "a", "channel": "partner-center"}), "channel"),
        (json!({"name": "a", "channel": "automatic"}), "channel"),
        (
            json!({"name": "a", "channel": "m365-business", "mode": "selfDeploying"}),
            "mode",
        ),
    ] {
        let answer = place.admin("POST /profiles", &body).await?;
        assert_eq!(paths(&answer), [path], "{body}");
    }
    let path = place.made(&json!({"name": "Sales", "isDefault": true})).await?;
    for (body, found) in [
        (
            json!({"allDevices": true, "excludeGroupTags": ["Lab"]}),
            "excludeGroupTags",
        ),
        (
            json!({"includeGroupTags": ["Lab"], "excludeGroupTags": ["Lab"]}),
            "excludeGroupTags",
        ),
        (json!({"includeGroupTags": [" "]}), "includeGroupTags"),
        (json!({"devices": []}), "devices"),
    ] {
        let answer = place.admin(&format!("PUT {path}/assignment"), &body).await?;
        assert_eq!(paths(&answer), [found], "{body}");
    }
    let answer = place
        .admin(&format!("PATCH {path}"), &json!({"deviceType": "holoLens"}))
        .await?;
    assert_eq!(paths(&answer), ["mode", "isDefault"]);
    for (body, word) in [
        (json!({"name": "SALES"}), "has this name"),
        (json!({"name": "Lab", "isDefault": true}), "is the default"),
    ] {
        let answer = place.admin("POST /profiles", &body).await?;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        assert!(
            answer.body["detail"].as_str().unwrap().contains(word),
            "{}",
            answer.body
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_listed_the_oldest_first_in_pages() -> Result<()> {
    let place = Place::new().await?;
    for name in ["c", "a", "b"] {
        place.made(&json!({"name": name})).await?;
    }
    place.made(&json!({"name": "a", "channel": "m365-business"})).await?;
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = place
            .admin(&format!("GET /profiles?limit=2{cursor}"), &Value::Null)
            .await?;
        let profiles = page.body["profiles"]
            .as_array()
            .unwrap_or_else(|| panic!("{}", page.body));
        names.extend(
            profiles
                .iter()
                .map(|profile| profile["name"].as_str().unwrap().to_owned()),
        );
        match page.body["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["c", "a", "b", "a"]);
    let count = async |query: &str| -> Result<usize> {
        let page = place.admin(&format!("GET /profiles?{query}"), &Value::Null).await?;
        Ok(page.body["profiles"].as_array().map_or(99, Vec::len))
    };
    assert_eq!(count("channel=m365-business").await?, 1);
    assert_eq!(count("name=A").await?, 2);
    assert_eq!(count("name=a&channel=intune").await?, 1);
    let foreign = place
        .admin(&format!("GET /profiles?name=a{cursor}"), &Value::Null)
        .await?;
    assert_eq!(paths(&foreign), ["query.cursor"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_a_file_for_devices_that_are_there_already() -> Result<()> {
    let place = Place::new().await?;
    let path = place
        .made(
            &json!({"name": "Autopilot Profile", "outOfBoxExperience": {"privacySettingsHidden": true,
            "licenseTermsHidden": true, "changeAccountHidden": true, "userType": "administrator"}}),
        )
        .await?;
    let what = format!("GET {path}/configuration-file");
    let refused = place.admin(&what, &Value::Null).await?;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert!(
        refused.body["detail"].as_str().unwrap().contains("tenant.domain"),
        "{}",
        refused.body
    );
    let edit = TenantEdit {
        domain: Some(Some("contoso.onmicrosoft.com".to_owned())),
        ..TenantEdit::default()
    };
    place.world.embedded.tenants().edit(place.tenant, &edit, None).await?;
    let file = place.admin(&what, &Value::Null).await?;
    assert_eq!(file.status, StatusCode::OK, "{}", file.body);
    assert!(
        file.headers["content-disposition"]
            .to_str()?
            .contains("AutopilotConfigurationFile.json")
    );
    assert_eq!(file.body["CloudAssignedOobeConfig"], 284);
    assert_eq!(file.body["CloudAssignedTenantId"], place.tenant.to_string());
    assert_eq!(file.body["ZtdCorrelationId"], path.trim_start_matches("/profiles/"));
    place
        .admin(&format!("PATCH {path}"), &json!({"name": "Geräte"}))
        .await?;
    let refused = place.admin(&what, &Value::Null).await?;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .contains("name: the file is ASCII"),
        "{}",
        refused.body
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_domain_is_recorded() -> Result<()> {
    let place = Place::new().await?;
    let what = format!("PATCH /v1/tenants/{}", place.tenant);
    let edit = async |domain: Value| {
        place
            .api
            .ask(&Who::Service, &place.world, &what, &[], &json!({"domain": domain}))
            .await
    };
    let answer = edit(json!(" Contoso.OnMicrosoft.com ")).await?;
    assert_eq!(answer.body["domain"], "contoso.onmicrosoft.com", "{}", answer.body);
    assert_eq!(answer.body["version"], 2);
    assert_eq!(paths(&edit(json!("contoso")).await?), ["domain"]);
    let cleared = edit(Value::Null).await?;
    assert_eq!(
        (cleared.body.get("domain"), &cleared.body["version"]),
        (None, &json!(3))
    );
    Ok(())
}
