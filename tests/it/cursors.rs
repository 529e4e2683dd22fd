//! Cursors: they tell nobody what he may not know, and made-up ones are refused.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use journeys::api::{Api, Who};
use journeys::lists::{Row, all_columns, device, intune};
use journeys::world::{FABRIKAM, Result, TAILSPIN, World};
use muster_core::access::Role;
use muster_core::channel::Channel;
use muster_core::id::TenantId;
use muster_core::party::{PartnerKind, Registrant};
use muster_core::upload::{ObjectVersion, Reason};
use muster_runtime::http::Cursor;
use muster_store::uploads::RefusedUpload;
use serde_json::Value;

struct Place {
    world: World,
    api: Api,
    tenant: TenantId,
    agent: Who,
    admin: Who,
}

impl Place {
    async fn new() -> Result<Self> {
        let world = World::new().await?;
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        let contoso = world.partner("contoso", PartnerKind::CspDirect, None).await?;
        world.consent(tenant, &contoso).await?;
        let api = Api::over(&world)?;
        Ok(Self {
            world,
            api,
            tenant,
            agent: Who::OfPartner(contoso, Role::AdminAgent),
            admin: Who::OfTenant(tenant, Role::TenantAdministrator),
        })
    }

    async fn get(&self, who: &Who, path: &str) -> Result<(u16, Value)> {
        let what = format!("GET {}", path.replace("/T", &format!("/v1/tenants/{}", self.tenant)));
        let answer = self.api.ask(who, &self.world, &what, &[], &Value::Null).await?;
        Ok((answer.status.as_u16(), answer.body))
    }

    /// All pages of a list, and what is written in the cursors between them.
    async fn walk(&self, who: &Who, path: &str, name: &str) -> Result<(Vec<Value>, String)> {
        let (mut all, mut written, mut next) = (Vec::new(), String::new(), String::new());
        loop {
            let (status, page) = self.get(who, &format!("{path}{next}")).await?;
            assert_eq!(status, 200, "{page}");
            all.extend(page[name].as_array().ok_or("a list")?.iter().cloned());
            let Some(cursor) = page["next"].as_str() else {
                return Ok((all, written));
            };
            written.push_str(&String::from_utf8_lossy(&BASE64_URL_SAFE_NO_PAD.decode(cursor)?));
            written.push('\n');
            next = format!("&cursor={cursor}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cursor_of_a_partners_uploads_names_no_upload_of_others() -> Result<()> {
    let place = Place::new().await?;
    let Who::OfPartner(contoso, _) = &place.agent else {
        return Err("a partner".into());
    };
    let mut others = BTreeSet::new();
    for n in 0..30 {
        let object = ObjectVersion {
            bucket: "b".to_owned(),
            key: format!("inbox/partner-center/contoso/{}/{n}.csv", place.tenant),
            version: "1".to_owned(),
        };
        let own = n % 14 == 1;
        if !own {
            others.insert(object.upload_id().to_string());
        }
        let refused = RefusedUpload {
            object,
            size: 1,
            tenant: Some(place.tenant),
            registrant: Some(match own {
                true => Registrant::Partner(contoso.clone()),
                false => Registrant::Tenant,
            }),
            channel: Some(Channel::PartnerCenter),
            options: None,
            reason: Reason::cancelled("a test"),
        };
        place
            .world
            .embedded
            .uploads()
            .refuse(&refused, place.world.now())
            .await?;
        place.world.wait(1);
    }
    let (own, written) = place.walk(&place.agent, "/T/uploads?limit=1", "uploads").await?;
    assert_eq!(own.len(), 3, "{own:?}");
    assert!(own.iter().all(|upload| upload["partner"] == "contoso"));
    assert!(!written.is_empty());
    for id in &others {
        assert!(!written.contains(id.as_str()), "{written}");
    }
    let (all, _) = place.walk(&place.admin, "/T/uploads?limit=7", "uploads").await?;
    assert_eq!(all.len(), 30);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cursor_of_devices_holds_no_serial_number() -> Result<()> {
    let place = Place::new().await?;
    let Who::OfPartner(contoso, _) = &place.agent else {
        return Err("a partner".into());
    };
    place.world.upload("intune", None, place.tenant, intune(0..20)).await?;
    let rows: Vec<Row> = (100..120).map(|n| Row::of_tuple(&device(n))).collect();
    place
        .world
        .upload("partner-center", Some(contoso), place.tenant, all_columns(&rows))
        .await?;
    for (who, count) in [(&place.agent, 20), (&place.admin, 40)] {
        let (devices, written) = place.walk(who, "/T/devices?limit=1", "devices").await?;
        assert_eq!(devices.len(), count);
        assert!(written.lines().count() >= count - 1);
        // All serial numbers of journeys begin so.
        assert!(!written.contains("TEST-"), "{written}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_somebody_made_up_is_refused_by_every_list() -> Result<()> {
    let place = Place::new().await?;
    let seen = place.world.upload("intune", None, place.tenant, intune(0..2)).await?;
    let (tenant, upload) = (place.tenant.to_string(), seen.status.id.to_string());
    let device = place.world.devices(place.tenant).await?[0].id.to_string();
    let body = serde_json::json!({"name": "Sales"});
    let what = format!("POST /v1/tenants/{tenant}/profiles");
    let made = place.api.ask(&place.admin, &place.world, &what, &[], &body).await?;
    let profile = made.body["id"].as_str().ok_or("a profile")?.to_owned();
    let lists: [(&Who, String, Vec<&str>); 14] = [
        (
            &place.admin,
            "/T/devices".to_owned(),
            vec!["devices", &tenant, "registered", "", "", "", "all", "", ""],
        ),
        (
            &place.admin,
            format!("/T/devices/{device}/history"),
            vec!["device changes", &tenant, &device],
        ),
        (&place.admin, "/T/uploads".to_owned(), vec!["uploads", &tenant, "-"]),
        (
            &place.agent,
            "/T/uploads".to_owned(),
            vec!["uploads", &tenant, "contoso"],
        ),
        (
            &place.admin,
            format!("/T/uploads/{upload}/rows"),
            vec!["rows", &tenant, &upload, ""],
        ),
        (&place.admin, "/T/consents".to_owned(), vec!["consents", &tenant]),
        (
            &place.admin,
            "/T/consent-changes".to_owned(),
            vec!["consent changes", &tenant, ""],
        ),
        (
            &place.agent,
            "/v1/partners/contoso/consents".to_owned(),
            vec!["consents of partner", "contoso"],
        ),
        (
            &place.admin,
            "/T/profiles".to_owned(),
            vec!["profiles", &tenant, "", ""],
        ),
        (
            &place.admin,
            format!("/T/profiles/{profile}/devices"),
            vec!["profile devices", &profile, ""],
        ),
        (
            &place.admin,
            format!("/T/profiles/{profile}/assigned-devices"),
            vec!["assigned devices", &profile],
        ),
        (&place.admin, "/v1/directory".to_owned(), vec!["directory", ""]),
        (&Who::Service, "/v1/tenants".to_owned(), vec!["tenants"]),
        (&Who::Service, "/v1/partners".to_owned(), vec!["partners"]),
    ];
    for (who, path, words) in lists {
        let cursor = Cursor::of(&words);
        for mark in ["", "a b", "9:x", "1#2", "#", "ü", "-1"] {
            let (status, body) = place.get(who, &format!("{path}?cursor={}", cursor.write(mark))).await?;
            assert_eq!(
                (status, &body["errors"][0]["path"]),
                (400, &Value::from("query.cursor")),
                "{path} {mark}: {body}"
            );
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_cursor_does_not_tell_a_partner_which_profiles_the_tenant_has() -> Result<()> {
    let place = Place::new().await?;
    let tenant = place.tenant.to_string();
    let mut made = Vec::new();
    for who in [&place.admin, &place.agent] {
        let body = serde_json::json!({
            "name": "Sales",
            "outOfBoxExperience": { "privacySettingsHidden": true, "licenseTermsHidden": true },
        });
        let what = format!("POST /v1/tenants/{tenant}/profiles");
        let answer = place.api.ask(who, &place.world, &what, &[], &body).await?;
        made.push(answer.body["id"].as_str().ok_or(format!("{}", answer.body))?.to_owned());
    }
    let cursor = Cursor::of(&["profiles", &tenant, "", ""]);
    let look = async |who, id: &str| {
        place
            .get(who, &format!("/T/profiles?cursor={}", cursor.write(id)))
            .await
    };
    let none = look(&place.agent, "5f0c3b0e-6c3c-4a55-9d2b-000000000001").await?;
    assert_eq!(none.0, 400, "{}", none.1);
    assert_eq!(look(&place.agent, &made[0]).await?, none);
    for (who, id) in [
        (&place.agent, &made[1]),
        (&place.admin, &made[0]),
        (&place.admin, &made[1]),
    ] {
        let (status, body) = look(who, id).await?;
        assert_eq!(status, 200, "{body}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_cursor_tells_nothing_of_another_tenants_devices() -> Result<()> {
    let place = Place::new().await?;
    let tailspin = place.world.tenant("Tailspin", TAILSPIN).await?;
    place.world.upload("intune", None, place.tenant, intune(0..1)).await?;
    place.world.upload("intune", None, tailspin, intune(1..2)).await?;
    let own = place.world.devices(place.tenant).await?[0].id.to_string();
    let foreign = place.world.devices(tailspin).await?[0].id.to_string();
    let tenant = place.tenant.to_string();
    let body = serde_json::json!({"name": "Sales"});
    let what = format!("POST /v1/tenants/{tenant}/profiles");
    let made = place.api.ask(&place.admin, &place.world, &what, &[], &body).await?;
    let profile = made.body["id"].as_str().ok_or("a profile")?.to_owned();
    let lists = [
        (
            "/T/devices".to_owned(),
            vec!["devices", &tenant, "registered", "", "", "", "all", "", ""],
        ),
        (
            format!("/T/profiles/{profile}/assigned-devices"),
            vec!["assigned devices", &profile],
        ),
    ];
    for (path, words) in lists {
        let cursor = Cursor::of(&words);
        let look = async |id: &str| {
            let mark = cursor.write(&format!("0:{id}"));
            place.get(&place.admin, &format!("{path}?cursor={mark}")).await
        };
        let none = look("5f0c3b0e-6c3c-8a55-9d2b-000000000001").await?;
        assert_eq!(none.0, 400, "{path}: {}", none.1);
        assert_eq!(look(&foreign).await?, none, "{path}");
        let (status, body) = look(&own).await?;
        assert_eq!(status, 200, "{path}: {body}");
    }
    Ok(())
}
