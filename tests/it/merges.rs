//! Two records of one device that become one: what was recorded beside either of them counts for the one that stays.

use journeys::lists::{Row, all_columns, device};
use journeys::world::{FABRIKAM, Result, World};
use muster_core::channel::Channel;
use muster_core::deployment::Answer;
use muster_core::device::Device;
use muster_core::grant::{GrantPin, Verb};
use muster_core::history::Requester;
use muster_core::id::{ProfileId, TenantId};
use muster_core::party::{PartnerKind, Registrant};
use muster_core::profile::{Assignment, OutOfBoxExperience, Profile, Settings, Side, UserType};
use muster_store::contacts::NewContact;
use muster_store::devices::Act;
use muster_store::profiles::{ListOutcome, Placed, Placing, ProfileWritten};

/// A tenant whose partner registered device 1 twice: by its names, and then by its PKID.
async fn twice(world: &World) -> Result<(TenantId, Device, Device)> {
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let csp = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &csp).await?;
    let mut seen = Vec::new();
    for row in [Row::of_tuple(&device(1)), Row::of_pkid(&device(1))] {
        world
            .upload("partner-center", Some(&csp), tenant, all_columns(&[row]))
            .await?;
        let new = world
            .devices(tenant)
            .await?
            .into_iter()
            .find(|device| !seen.contains(device));
        seen.push(new.ok_or("it is registered")?);
        world.wait(60);
    }
    let [older, younger] = <[Device; 2]>::try_from(seen).map_err(|_| "two of them")?;
    Ok((tenant, older, younger))
}

/// What the tenant itself may do.
async fn own(world: &World, tenant: TenantId) -> Result<GrantPin> {
    let (grants, itself) = (world.embedded.grants(), Registrant::Tenant);
    let answer = grants.permit(tenant, &itself, None, Verb::Update, Channel::Intune, world.now());
    Ok(answer.await?.map_err(|denial| denial.code())?)
}

async fn profile(world: &World, tenant: TenantId, n: u8, act: &Act<'_>) -> Result<ProfileId> {
    let profile = Profile {
        id: ProfileId::of_seed([n; 16]),
        tenant,
        version: 1,
        revision: 1,
        origin: Channel::Intune,
        partner: None,
        settings: Settings {
            name: format!("Profile {n}"),
            out_of_box_experience: OutOfBoxExperience {
                user_type: Some(UserType::Standard),
                ..OutOfBoxExperience::default()
            },
            ..Settings::default()
        },
        assignment: Assignment::default(),
        included_devices: 0,
        excluded_devices: 0,
        created_at: world.now(),
        modified_at: world.now(),
    };
    match world.embedded.profiles().create(&profile, act).await? {
        ProfileWritten::Done(_) => Ok(profile.id),
        other => Err(format!("{other:?}").into()),
    }
}

const fn placing(device: &Device, side: Option<Side>) -> Placing {
    Placing {
        device: device.id,
        side,
        moves: true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_takes_another_record_up_keeps_its_places_on_lists_and_its_contacts() -> Result<()> {
    let world = World::new().await?;
    let (tenant, older, younger) = twice(&world).await?;
    let (pin, by) = (own(&world, tenant).await?, Requester::new("admin", Registrant::Tenant));
    let act = Act {
        pin: &pin,
        by: &by,
        now: world.now(),
    };
    let profiles = world.embedded.profiles();
    let (one, two) = (
        profile(&world, tenant, 1, &act).await?,
        profile(&world, tenant, 2, &act).await?,
    );
    let (include, exclude) = (Some(Side::Include), Some(Side::Exclude));
    for (profile, device, side) in [
        (one, &younger, include),
        (two, &younger, include),
        (two, &older, exclude),
    ] {
        let placed = profiles.place(profile, &[placing(device, side)], &act).await?;
        assert_eq!(placed, Placed::Done(vec![ListOutcome::Added]));
    }
    let contact = NewContact {
        at: world.now(),
        answer: Answer::NoProfile,
        os_build: None,
        profile: None,
        remediation: None,
    };
    world.embedded.contacts().record(younger.id, &contact).await?;

    let hash = all_columns(&[Row::of_hash(&device(1))]);
    let seen = world.upload("intune", None, tenant, hash).await?;
    assert_eq!(seen.counts.get("updated"), Some(&1), "{}", seen.report);
    let devices = world.devices(tenant).await?;
    let [whole] = devices.as_slice() else {
        return Err(format!("they are one: {devices:?}").into());
    };
    assert_eq!((whole.id, whole.ids()), (older.id, vec![older.id, younger.id]));
    let lists = profiles.lists(&whole.ids()).await?;
    assert_eq!(
        lists,
        [(one, Side::Include), (two, Side::Exclude)].into(),
        "its own place counts first"
    );
    let known = world.embedded.contacts().get(&whole.ids()).await?;
    assert_eq!(
        (known.first_at, known.answer),
        (Some(contact.at), Some(Answer::NoProfile))
    );

    // It is moved, and taken off, under whichever id it was placed.
    let placed = profiles.place(one, &[placing(whole, exclude)], &act).await?;
    assert_eq!(placed, Placed::Done(vec![ListOutcome::Added]));
    let placed = profiles.place(two, &[placing(whole, None)], &act).await?;
    assert_eq!(placed, Placed::Done(vec![ListOutcome::Removed]));
    assert_eq!(profiles.lists(&whole.ids()).await?, [(one, Side::Exclude)].into());
    for (id, included, excluded) in [(one, 0, 1), (two, 0, 0)] {
        let profile = profiles.get(tenant, id).await?.ok_or("the profile")?;
        assert_eq!(
            (profile.included_devices, profile.excluded_devices),
            (included, excluded)
        );
    }
    assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    Ok(())
}
