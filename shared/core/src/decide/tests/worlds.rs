//! What holds whatever was registered before, by whom and in which order.

use std::collections::HashMap;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// A row or a release, in numbers that a test run can shrink.
#[derive(Debug, Clone)]
enum Step {
    Row(RowStep),
    Release(usize),
}

#[derive(Debug, Clone)]
struct RowStep {
    upload: u64,
    tenant: u128,
    partner: bool,
    keep: bool,
    default_tag: bool,
    keys: Vec<(u8, u8)>,
    hardware: Option<usize>,
    tag: Option<u8>,
    user: Option<u8>,
}

fn a_row() -> impl Strategy<Value = RowStep> {
    let keys = prop::collection::vec((0u8..4, 0u8..3), 1..4);
    let who = (0u64..4, prop_oneof![4 => Just(1u128), 1 => Just(2)], any::<bool>());
    let how = (
        any::<bool>(),
        any::<bool>(),
        prop::option::of(0u8..2),
        prop::option::of(0u8..2),
    );
    (who, how, keys, prop::option::of(0..HARDWARE.len())).prop_map(|(who, how, keys, hardware)| RowStep {
        upload: who.0,
        tenant: who.1,
        partner: who.2,
        keep: how.0,
        default_tag: how.1,
        tag: how.2,
        user: how.3,
        keys,
        hardware,
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![8 => a_row().prop_map(Step::Row), 1 => (0usize..8).prop_map(Step::Release)];
    prop::collection::vec(step, 1..24)
}

/// Devices and what becomes of them: new disks match, new boards are vetoed.
static HARDWARE: LazyLock<Vec<Components>> = LazyLock::new(|| {
    let devices = (0..3).map(|n| Generator::new(7).device(n));
    let variants = devices.flat_map(|d| {
        let bare = d.clone().without_tpm();
        [
            d.clone(),
            d.clone().with_new_disk(1),
            d.with_new_board(1, Rewritten::SerialAndUuid),
            bare,
        ]
    });
    variants
        .map(|d| Components::from(&d.capture(&Capture::default())))
        .collect()
});

fn key((kind, number): (u8, u8)) -> IdentityKey {
    match kind {
        0 => IdentityKey::endorsement_key(&[number; 32]),
        1 => IdentityKey::pkid(&format!("{:013}", number + 1).parse().unwrap()),
        2 => IdentityKey::tuple("Contoso", "Book 5", &number.to_string()),
        _ => IdentityKey::smbios_uuid(&[number; 16]),
    }
}

/// What the store holds: all devices that ever were.
#[derive(Default)]
struct World {
    devices: Vec<Device>,
    rows: u64,
}

impl World {
    fn registered(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(|d| d.state == DeviceState::Registered)
    }

    /// As the store answers: the devices whose claims a row meets. Retired ones are thrown in; they must not matter.
    fn holders(&self, record: &Record) -> Vec<Device> {
        self.devices
            .iter()
            .filter(|d| d.keys.iter().any(|k| record.keys.contains(k)))
            .cloned()
            .collect()
    }

    /// As the store carries a decision out.
    fn apply(&mut self, decision: &Decision) {
        match decision {
            Decision::Leave(_) => {}
            Decision::Insert(device) => self.devices.push((**device).clone()),
            Decision::Mark(marking) => {
                for device in self.devices.iter_mut().filter(|device| device.id == marking.device.id) {
                    *device = marking.device.clone();
                }
            }
            Decision::Update(change) => {
                for device in &mut self.devices {
                    if device.id == change.device.id {
                        *device = change.device.clone();
                    } else if change.absorbed.iter().any(|a| a.id == device.id) {
                        device.state = DeviceState::Merged;
                        device.merged_into = Some(change.device.id);
                    }
                }
            }
        }
    }

    fn row(&mut self, step: &RowStep) -> (Record, Hand) {
        self.rows += 1;
        let mut keys: Vec<IdentityKey> = step.keys.iter().copied().map(key).collect();
        keys.sort_unstable();
        keys.dedup();
        let record = Record {
            place: Place {
                row: self.rows,
                line: self.rows + 1,
                offset: 0,
                len: 0,
            },
            serial: None,
            manufacturer: None,
            model: None,
            pkid: None,
            group_tag: step.tag.map(|t| format!("tag {t}")),
            assigned_user: step.user.map(|u| format!("{u}@contoso.com")),
            keys,
            components: step.hardware.map(|at| HARDWARE[at].clone()),
            notices: vec![],
        };
        let mut hand = Hand::new(step.upload);
        // An upload has one tenant and one registrant.
        hand.upload = upload(step.upload * 4 + u64::from(step.tenant == 2) * 2 + u64::from(step.partner));
        hand.tenant = tenant(step.tenant);
        hand.registrant = if step.partner { partner() } else { Registrant::Tenant };
        hand.on_conflict = if step.keep {
            OnConflict::Keep
        } else {
            OnConflict::Update
        };
        hand.group_tag = step.default_tag.then_some("from the upload");
        (record, hand)
    }
}

fn check(world: &World, record: &Record, hand: &Hand, decision: &Decision) -> Result<(), TestCaseError> {
    let holders: Vec<&Device> = world
        .registered()
        .filter(|d| d.keys.iter().any(|k| record.keys.contains(k)))
        .collect();
    let foreign = holders.iter().any(|d| d.tenant != hand.tenant);
    match decision {
        Decision::Insert(device) => {
            prop_assert!(holders.is_empty(), "a key has one holder at most");
            prop_assert_eq!(device.tenant, hand.tenant);
        }
        Decision::Leave(left) => {
            prop_assert!(!holders.is_empty(), "what nobody holds is registered");
            prop_assert_eq!(foreign, left.outcome == Outcome::OwnedByOtherTenant);
            let seen = left.device.and_then(|id| holders.iter().find(|d| d.id == id));
            prop_assert_eq!(left.device.is_some(), seen.is_some());
            if let Some(seen) = seen {
                prop_assert_eq!(seen.tenant, hand.tenant);
                prop_assert!(hand.registrant == Registrant::Tenant || seen.registrant != Registrant::Tenant);
            }
            prop_assert_eq!(left.outcome == Outcome::Ambiguous, left.detail.is_some());
            prop_assert_eq!(left.outcome == Outcome::DuplicateInUpload, left.other.is_some());
        }
        Decision::Mark(marking) => {
            let seen = holders.iter().find(|d| d.id == marking.device.id);
            let seen = seen.ok_or_else(|| TestCaseError::fail("what is marked is a holder"))?;
            prop_assert!(!foreign, "nothing of another tenant is touched");
            prop_assert!(hand.registrant == Registrant::Tenant || seen.registrant != Registrant::Tenant);
            let only_marked = Device {
                version: seen.version + 1,
                changed_at: hand.now,
                remediation: marking.device.remediation.clone(),
                ..(*seen).clone()
            };
            prop_assert_eq!(&marking.device, &only_marked);
            prop_assert!(marking.device.remediation.as_ref().is_some_and(Remediation::is_open));
            prop_assert_eq!(&marking.before, *seen);
        }
        Decision::Update(change) => {
            prop_assert!(change.freed_keys.is_empty(), "these channels take no board over");
            let seen = holders.iter().find(|d| d.id == change.device.id);
            let seen = seen.ok_or_else(|| TestCaseError::fail("an update is of a holder"))?;
            prop_assert!(!foreign, "nothing of another tenant is touched");
            prop_assert_eq!(
                (change.device.version, change.device.tenant),
                (seen.version + 1, seen.tenant)
            );
            prop_assert_eq!(
                change.device.registered_at,
                holders.iter().map(|d| d.registered_at).min().unwrap()
            );
            prop_assert!(
                hand.registrant == Registrant::Tenant || holders.iter().all(|d| d.registrant != Registrant::Tenant)
            );
            for new in &change.new_keys {
                prop_assert!(
                    world.registered().all(|d| !d.keys.contains(new)),
                    "a new key is held by nobody"
                );
            }
            prop_assert_eq!(change.absorbed.len() + 1, holders.len());
            let mut united: Vec<IdentityKey> = holders
                .iter()
                .flat_map(|d| d.keys.iter().copied())
                .chain(change.new_keys.iter().copied())
                .collect();
            united.sort_unstable();
            prop_assert_eq!(&united, &change.device.keys, "every key once, none lost");
            prop_assert!(record.keys.iter().all(|k| united.contains(k)));
            if let Some(row) = &change.duplicate_of {
                prop_assert!(row.upload == hand.upload && row.place.row != record.place.row);
                prop_assert_eq!(change.device.last_source(), row);
                let known = |of: fn(&Device) -> &Option<String>| {
                    let after = of(&change.device);
                    after == of(seen) || (of(seen).is_none() && change.absorbed.iter().any(|d| of(d) == after))
                };
                prop_assert!(
                    known(|d| &d.group_tag) && known(|d| &d.assigned_user),
                    "it sets neither"
                );
            }
            let kept = |before: &Option<String>, after: &Option<String>| before.is_none() || after.is_some();
            prop_assert!(
                kept(&seen.group_tag, &change.device.group_tag)
                    && kept(&seen.assigned_user, &change.device.assigned_user)
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_history_of_rows_and_releases_breaks_the_rules(steps in steps()) {
        let mut world = World::default();
        for step in steps {
            match step {
                Step::Release(at) => {
                    if let Some(device) = world.devices.get_mut(at) {
                        device.state = DeviceState::Released;
                    }
                }
                Step::Row(step) => {
                    let (record, hand) = world.row(&step);
                    let decision = hand.decide(&record, &world.holders(&record));
                    check(&world, &record, &hand, &decision)?;
                    world.apply(&decision);
                    let mut holders: HashMap<IdentityKey, DeviceId> = HashMap::new();
                    for device in world.registered() {
                        for key in &device.keys {
                            prop_assert_eq!(holders.insert(*key, device.id), None, "one holder for each key");
                        }
                    }

                    let again = hand.decide(&record, &world.holders(&record));
                    let expected = match &decision {
                        Decision::Leave(_) => decision.clone(),
                        Decision::Insert(device) => leave(Outcome::Unchanged, device.id),
                        Decision::Mark(marking) => ambiguous(marking.detail.clone()),
                        Decision::Update(change) => match &change.duplicate_of {
                            None => leave(Outcome::Unchanged, change.device.id),
                            Some(row) => Decision::Leave(Left {
                                outcome: Outcome::DuplicateInUpload,
                                device: Some(change.device.id),
                                other: Some(row.clone()),
                                detail: None,
                            }),
                        },
                    };
                    prop_assert_eq!(again, expected, "what is done twice is done once");
                }
            }
        }
    }

    #[test]
    fn the_order_of_holders_does_not_matter(steps in prop::collection::vec(a_row(), 2..12)) {
        let mut world = World::default();
        for step in steps {
            let (record, hand) = world.row(&step);
            let mut holders = world.holders(&record);
            let decision = hand.decide(&record, &holders);
            holders.reverse();
            prop_assert_eq!(&hand.decide(&record, &holders), &decision);
            world.apply(&decision);
        }
    }
}
