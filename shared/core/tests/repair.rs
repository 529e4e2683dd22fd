//! The table of repairs, row by row, and that `docs/repair.md` says the same.

#![cfg(test)]

use hardware_hash::generate::{Capture, Generator, Rewritten, SyntheticDevice};
use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::decide::{Decision, decide};
use muster_core::device::{Device, DeviceState, RowContext};
use muster_core::id::{TenantId, UploadId};
use muster_core::inbox::OnConflict;
use muster_core::party::Registrant;
use muster_core::record::Record;
use muster_core::repair::{self, RemediationState, read_capture};

const DOC: &str = include_str!("../../../docs/repair.md");

/// A repair: what the device is before and after it, and what became of the device that the parts came from.
struct Case {
    repair: &'static str,
    /// What the field says: Microsoft Learn, "Windows Autopilot motherboard replacement".
    microsoft: &'static str,
    before: fn(SyntheticDevice) -> SyntheticDevice,
    after: fn(SyntheticDevice, &SyntheticDevice) -> SyntheticDevice,
    donor: Donor,
    tenant: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Donor {
    NeverRegistered,
    Registered,
    Released,
}

const OWNER: &str = "Fabrikam";

const CASES: [Case; 21] = [
    case(
        "board, with TPM and the only network adapter",
        "yes",
        one_adapter,
        |d, _| new_board(d),
    ),
    case(
        "board; a second network card stays",
        "no: addresses are ambiguous",
        |d| one_adapter(d).with_second_nic(1),
        |d, _| new_board(d),
    ),
    case("board; network card, disk and Wi-Fi stay", "yes", same, |d, _| {
        let macs = d.macs.clone();
        let mut repaired = new_board(d);
        repaired.macs = macs;
        repaired
    }),
    case("board, disk and Wi-Fi", "yes", same, |d, _| {
        new_board(d).with_new_disk(1).with_new_wifi(1)
    }),
    case(
        "board of a device that was never registered",
        "yes",
        one_adapter,
        |d, donor| d.with_board_of(donor, Rewritten::Serial),
    ),
    Case {
        donor: Donor::Registered,
        ..case(
            "board of a registered device",
            "yes, once both are released",
            one_adapter,
            |d, donor| d.with_board_of(donor, Rewritten::Serial),
        )
    },
    Case {
        donor: Donor::Released,
        ..case(
            "board of a device that was released",
            "yes, once both are released",
            one_adapter,
            |d, donor| d.with_board_of(donor, Rewritten::Serial),
        )
    },
    case("board without TPM", "yes, user-driven only", one_adapter, |d, _| {
        new_board(d).without_tpm()
    }),
    case("new product key (DPK) in the old board", "yes", same, |d, _| {
        d.with_new_product_key(1)
    }),
    case("board with a repair product key (RDPK)", "yes", one_adapter, |d, _| {
        new_board(d).with_new_product_key(2)
    }),
    case("board without product key", "no", one_adapter, |d, _| {
        new_board(d).without_product_key()
    }),
    case("board whose firmware was not written", "no", one_adapter, |d, _| {
        d.with_new_board(1, Rewritten::Nothing)
    }),
    case(
        "board whose firmware has no serial number",
        "no",
        one_adapter,
        |d, _| {
            let mut repaired = new_board(d);
            repaired.serial = String::new();
            repaired
        },
    ),
    case(
        "network card of another make swapped",
        "no",
        |d| d.with_second_nic(1),
        |mut d, _| {
            d.macs.pop();
            d.with_second_nic(2)
        },
    ),
    case("none: reimaged and not released, for its tenant", "yes", same, |d, _| d),
    Case {
        tenant: "Tailspin",
        ..case(
            "none: reimaged and not released, for another tenant",
            "no",
            same,
            |d, _| d,
        )
    },
    case(
        "disk of a device that was never registered",
        "nothing to do",
        same,
        |mut d, donor| {
            d.disk.clone_from(&donor.disk);
            d
        },
    ),
    Case {
        donor: Donor::Registered,
        ..case(
            "disk of a registered device",
            "once that one is released",
            same,
            |mut d, donor| {
                d.disk.clone_from(&donor.disk);
                d
            },
        )
    },
    Case {
        donor: Donor::Released,
        ..case("disk of a device that was released", "yes", same, |mut d, donor| {
            d.disk.clone_from(&donor.disk);
            d
        })
    },
    case(
        "memory, graphics adapter, and what no hash shows: power supply, card reader, sound, microphone, webcam, fan, heat sink, CMOS battery",
        "nothing to do",
        same,
        |d, _| d.with_memory(64).with_graphics("Contoso Graphics 2"),
    ),
    case("TPM alone, or reset", "another device", same, |d, _| d.with_new_tpm(1)),
];

const fn case(
    repair: &'static str,
    microsoft: &'static str,
    before: fn(SyntheticDevice) -> SyntheticDevice,
    after: fn(SyntheticDevice, &SyntheticDevice) -> SyntheticDevice,
) -> Case {
    Case {
        repair,
        microsoft,
        before,
        after,
        donor: Donor::NeverRegistered,
        tenant: OWNER,
    }
}

fn same(device: SyntheticDevice) -> SyntheticDevice {
    device
}

fn one_adapter(mut device: SyntheticDevice) -> SyntheticDevice {
    device.macs.truncate(1);
    device
}

/// As a repair shop does it: the serial number is written into the firmware, the UUID is not.
fn new_board(device: SyntheticDevice) -> SyntheticDevice {
    device.with_new_board(1, Rewritten::Serial)
}

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + hour * 3600).unwrap()
}

fn hash(device: &SyntheticDevice, time: u32) -> Result<Record, String> {
    let capture = Capture {
        time,
        ..Capture::default()
    };
    read_capture(&device.capture(&capture).to_text()).map_err(|faults| faults[0].outcome.to_string())
}

/// All devices, as the store holds them.
struct World(Vec<Device>);

impl World {
    fn decide(&self, hour: i64, tenant: &str, record: &Record) -> Decision {
        let holds = |device: &&Device| device.keys.iter().any(|key| record.keys.contains(key));
        let holders: Vec<Device> = self.0.iter().filter(holds).cloned().collect();
        let context = RowContext {
            upload: &UploadId::of_object("uploads", "list.csv", &hour.to_string()),
            tenant: TenantId::of_name(tenant),
            registrant: &Registrant::Tenant,
            channel: Channel::Intune,
            group_tag: None,
            on_conflict: OnConflict::Update,
            now: at(hour),
        };
        decide(record, &context, &holders)
    }

    fn register(&mut self, hour: i64, device: &SyntheticDevice) -> usize {
        match self.decide(hour, OWNER, &hash(device, 1).unwrap()) {
            Decision::Insert(device) => self.0.push(*device),
            other => panic!("{other:?}"),
        }
        self.0.len() - 1
    }

    /// What the next list with the new hash is answered, and what the device needs then.
    fn upload(&self, tenant: &str, device: usize, record: &Record) -> String {
        match self.decide(9, tenant, record) {
            Decision::Insert(new) => {
                assert_ne!(new.id, self.0[device].id);
                "`registered`, as another device".to_owned()
            }
            Decision::Leave(left) => format!("`{}`", left.outcome),
            Decision::Update(change) => {
                assert_eq!((change.device.id, change.absorbed.len()), (self.0[device].id, 0));
                assert!(change.device.remediation.is_none());
                "`updated`".to_owned()
            }
            Decision::Mark(marking) => {
                assert_eq!(marking.device.id, self.0[device].id);
                let needs = repair::current(&marking.device, None).state;
                assert_eq!(needs, RemediationState::ManualRemediationRequired);
                "`ambiguous`, and attention required".to_owned()
            }
        }
    }

    /// What a rebind of the device to the new hash is answered.
    fn rebind(&self, tenant: &str, device: usize, record: &Record) -> String {
        let old = &self.0[device];
        if old.tenant != TenantId::of_name(tenant) {
            return "not found".to_owned();
        }
        let rebinding = match repair::rebind(old, record, at(10)) {
            Ok(rebinding) => rebinding,
            Err(misfit) => return format!("refused: `{}`", misfit.code()),
        };
        let held = |other: &&Device| other.keys.iter().any(|key| rebinding.new_keys.contains(key));
        let mut others = self
            .0
            .iter()
            .filter(|other| other.id != old.id && other.state == DeviceState::Registered);
        if others.any(|other| held(&other)) {
            return "refused: `held-by-other-device`, which is named".to_owned();
        }
        let again = repair::rebind(&rebinding.device, record, at(11)).unwrap();
        assert_eq!(again.device, rebinding.device, "what is done twice is done once");
        assert!(again.new_keys.is_empty() && again.freed_keys.is_empty());
        if rebinding.device == *old {
            return "nothing to change".to_owned();
        }
        assert_eq!((rebinding.device.id, rebinding.device.tenant), (old.id, old.tenant));
        assert!(record.keys.iter().all(|key| rebinding.device.keys.contains(key)));
        let notices: Vec<String> = rebinding
            .notices
            .iter()
            .map(|notice| format!("`{}`", notice.code()))
            .collect();
        if notices.is_empty() {
            "done".to_owned()
        } else {
            format!("done, with a notice: {}", notices.join(", "))
        }
    }
}

#[test]
fn the_table_of_repairs_is_current() {
    let mut table =
        "| what was replaced | supported by Microsoft | the next list with the new hash | a rebind to it |\n"
            .to_owned();
    table += "| --- | --- | --- | --- |\n";
    for case in &CASES {
        let donor = Generator::new(5).device(2);
        let before = (case.before)(Generator::new(5).device(1));
        let after = (case.after)(before.clone(), &donor);
        let mut world = World(Vec::new());
        if case.donor != Donor::NeverRegistered {
            let donor = world.register(1, &donor);
            if case.donor == Donor::Released {
                world.0[donor].state = DeviceState::Released;
            }
        }
        let device = world.register(2, &before);
        let (upload, rebind) = match hash(&after, 900) {
            Ok(record) => (
                world.upload(case.tenant, device, &record),
                world.rebind(case.tenant, device, &record),
            ),
            Err(outcome) => (format!("`{outcome}`"), format!("refused: `{outcome}`")),
        };
        table += &format!("| {} | {} | {upload} | {rebind} |\n", case.repair, case.microsoft);
    }
    let rows = DOC
        .lines()
        .skip_while(|line| !line.starts_with("| what was replaced"))
        .take_while(|line| line.starts_with('|'));
    let told: String = rows.map(|row| format!("{row}\n")).collect();
    assert!(told == table, "docs/repair.md must hold this table:\n\n{table}");
}
