//! Automatic registration: what an MDM service reports, page by page, and what becomes of it.

mod dropped;
mod files;
mod repeats;

use std::collections::BTreeSet;

use hardware_hash::generate::{Rewritten, SyntheticDevice};
use journeys::api::{Answer, Api, Who};
use journeys::lists::{Row, all_columns, device, hash, intune};
use journeys::world::{FABRIKAM, Result, TAILSPIN, World};
use muster_core::access::Role;
use muster_core::channel::Channel;
use muster_core::device::Device;
use muster_core::grant::Verb;
use muster_core::history::Requester;
use muster_core::id::{PartnerId, ProfileId, TenantId};
use muster_core::party::{PartnerKind, Registrant};
use muster_core::profile::{Assignment, OutOfBoxExperience, Profile, Settings, UserType};
use muster_store::devices::Act;
use muster_store::profiles::ProfileWritten;
use serde_json::{Value, json};

/// A tenant with an MDM service, another tenant, and a partner with the consent of the first.
struct Farm {
    world: World,
    api: Api,
    tenant: TenantId,
    other: TenantId,
    contoso: PartnerId,
}

impl Farm {
    async fn new() -> Result<Self> {
        let world = World::new().await?;
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        let other = world.tenant("Tailspin", TAILSPIN).await?;
        let contoso = world.partner("contoso", PartnerKind::CspDirect, None).await?;
        world.consent(tenant, &contoso).await?;
        let api = Api::over(&world)?;
        Ok(Self {
            world,
            api,
            tenant,
            other,
            contoso,
        })
    }

    fn mdm(&self) -> Who {
        Who::OfTenant(self.tenant, Role::MdmService)
    }

    fn admin(&self) -> Who {
        Who::OfTenant(self.tenant, Role::DeviceAdministrator)
    }

    async fn ask(&self, who: &Who, what: &str, headers: &[(&str, &str)], body: &Value) -> Result<Answer> {
        let (method, rest) = what.split_once(' ').ok_or("a method")?;
        let what = format!("{method} /v1/tenants/{}{rest}", self.tenant);
        self.api.ask(who, &self.world, &what, headers, body).await
    }

    /// Reports a page, and waits for its end.
    async fn report(&self, devices: &[Value]) -> Result<Answer> {
        let body = json!({ "devices": devices });
        let answer = self.ask(&self.mdm(), "POST /harvests?wait=20", &[], &body).await?;
        self.world.flow.idle().await;
        Ok(answer)
    }

    /// Has the tenant's administrator do this with profiles.
    async fn with_profiles(&self, act: impl AsyncFnOnce(&Act<'_>) -> Result<ProfileWritten>) -> Result<()> {
        let (own, now) = (Registrant::Tenant, self.world.now());
        let grants = self.world.embedded.grants();
        let permit = grants.permit(self.tenant, &own, None, Verb::Update, Channel::Intune, now);
        let pin = permit.await?.map_err(|denial| denial.code())?;
        let by = Requester::new("administrator", Registrant::Tenant);
        let by_hand = Act {
            pin: &pin,
            by: &by,
            now,
        };
        let written = act(&by_hand).await?;
        assert!(matches!(written, ProfileWritten::Done(_)), "{written:?}");
        Ok(())
    }

    /// Makes a converting profile with this assignment.
    async fn converting(&self, name: &str, assignment: Assignment) -> Result<ProfileId> {
        let id = ProfileId::of_seed([u8::try_from(name.len())?; 16]);
        let profile = Profile {
            id,
            tenant: self.tenant,
            version: 1,
            revision: 1,
            origin: Channel::Intune,
            partner: None,
            settings: Settings {
                name: name.to_owned(),
                out_of_box_experience: OutOfBoxExperience {
                    user_type: Some(UserType::Standard),
                    ..OutOfBoxExperience::default()
                },
                convert_targeted_devices: true,
                ..Settings::default()
            },
            assignment,
            included_devices: 0,
            excluded_devices: 0,
            created_at: self.world.now(),
            modified_at: self.world.now(),
        };
        let profiles = self.world.embedded.profiles();
        self.with_profiles(async |act| Ok(profiles.create(&profile, act).await?))
            .await?;
        Ok(id)
    }

    /// The one device that the tenant has.
    async fn one_device(&self) -> Result<Device> {
        let mut devices = self.world.devices(self.tenant).await?;
        assert_eq!(devices.len(), 1, "{devices:?}");
        devices.pop().ok_or("a device".into())
    }

    async fn check(&self) -> Result<()> {
        let report = self.world.embedded.fsck().check(self.world.now()).await?;
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        Ok(())
    }
}

fn for_all() -> Assignment {
    Assignment {
        all_devices: true,
        ..Assignment::default()
    }
}

fn tags(tags: &[&str]) -> BTreeSet<String> {
    tags.iter().map(|tag| (*tag).to_owned()).collect()
}

/// A corporate-owned, enrolled device on Windows 11.
fn managed(hardware: &SyntheticDevice) -> Value {
    json!({
        "hardwareHash": hash(hardware, 1),
        "ownership": "corporate",
        "enrolled": true,
        "osVersion": "10.0.22631.3007",
    })
}

/// The same, but for this member.
fn but(mut report: Value, member: &str, value: Value) -> Value {
    report[member] = value;
    report
}

/// Why each device of a page was skipped; nothing where it was handed in.
fn reasons(answer: &Answer) -> Vec<Option<&str>> {
    let rows = answer.body["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().map(|row| row["skipped"]["code"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_registers_what_a_profile_targets_and_says_of_the_rest_why_not() -> Result<()> {
    let farm = Farm::new().await?;
    let assignment = Assignment {
        include_group_tags: tags(&["Office"]),
        exclude_group_tags: tags(&["Kiosk"]),
        ..Assignment::default()
    };
    farm.converting("Office", assignment).await?;
    farm.world.upload("intune", None, farm.tenant, intune(20..21)).await?;
    let partners = all_columns(&[Row::of_hash(&device(21))]);
    let contoso = Some(&farm.contoso);
    farm.world
        .upload("partner-center", contoso, farm.tenant, partners)
        .await?;
    farm.world.upload("intune", None, farm.other, intune(22..23)).await?;

    let office = |report: Value| but(report, "groupTag", json!("Office"));
    let page = [
        but(office(managed(&device(1))), "managedDeviceId", json!("m-1")),
        office(but(managed(&device(2)), "ownership", json!("personal"))),
        office(but(managed(&device(3)), "ownership", json!("unknown"))),
        office(but(managed(&device(4)), "enrolled", json!(false))),
        office(but(managed(&device(5)), "osVersion", json!("10.0.15063.2679"))),
        office(but(managed(&device(6)), "hardwareHash", json!("T0F4"))),
        office(but(managed(&device(1)), "hardwareHash", json!(hash(&device(1), 9)))),
        but(managed(&device(7)), "groupTag", json!("Kiosk")),
        managed(&device(8)),
        office(managed(&device(20))),
        office(managed(&device(21))),
        office(managed(&device(22))),
        office(managed(&device(9))),
    ];
    let answer = farm.report(&page).await?;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let expected = [
        None,
        Some("personally-owned"),
        Some("ownership-unknown"),
        Some("not-enrolled"),
        Some("unsupported-version"),
        Some("invalid-hash"),
        Some("duplicate-in-page"),
        Some("excluded"),
        Some("not-targeted"),
        Some("already-registered"),
        Some("already-registered"),
        Some("other-tenant"),
        None,
    ];
    assert_eq!(reasons(&answer), expected, "{}", answer.body);
    let body = &answer.body;
    assert_eq!(
        (&body["taken"], &body["skipped"]["already-registered"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(
        (&body["rows"][0]["managedDeviceId"], &body["rows"][0]["uploadRow"]),
        (&json!("m-1"), &json!(1))
    );
    assert_eq!(
        (&body["rows"][12]["row"], &body["rows"][12]["uploadRow"]),
        (&json!(13), &json!(2))
    );
    for row in body["rows"].as_array().ok_or("rows")? {
        let skipped = &row["skipped"];
        if !skipped.is_null() {
            let remedy = skipped["remedy"].as_str().ok_or("a remedy")?;
            assert_eq!(remedy.is_empty(), skipped["code"] == "already-registered", "{row}");
        }
    }

    let upload = &body["upload"];
    assert_eq!(
        (&upload["channel"], &upload["state"], &upload["counts"]),
        (&json!("automatic"), &json!("finished"), &json!({"registered": 2})),
        "{upload}"
    );
    let location = answer.headers["location"].to_str()?;
    let looked = farm
        .api
        .ask(&farm.mdm(), &farm.world, &format!("GET {location}"), &[], &Value::Null)
        .await?;
    assert_eq!(looked.body["id"], upload["id"], "{}", looked.body);
    let devices = farm.world.devices(farm.tenant).await?;
    let automatic: Vec<_> = devices
        .iter()
        .filter(|device| device.channel == Channel::Automatic)
        .collect();
    assert_eq!((devices.len(), automatic.len()), (4, 2));
    assert!(
        automatic
            .iter()
            .all(|device| device.group_tag.as_deref() == Some("Office"))
    );
    let told = answer.body.to_string();
    for secret in ["Tailspin", TAILSPIN, "contoso"] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    farm.check().await
}

#[tokio::test(flavor = "multi_thread")]
async fn turning_the_flag_off_registers_nothing_more_and_releases_nothing() -> Result<()> {
    let farm = Farm::new().await?;
    let nobody = farm.report(&[managed(&device(1))]).await?;
    assert_eq!(
        (nobody.status.as_u16(), reasons(&nobody)),
        (200, vec![Some("not-targeted")])
    );
    assert_eq!(
        (&nobody.body["upload"], &nobody.body["taken"]),
        (&Value::Null, &json!(0))
    );
    assert!(nobody.headers.get("location").is_none());

    let id = farm.converting("Everybody", for_all()).await?;
    let taken = farm.report(&[managed(&device(1))]).await?;
    assert_eq!(reasons(&taken), [None], "{}", taken.body);
    let before = farm.world.devices(farm.tenant).await?;
    let profiles = farm.world.embedded.profiles();
    farm.with_profiles(async |act| {
        let now = farm.world.now();
        let off = |profile: &Profile| {
            let settings = Settings {
                convert_targeted_devices: false,
                ..profile.settings.clone()
            };
            profile.with_settings(settings, now)
        };
        Ok(profiles.change(id, None, act, off).await?)
    })
    .await?;
    let after = farm.report(&[managed(&device(1)), managed(&device(2))]).await?;
    assert_eq!(reasons(&after), [Some("already-registered"), Some("not-targeted")]);
    assert_eq!(farm.world.devices(farm.tenant).await?, before);
    farm.check().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_mdm_service_reports_and_sees_its_own_uploads_and_nothing_else() -> Result<()> {
    let farm = Farm::new().await?;
    farm.converting("Everybody", for_all()).await?;
    let by_hand = farm.world.upload("intune", None, farm.tenant, intune(1..2)).await?;
    let own = farm.report(&[managed(&device(2))]).await?;
    let own = own.body["upload"]["id"].as_str().ok_or("an upload")?.to_owned();
    let get = async |who: &Who, path: &str| farm.ask(who, &format!("GET {path}"), &[], &Value::Null).await;
    for (who, ids) in [(farm.mdm(), 1), (farm.admin(), 2)] {
        let listed = get(&who, "/uploads").await?;
        let listed = listed.body["uploads"].as_array().ok_or("uploads")?.clone();
        assert_eq!(listed.len(), ids, "{who:?}");
        let path = format!("/uploads/{own}");
        assert_eq!(get(&who, &path).await?.status, 200);
        assert_eq!(get(&who, &format!("{path}/rows")).await?.status, 200);
    }
    let hidden = format!("/uploads/{}", by_hand.status.id);
    for path in [hidden.clone(), format!("{hidden}/rows"), format!("{hidden}/report")] {
        let answer = get(&farm.mdm(), &path).await?;
        let nothing = get(
            &farm.mdm(),
            &path.replace(by_hand.status.id.as_str(), "u-AAAAAAAAAAAAAAAAAAAA"),
        )
        .await?;
        assert_eq!((answer.status.as_u16(), &answer.body), (404, &nothing.body), "{path}");
    }

    let page = json!({ "devices": [managed(&device(3))] });
    let agent = Who::OfPartner(farm.contoso.clone(), Role::AdminAgent);
    for (who, status) in [
        (farm.mdm(), 202),
        (farm.admin(), 202),
        (Who::OfTenant(farm.tenant, Role::TenantAdministrator), 202),
        (Who::OfTenant(farm.tenant, Role::Reader), 403),
        (agent, 403),
        (Who::Service, 403),
        (Who::OfTenant(farm.other, Role::MdmService), 404),
    ] {
        let answer = farm.ask(&who, "POST /harvests", &[], &page).await?;
        // A page that comes again has nothing left to register.
        let passes = status == 202 && answer.status == 200;
        assert!(passes || answer.status == status, "{who:?}: {}", answer.body);
        farm.world.flow.idle().await;
    }
    let inline = json!({ "devices": [{ "hardwareHash": hash(&device(4), 1) }] });
    assert_eq!(farm.ask(&farm.mdm(), "POST /devices", &[], &inline).await?.status, 403);
    // The channel is not for lists by hand, whoever hands them in: no profile is asked there.
    let inline = but(inline, "channel", json!("automatic"));
    let announced = json!({ "channel": "automatic", "name": "list.csv", "size": 9 });
    for (path, body) in [("/devices", &inline), ("/uploads", &announced)] {
        let answer = farm.ask(&farm.admin(), &format!("POST {path}"), &[], body).await?;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["errors"][0]["path"]),
            (400, &json!("channel")),
            "{}",
            answer.body
        );
    }
    farm.check().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_none_is_refused_whole_and_each_fault_is_named() -> Result<()> {
    let farm = Farm::new().await?;
    farm.converting("Everybody", for_all()).await?;
    let good = managed(&device(1));
    let many: Vec<Value> = vec![but(good.clone(), "hardwareHash", json!("T0F4")); 501];
    for (devices, path) in [
        (vec![], "devices"),
        (many, "devices"),
        (vec![but(good.clone(), "hardwareHash", json!(""))], "devices[0]"),
        (
            vec![good.clone(), but(good.clone(), "hardwareHash", json!("Ä"))],
            "devices[1].hardwareHash",
        ),
        (
            vec![but(good.clone(), "groupTag", json!("a\u{200b}b"))],
            "devices[0].groupTag",
        ),
        (
            vec![but(good.clone(), "osVersion", json!("1".repeat(129)))],
            "devices[0].osVersion",
        ),
        (
            vec![but(good.clone(), "managedDeviceId", json!("a\u{7}"))],
            "devices[0].managedDeviceId",
        ),
        (
            vec![but(good.clone(), "ownership", json!("mine"))],
            "devices[0].ownership",
        ),
        (vec![but(good.clone(), "serial", json!("S"))], "devices[0].serial"),
    ] {
        let answer = farm.report(&devices).await?;
        let errors = &answer.body["errors"];
        assert_eq!(
            (answer.status.as_u16(), errors[0]["path"].as_str()),
            (400, Some(path)),
            "{}",
            answer.body
        );
    }
    assert!(farm.world.devices(farm.tenant).await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_tells_whether_a_device_is_enrolled_and_mends_a_board_that_it_shows_twice() -> Result<()> {
    let farm = Farm::new().await?;
    farm.world.upload("intune", None, farm.tenant, intune(1..2)).await?;
    let known = farm.one_device().await?;
    let path = format!("GET /devices/{}", known.id);
    let state = async || -> Result<Value> {
        let shown = farm.ask(&farm.admin(), &path, &[], &Value::Null).await?;
        Ok(json!([shown.body["enrollmentState"], shown.body["version"]]))
    };
    assert_eq!(state().await?, json!(["notContacted", 1]));
    let off = but(managed(&device(1)), "enrolled", json!(false));
    for (report, expected) in [
        (managed(&device(1)), "enrolled"),
        (but(managed(&device(1)), "groupTag", json!("Other")), "enrolled"),
        (off, "notContacted"),
        (managed(&device(1)), "enrolled"),
    ] {
        farm.world.wait(60);
        let answer = farm.report(&[report]).await?;
        assert_eq!(reasons(&answer), [Some("already-registered")], "{}", answer.body);
        assert_eq!(answer.body["rows"][0]["device"], json!(known.id));
        assert_eq!(state().await?, json!([expected, 1]), "nothing else is changed");
    }

    let repaired = device(1).with_new_board(1, Rewritten::Serial);
    for (outcome, remediation) in [
        ("ambiguous", "automaticRemediationRequired"),
        ("updated", "noRemediationRequired"),
    ] {
        farm.world.wait(60);
        let answer = farm.report(&[managed(&repaired)]).await?;
        assert_eq!(
            answer.body["upload"]["counts"],
            json!({ outcome: 1 }),
            "{}",
            answer.body
        );
        assert_eq!(answer.body["rows"][0]["device"], json!(known.id));
        let shown = farm.ask(&farm.admin(), &path, &[], &Value::Null).await?;
        assert_eq!(shown.body["remediationState"], remediation, "{}", shown.body);
    }
    let answer = farm.report(&[managed(&repaired)]).await?;
    assert_eq!(reasons(&answer), [Some("already-registered")]);
    farm.check().await
}
