//! What counts as identifying, and what does not.

use super::*;
use crate::generate::{Capture, Generator};
use crate::{HardwareHash, NetworkAdapter, Record, TextField};

fn summary<T>(records: Vec<Record>, read: impl FnOnce(Summary<'_>) -> T) -> T {
    let bytes = HardwareHash::new(records).unwrap().encode();
    read(summarise(&Envelope::parse(&bytes).unwrap().0))
}

fn text(field: TextField, text: &str) -> Record {
    Record::Text(field, text.into())
}

fn adapter(last: u8, enumerator: &str) -> Record {
    let mac = Mac([0, 0, 0x5E, 0, 0x53, last]);
    Record::NetworkAdapter(NetworkAdapter {
        medium: 14,
        mac,
        enumerator: enumerator.to_owned(),
    })
}

#[test]
fn a_summary_names_the_device() {
    let device = Generator::new(1).device(1);
    let hash = device.capture(&Capture::default());
    summary(hash.records().to_vec(), |summary| {
        let identity = summary.identity;
        assert_eq!(identity.serial.as_deref(), Some(device.serial.as_str()));
        assert_eq!(identity.manufacturer.as_deref(), Some("Contoso"));
        assert_eq!(identity.product.as_deref(), Some(device.product.as_str()));
        assert_eq!(identity.pkid, device.pkid.as_deref());
        assert_eq!(identity.uuid, Some(device.uuid));
        assert_eq!(
            identity.ek_digest,
            device.ek.map(|key| Sha256::digest(key.as_slice()).into())
        );
        assert_eq!((summary.components.macs.len(), summary.components.disks.len()), (3, 1));
    });
}

#[test]
fn the_offline_device_id_stands_in_for_the_endorsement_key() {
    let hash = Generator::new(1).device(1).capture(&Capture::default());
    let without_key: Vec<Record> = hash
        .records()
        .iter()
        .filter(|record| record.kind() != kind::ENDORSEMENT_KEY)
        .cloned()
        .collect();
    let stand_in = summary(without_key, |summary| summary.components.ek);
    assert_eq!(stand_in, hash.components().ek);
    assert!(stand_in.is_some());
    let random_seed = OfflineDeviceId {
        status: 0,
        method: 3,
        flag: 1,
        id: [9; 32],
    };
    assert_eq!(
        summary(vec![Record::OfflineDeviceId(random_seed)], |summary| summary
            .identity
            .ek_digest),
        None
    );
}

#[test]
fn placeholders_are_absent() {
    let records = vec![
        text(TextField::SerialNumber, "To Be Filled By O.E.M."),
        text(TextField::Manufacturer, "SMBIOS_STRING_INDEX_0"),
        text(TextField::ProductName, " "),
        text(TextField::ProductKeyId, "0000000000000"),
        text(TextField::BootDisk, "|Virtual Disk    |Msft    "),
        Record::Uuid(SmbiosUuid::from_wire([0xFF; 16])),
        Record::EndorsementKey(Box::new([0; 256])),
        Record::NetworkAdapter(NetworkAdapter {
            medium: 14,
            mac: Mac([0; 6]),
            enumerator: "PCI".to_owned(),
        }),
    ];
    summary(records, |summary| {
        assert_eq!(summary.components, Components::default());
        let said = Identity {
            serial: Some("To Be Filled By O.E.M.".into()),
            ..Identity::default()
        };
        assert!(summary.identity == said, "{:?}", summary.identity);
    });
}

#[test]
fn adapters_on_usb_are_left_out_and_order_does_not_matter() {
    let macs = |records| summary(records, |summary| summary.components.macs);
    let one = macs(vec![
        adapter(1, "PCI"),
        adapter(2, "BTH"),
        adapter(3, "USB"),
        adapter(1, "PCI"),
    ]);
    let other = macs(vec![adapter(2, "BTH"), adapter(1, "PCI")]);
    assert_eq!(one, other);
    assert_eq!(one.len(), 2);
}

#[test]
fn values_are_trimmed_and_invalid_utf8_is_shown_as_such() {
    let opaque = |kind, payload: &[u8]| Record::Opaque {
        kind,
        payload: payload.to_vec(),
    };
    let records = vec![
        opaque(kind::SERIAL_NUMBER, b" TEST-1 \0\0"),
        opaque(kind::MANUFACTURER, b"Conto\xFFso"),
    ];
    summary(records, |summary| {
        assert_eq!(summary.identity.serial.as_deref(), Some("TEST-1"));
        assert_eq!(summary.identity.manufacturer.as_deref(), Some("Conto\u{FFFD}so"));
    });
}

#[test]
fn of_many_adapters_the_same_ones_are_kept() {
    let adapters = |order: &mut dyn Iterator<Item = u8>| {
        summary(order.map(|last| adapter(last, "PCI")).collect(), |summary| {
            summary.components
        })
    };
    let up = adapters(&mut (0..60));
    assert_eq!(up.macs.len(), Components::MAX_MACS);
    assert_eq!(up, adapters(&mut (0..60).rev()));
}

#[test]
fn debug_output_holds_no_personal_data() {
    let hash = Generator::new(1).device(1).capture(&Capture::default());
    let shown = summary(hash.records().to_vec(), |summary| format!("{summary:?}"));
    let uuid = hash.uuid().unwrap().to_string();
    for value in ["TEST", "Contoso", &hash.pkid().unwrap(), &uuid] {
        assert!(!shown.contains(value), "{shown}");
    }
}
