//! A device that has a profile: what it is given, what is recorded, and when it is told that its profile is gone.

mod race;

use journeys::lists::device;
use journeys::world::{Result, World};
use muster_core::channel::Channel;
use muster_core::grant::Verb;
use muster_core::history::Requester;
use muster_core::id::{ProfileId, TenantId};
use muster_core::party::Registrant;
use muster_core::profile::{Assignment, EnrollmentStatusPage, Mode, OutOfBoxExperience, Profile, Settings, UserType};
use muster_store::devices::Act;
use muster_store::profiles::{ProfileDeleted, ProfileWritten};
use serde_json::{Value, json};

use super::{Place, by_hash, by_tuple};

/// Has the tenant's administrator do this with profiles.
pub(super) async fn as_administrator<T>(
    world: &World,
    tenant: TenantId,
    act: impl AsyncFnOnce(&Act<'_>) -> Result<T>,
) -> Result<T> {
    let (own, now) = (Registrant::Tenant, world.now());
    let grants = world.embedded.grants();
    let permit = grants.permit(tenant, &own, None, Verb::Update, Channel::Intune, now);
    let pin = permit.await?.map_err(|denial| denial.code())?;
    let by = Requester::new("administrator", Registrant::Tenant);
    act(&Act {
        pin: &pin,
        by: &by,
        now,
    })
    .await
}

/// A user-driven profile for all devices.
pub(super) fn profile(tenant: TenantId, name: &str, now: jiff::Timestamp) -> Profile {
    let oobe = OutOfBoxExperience {
        privacy_settings_hidden: true,
        license_terms_hidden: true,
        keyboard_page_skipped: true,
        change_account_hidden: true,
        user_type: Some(UserType::Administrator),
    };
    let settings = Settings {
        name: name.to_owned(),
        out_of_box_experience: oobe,
        language: Some("os-default".to_owned()),
        ..Settings::default()
    };
    let id = ProfileId::of_seed([u8::try_from(name.len()).unwrap_or_default(); 16]);
    Profile {
        assignment: Assignment {
            all_devices: true,
            ..Assignment::default()
        },
        ..Profile::new(id, tenant, Channel::Intune, settings, now)
    }
}

pub(super) async fn make(place: &Place, profile: &Profile) -> Result<()> {
    let written = as_administrator(&place.world, place.tenant, async |act| {
        Ok(place.world.embedded.profiles().create(profile, act).await?)
    });
    let written = written.await?;
    assert!(matches!(written, ProfileWritten::Done(_)), "{written:?}");
    Ok(())
}

async fn delete(place: &Place, profile: &Profile) -> Result<()> {
    let profiles = place.world.embedded.profiles();
    as_administrator(&place.world, place.tenant, async |act| {
        let off = |known: &Profile| known.with_assignment(Assignment::default(), act.now);
        profiles.change(profile.id, None, act, off).await?;
        let gone = profiles.delete(profile.id, None, act).await?;
        assert_eq!(gone, ProfileDeleted::Done);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_given_its_profile_and_that_is_recorded() -> Result<()> {
    let place = Place::new().await?;
    let mut driven = profile(place.tenant, "User driven", place.world.now());
    driven.settings.enrollment_status_page = Some(EnrollmentStatusPage::default());
    make(&place, &driven).await?;
    place.let_tuples_count(true).await?;
    let id = place.seen(&device(3)).await?["id"].clone();
    for shown in [
        by_hash(&device(3)),
        by_tuple(&device(3)),
        by_hash(&device(3).with_new_disk(2)),
    ] {
        place.world.wait(60);
        let told = place.told(&shown).await?;
        assert_eq!(told["answer"], "profile", "{told}");
        let (given, at) = (&told["configuration"], place.world.now());
        assert_eq!((&told["registration"]["id"], &given["ZtdRegistrationId"]), (&id, &id));
        assert_eq!(given["CloudAssignedTenantId"], json!(place.tenant));
        assert_eq!(given["DeploymentProfileName"], "User driven");
        // 8 and 256 always, 4, 16 and 1024 for the pages that are left out.
        assert_eq!(given["CloudAssignedOobeConfig"], 1308);
        assert_eq!(given["PolicyDownloadDate"], json!(at));
        assert_eq!(told["enrollmentStatusPage"]["installProgressTimeoutInMinutes"], 60);
        let seen = place.seen(&device(3)).await?;
        assert_eq!(
            (&seen["lastAnswer"], &seen["lastContactedDateTime"]),
            (&json!("profile"), &json!(at))
        );
        let got = json!({"id": driven.id, "name": "User driven", "revision": 1, "at": at});
        assert_eq!(seen["downloadedProfile"], got);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_is_gone_is_told_apart_from_one_that_never_was() -> Result<()> {
    let place = Place::new().await?;
    let driven = profile(place.tenant, "User driven", place.world.now());
    let code = async |n: u64| -> Result<Value> { Ok(place.told(&by_hash(&device(n))).await?["code"].clone()) };
    assert_eq!(code(1).await?, 815);
    make(&place, &driven).await?;
    assert_eq!(place.told(&by_hash(&device(1))).await?["answer"], "profile");
    delete(&place, &driven).await?;
    assert_eq!((code(1).await?, code(2).await?), (json!(809), json!(815)));
    assert_eq!(place.seen(&device(1)).await?["lastAnswer"], "profileGone");
    let other = profile(place.tenant, "Another", place.world.now());
    make(&place, &other).await?;
    assert_eq!(place.told(&by_hash(&device(1))).await?["answer"], "profile");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_a_device_cannot_use_is_not_given() -> Result<()> {
    let place = Place::new().await?;
    let mut kiosk = profile(place.tenant, "Kiosk", place.world.now());
    kiosk.settings.mode = Mode::SelfDeploying;
    kiosk.settings.out_of_box_experience.user_type = None;
    make(&place, &kiosk).await?;
    let machine = device(50).without_tpm();
    let list = journeys::lists::list(manifest::Format::Intune, &[journeys::lists::Row::of_hash(&machine)]);
    place.world.upload("intune", None, place.tenant, list).await?;
    assert_eq!(
        place.told(&by_hash(&machine)).await?["code"],
        815,
        "without a TPM it cannot deploy itself"
    );
    assert_eq!(
        place.told(&by_hash(&device(1))).await?["configuration"]["AutopilotMode"],
        1
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_told_that_a_technician_may_prepare_it() -> Result<()> {
    let place = Place::new().await?;
    let mut driven = profile(place.tenant, "User driven", place.world.now());
    for (allowed, mode) in [(false, 0), (true, 2)] {
        driven.settings.preprovisioning_allowed = allowed;
        let profiles = place.world.embedded.profiles();
        let settings = &driven.settings;
        as_administrator(&place.world, place.tenant, async |act| {
            profiles.create(&driven, act).await?;
            let change = |old: &Profile| old.with_settings(settings.clone(), act.now);
            Ok(profiles.change(driven.id, None, act, change).await?)
        })
        .await?;
        let told = place.told(&by_hash(&device(1))).await?;
        assert_eq!(told["configuration"]["AutopilotMode"], mode, "{told}");
    }
    Ok(())
}
