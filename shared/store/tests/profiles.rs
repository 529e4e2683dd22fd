//! Profiles against a DynamoDB.
#![cfg(test)]

use std::collections::BTreeMap;

use engines::Database;
use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::grant::{GrantPin, GrantRequest, Verb};
use muster_core::history::Requester;
use muster_core::id::{DeviceId, ProfileId, TenantId, UploadId};
use muster_core::party::{Partner, PartnerKind, Registrant, Tenant};
use muster_core::profile::{Assignment, MAX_PROFILES, OutOfBoxExperience, Profile, Settings, Side, UserType, explain};
use muster_local::conflicts::Conflicting;
use muster_store::devices::Act;
use muster_store::profiles::{ListOutcome, Placed, Placing, ProfileDeleted, ProfileWritten, Profiles};
use muster_store::{Connection, Credentials, Grants, Partners, Table, Tenants};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A tenant, a CSP with its consent, and the profiles.
struct World {
    _database: Database,
    tenant: TenantId,
    own: GrantPin,
    csp: GrantPin,
    grants: Grants,
    profiles: Profiles,
}

impl World {
    async fn new() -> Self {
        let database = Database::new().unwrap();
        let credentials = Credentials {
            access_key: "test".to_owned(),
            secret_key: "test".to_owned(),
        };
        let http = Conflicting::new(database.http_client()).http_client();
        let connection = Connection::embedded(http.clone(), http, &credentials);
        let table = Table::new(&connection, database.table());
        table.create().await.unwrap();
        let tenant = Tenant::new(TenantId::of_name("Fabrikam"), "Fabrikam", at(0));
        Tenants::new(table.clone()).create(&tenant).await.unwrap();
        let partner = Partner {
            id: "contoso".parse().unwrap(),
            name: "Contoso".to_owned(),
            kind: PartnerKind::CspDirect,
            provider: None,
            created_at: at(0),
            manufacturers: std::collections::BTreeSet::new(),
            version: 1,
        };
        Partners::new(table.clone()).create(&partner).await.unwrap();
        let grants = Grants::new(table.clone());
        let asks = GrantRequest {
            tenant: tenant.id,
            partner: partner.id.clone(),
            kind: partner.kind,
            verbs: Verb::ALL.to_vec(),
            channels: None,
            expires_at: None,
            delegated_administration: false,
            by: "partner".into(),
        };
        grants.request(asks, at(1)).await.unwrap().unwrap();
        grants
            .grant(tenant.id, &partner.id, "admin", at(2))
            .await
            .unwrap()
            .unwrap();
        let pin = |registrant: Registrant, channel| {
            let (grants, partner) = (grants.clone(), partner.clone());
            async move {
                let known = registrant.partner().map(|_| &partner);
                let permit = grants.permit(tenant.id, &registrant, known, Verb::Update, channel, at(3));
                permit.await.unwrap().unwrap()
            }
        };
        Self {
            own: pin(Registrant::Tenant, Channel::Intune).await,
            csp: pin(Registrant::Partner(partner.id.clone()), Channel::PartnerCenter).await,
            tenant: tenant.id,
            profiles: Profiles::new(table),
            grants,
            _database: database,
        }
    }

    fn profile(&self, n: u32, name: &str) -> Profile {
        let mut seed = [0; 16];
        seed[..4].copy_from_slice(&n.to_be_bytes());
        let settings = Settings {
            name: name.to_owned(),
            out_of_box_experience: OutOfBoxExperience {
                user_type: Some(UserType::Standard),
                ..OutOfBoxExperience::default()
            },
            ..Settings::default()
        };
        let id = ProfileId::of_seed(seed);
        Profile::new(id, self.tenant, Channel::Intune, settings, at(i64::from(n)))
    }

    async fn create(&self, profile: &Profile) -> ProfileWritten {
        let by = tenant();
        self.profiles.create(profile, &act(&self.own, &by)).await.unwrap()
    }

    async fn change(&self, id: ProfileId, version: Option<u64>, change: impl Fn(&mut Profile)) -> ProfileWritten {
        let by = tenant();
        let change = |old: &Profile| {
            let mut new = old.clone();
            change(&mut new);
            new.version += 1;
            new
        };
        let act = act(&self.own, &by);
        self.profiles.change(id, version, &act, change).await.unwrap()
    }

    async fn delete(&self, id: ProfileId) -> ProfileDeleted {
        let by = tenant();
        self.profiles.delete(id, None, &act(&self.own, &by)).await.unwrap()
    }
}

fn tenant() -> Requester {
    Requester::new("ada", Registrant::Tenant)
}

fn act<'a>(pin: &'a GrantPin, by: &'a Requester) -> Act<'a> {
    Act { pin, by, now: at(1000) }
}

fn done(written: ProfileWritten) -> Profile {
    match written {
        ProfileWritten::Done(profile) => *profile,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_profile_is_made_changed_and_deleted_and_each_may_be_repeated() {
    let world = World::new().await;
    let new = world.profile(1, "Sales");
    assert_eq!(done(world.create(&new).await), new);
    assert_eq!(
        world.create(&new).await,
        ProfileWritten::Unchanged(Box::new(new.clone()))
    );
    assert_eq!(world.profiles.rules(world.tenant).await.unwrap(), [new.rule()]);

    let tagged = |profile: &mut Profile| profile.assignment.include_group_tags = ["Sales".to_owned()].into();
    let changed = done(world.change(new.id, Some(1), tagged).await);
    assert_eq!(changed.version, 2);
    assert_eq!(
        world.change(new.id, Some(1), tagged).await,
        ProfileWritten::Unchanged(Box::new(changed.clone())),
        "a repeat is harmless"
    );
    let name = |profile: &mut Profile| profile.settings.name = "Other".to_owned();
    assert_eq!(world.change(new.id, Some(1), name).await, ProfileWritten::Overtaken(2));
    assert_eq!(world.profiles.rules(world.tenant).await.unwrap(), [changed.rule()]);

    assert_eq!(world.delete(new.id).await, ProfileDeleted::Assigned(Box::new(changed)));
    done(
        world
            .change(new.id, None, |profile| profile.assignment = Assignment::default())
            .await,
    );
    assert_eq!(world.delete(new.id).await, ProfileDeleted::Done);
    assert_eq!(world.delete(new.id).await, ProfileDeleted::Absent);
    assert_eq!(world.profiles.rules(world.tenant).await.unwrap(), []);
    assert_eq!(world.change(new.id, None, name).await, ProfileWritten::Absent);
}

#[tokio::test]
async fn names_are_unique_in_a_channel_and_there_is_one_default() {
    let world = World::new().await;
    let mut first = world.profile(1, "Sales");
    first.settings.is_default = true;
    done(world.create(&first).await);
    let twin = world.profile(2, "SALES");
    assert_eq!(world.create(&twin).await, ProfileWritten::NameTaken(first.id));
    let mut elsewhere = twin.clone();
    elsewhere.origin = Channel::M365Business;
    done(world.create(&elsewhere).await);
    let mut second = world.profile(3, "Lab");
    second.settings.is_default = true;
    assert_eq!(world.create(&second).await, ProfileWritten::SecondDefault(first.id));
    second.settings.is_default = false;
    done(world.create(&second).await);
    let renamed = world
        .change(second.id, None, |profile| profile.settings.name = "sales".to_owned())
        .await;
    assert_eq!(renamed, ProfileWritten::NameTaken(first.id));
    let contradicting = world
        .change(second.id, None, |profile| {
            profile.settings.skip_connectivity_check = true
        })
        .await;
    assert!(matches!(contradicting, ProfileWritten::Faults(faults) if faults[0].path == "skipConnectivityCheck"));
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_the_same_time_make_no_more_profiles_than_allowed() {
    const WRITERS: u32 = 12;
    const FREE: usize = 4;
    let world = std::sync::Arc::new(World::new().await);
    let few = u32::try_from(MAX_PROFILES - FREE).unwrap();
    for n in 0..few {
        done(world.create(&world.profile(n, &format!("Profile {n}"))).await);
    }
    let mut writers = tokio::task::JoinSet::new();
    for n in few..few + WRITERS {
        let world = world.clone();
        writers.spawn(async move { world.create(&world.profile(n, &format!("Profile {n}"))).await });
    }
    let written = writers.join_all().await;
    let made = written
        .iter()
        .filter(|one| matches!(one, ProfileWritten::Done(_)))
        .count();
    let refused = written.iter().filter(|one| **one == ProfileWritten::TooMany).count();
    assert_eq!((made, refused), (FREE, WRITERS as usize - FREE));
    assert_eq!(world.profiles.rules(world.tenant).await.unwrap().len(), MAX_PROFILES);
    let mut ids = Vec::new();
    for rule in world.profiles.rules(world.tenant).await.unwrap() {
        ids.push(rule.id);
    }
    assert_eq!(
        world.profiles.get_many(world.tenant, &ids).await.unwrap().len(),
        MAX_PROFILES
    );
}

#[tokio::test]
async fn rules_that_no_item_holds_are_refused() {
    let world = World::new().await;
    let tags = |n: u32| {
        (0..100)
            .map(|tag| format!("{n:04}-{tag:03}-{}", "x".repeat(119)))
            .collect()
    };
    for n in 0..40 {
        let mut profile = world.profile(n, &format!("Profile {n}"));
        profile.assignment.include_group_tags = tags(n);
        match world.create(&profile).await {
            ProfileWritten::Done(_) => {}
            ProfileWritten::TooLarge if n > 20 => return,
            other => panic!("{n}: {other:?}"),
        }
    }
    panic!("40 profiles with 100 long group tags each were taken");
}

#[tokio::test]
async fn devices_that_are_not_registered_are_put_on_no_list() {
    let world = World::new().await;
    let profile = world.profile(1, "Sales");
    done(world.create(&profile).await);
    let device = DeviceId::of_row(&UploadId::of_object("b", "k", "1"), 1);
    let placing = Placing {
        device,
        side: Some(Side::Include),
        moves: false,
    };
    let by = tenant();
    let placed = world
        .profiles
        .place(profile.id, &[placing], &act(&world.own, &by))
        .await
        .unwrap();
    assert_eq!(placed, Placed::Done(vec![ListOutcome::NotRegistered]));
    assert_eq!(world.profiles.lists(&[device]).await.unwrap(), BTreeMap::new());
    let twice = world
        .profiles
        .place(profile.id, &[placing, placing], &act(&world.own, &by))
        .await;
    assert!(twice.is_err());
}

#[tokio::test]
async fn a_partner_knows_profiles_of_partners_only_and_needs_consent() {
    let world = World::new().await;
    let own = world.profile(1, "Sales");
    done(world.create(&own).await);
    let by = Requester::new("bob", Registrant::Partner("contoso".parse().unwrap()));
    let mut theirs = world.profile(2, "Sales");
    theirs.origin = Channel::PartnerCenter;
    theirs.partner = by.party.partner().cloned();
    theirs.assignment.all_devices = true;
    done(world.profiles.create(&theirs, &act(&world.csp, &by)).await.unwrap());

    let rename = |old: &Profile| {
        let mut settings = old.settings.clone();
        settings.name.push('!');
        old.with_settings(settings, at(1000))
    };
    let change = async |id| {
        world
            .profiles
            .change(id, None, &act(&world.csp, &by), rename)
            .await
            .unwrap()
    };
    assert_eq!(change(own.id).await, ProfileWritten::Absent);
    assert_eq!(done(change(theirs.id).await).settings.name, "Sales!");
    let deleted = world
        .profiles
        .delete(own.id, None, &act(&world.csp, &by))
        .await
        .unwrap();
    assert_eq!(deleted, ProfileDeleted::Absent);

    let revoked = world
        .grants
        .revoke(world.tenant, by.party.partner().unwrap(), "admin", at(5))
        .await;
    revoked.unwrap().unwrap();
    assert_eq!(change(theirs.id).await, ProfileWritten::Refused);
    let third = world.profile(3, "Lab");
    let created = world.profiles.create(&third, &act(&world.csp, &by)).await.unwrap();
    assert_eq!(created, ProfileWritten::Refused);
    let rules = world.profiles.rules(world.tenant).await.unwrap();
    assert_eq!(rules.len(), 2);
    let none = explain(&Default::default(), &rules);
    assert!(
        none.chosen.is_none(),
        "a partner's profile is for all devices that partners registered"
    );
}
