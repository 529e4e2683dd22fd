//! Typed records, their names, and exact bytes.

use proptest::prelude::*;

use super::*;
use crate::Build;
use crate::generate::{Capture as Settings, Generator};

/// Made by another program, with Python's hashlib and base64.
const OTHER_ENCODER: &str = include_str!("../../fixtures/other-encoder.txt");

fn sample() -> HardwareHash {
    Generator::new(1).device(1).capture(&Settings::default())
}

#[test]
fn a_hash_of_another_encoder_is_read_and_written_the_same() {
    let (hash, repairs, findings) = HardwareHash::from_text(OTHER_ENCODER.trim().as_bytes()).unwrap();
    assert!(repairs.is_empty() && findings.is_empty());
    assert_eq!(hash.serial().as_deref(), Some("TEST-0001-ABCD"));
    assert_eq!(hash.manufacturer().as_deref(), Some("Contoso Ltd."));
    assert_eq!(hash.product().as_deref(), Some("Contoso Book 5"));
    assert_eq!(hash.pkid().as_deref(), Some("3303012345678"));
    assert_eq!(hash.uuid().unwrap().to_string(), "11223344-5566-7788-99aa-bbccddeeff00");
    assert_eq!(
        hash.macs().map(|mac| mac.to_string()).collect::<Vec<_>>(),
        ["00-00-5E-00-53-01"]
    );
    assert_eq!(
        hash.disks().map(|disk| disk.serial().into_owned()).collect::<Vec<_>>(),
        ["TEST-DISK-1"]
    );
    assert_eq!(hash.ek(), None);
    assert_eq!(hash.to_text(), OTHER_ENCODER.trim());
}

#[test]
fn a_line_break_in_the_text_is_a_repair_and_no_finding() {
    let (_, repairs, findings) = HardwareHash::from_text(OTHER_ENCODER.as_bytes()).unwrap();
    assert_eq!(repairs.iter().collect::<Vec<_>>(), [text::Repair::Whitespace]);
    assert!(findings.is_empty());
}

#[test]
fn every_known_record_type_is_typed() {
    let docked = Settings {
        docked: true,
        ..Settings::default()
    };
    let hash = Generator::new(1).device(1).capture(&docked);
    let decoded = HardwareHash::decode(&hash.encode()).unwrap();
    let opaque: Vec<u16> = decoded
        .hash
        .records()
        .iter()
        .filter(|record| matches!(record, Record::Opaque { .. }))
        .map(Record::kind)
        .collect();
    assert_eq!(opaque, [35]);
    assert_eq!(decoded.hash, hash);
    let mut kinds: Vec<u16> = hash.records().iter().map(Record::kind).collect();
    kinds.dedup();
    let order = [
        1, 2, 34, 5, 3, 4, 6, 7, 8, 9, 27, 10, 13, 25, 11, 12, 14, 15, 16, 17, 18, 19, 23, 20, 21, 22, 24, 26, 28, 29,
        30, 35, 37,
    ];
    assert_eq!(kinds, order);
}

#[test]
fn time_is_read_without_an_added_hour_and_odd_zones_are_shown_as_read() {
    let mut settings = Settings {
        time: 789_004_800,
        zone: 8,
        ..Settings::default()
    };
    let device = Generator::new(1).device(1);
    let capture = device.capture(&settings).capture().unwrap();
    assert_eq!(capture.at().to_string(), "2025-01-01T00:00:00Z");
    assert_eq!(capture.local_time(), "2025-01-01T02:00:00+02:00");
    settings.zone = -14;
    assert_eq!(
        device.capture(&settings).capture().unwrap().local_time(),
        "2024-12-31T20:30:00-03:30"
    );
    settings.zone = 0x78;
    assert_eq!(
        device.capture(&settings).capture().unwrap().local_time(),
        "2025-01-02T06:00:00+30:00"
    );
    settings.time = u32::MAX;
    assert_eq!(
        device.capture(&settings).captured_at().unwrap().to_string(),
        "2136-02-07T06:28:15Z"
    );
}

#[test]
fn fields_have_the_names_of_oa3tool() {
    let fields = sample().fields();
    let short = |value: &str| value.chars().take(64).collect::<String>();
    let table: Vec<String> = fields
        .iter()
        .map(|field| format!("{} = {}", field.name, short(&field.value)))
        .collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    ToolVersion = 9
    ToolBuild = 10.0.26100.1
    OSType = FullOS
    OsCpuArchitecture = x64
    OsBuild = 10.0.26100.1
    OsSystemTime = 2025-01-01T00:00:00Z
    OsLocalTime = 2025-01-01T00:00:00+00:00
    ProcessorArchitecture = x64
    ProcessorPackages = 1
    ProcessorThreads = 12
    ProcessorCores = 10
    ProcessorHyperThreading = 1
    ProcessorCoreClasses = 1: 2 cores, 4 threads; 0: 8 cores, 8 threads
    SmbiosRamArrayCount = 1
    SmbiosRamSlots = 2
    SmbiosRamErrorCorrection = None
    SmbiosRamMaximumCapacity = 64
    TotalPhysicalRAM = 16
    ProcessorManufacturer = GenuineIntel
    ProcessorModel = Contoso Synthetic CPU @ 2.00GHz
    Disk1.DiskType = NVMe
    Disk1.DiskCapacity = 512
    Disk1.StorageBusType = NVMe
    Disk1.TrimEnabled = 1
    Disk1.DiskSerialNumber = TEST-DISK-98024B1F6CCEE9E2
    Disk1.DiskModel = CONTOSO SSD 512
    Network1.PhysicalMedium = 802_3
    Network1.MacAddress = 02-DC-EA-13-B1-7B
    Network1.Enumerator = PCI
    Network2.PhysicalMedium = Native802_11
    Network2.MacAddress = 02-7B-36-C6-C7-02
    Network2.Enumerator = PCI
    Network3.PhysicalMedium = Bluetooth
    Network3.MacAddress = 02-19-83-79-DC-89
    Network3.Enumerator = BTH
    Display1.DisplayResolutionHorizontal = 1920
    Display1.DisplayResolutionVertical = 1080
    Display1.DisplaySizePhysicalH = 309
    Display1.DisplaySizePhysicalY = 174
    Display1.OutputTechnology = Internal
    Display1.EdidSize = 30x17 cm
    ChassisType = 0x0A
    PowerPlatformRole = Mobile
    OpticalDrive = 0
    DigitizerSupportID = 0x00
    TPMVersion = TPM-Version:2.0 -Level:0-Revision:1.38-VendorID:'CTSO'-Firmware:
    EkPubHash = 75e049e93d4cb18fb4ffc3e1409d1baf6467b41b0969ddbead5ee6d32af37429
    TpmEkPub = 9260efd2d2078bef8182eade97e4df1b4b4f847d1e996204a74b40fb29808b4e
    OfflineDeviceIdType = TPM_EK
    OfflineDeviceId = 75e049e93d4cb18fb4ffc3e1409d1baf6467b41b0969ddbead5ee6d32af37429
    SmbiosUuid = cff19100-3744-4ed3-ae57-a3a974d5f617
    SmbiosSystemSerialNumber = TEST-1-0000001
    SmbiosFirmwareVendor = Contoso
    SmbiosSystemManufacturer = Contoso
    SmbiosSystemProductName = Contoso Book 7
    SmbiosSkuNumber = CTSO-2025
    SmbiosSystemFamily = Contoso Book
    SmbiosSystemVersion = 1.0
    SmbiosBoardManufacturer = Contoso
    SmbiosBoardProduct = CB-1
    SmbiosBoardVersion = A1
    ProductKeyID = 8431373991427
    ProductKeyPkPn = [TH]X00-00000
    DiskSSNKernel = TEST-DISK-98024B1F6CCEE9E2|CONTOSO SSD 512|
    Gpu1.DedicatedVideoMemory = 134217728
    Gpu1.DedicatedSystemMemory = 0
    Gpu1.Name = Contoso|Contoso Graphics
    Record35 = 02fc00
    LicensingHwid = 2800000028000000010000000100000001000000010000000100010010000100
    ");
}

#[test]
fn json_is_a_map_of_the_fields_in_order() {
    let json = serde_json::to_string(&sample()).unwrap();
    assert!(
        json.starts_with(r#"{"ToolVersion":"9","ToolBuild":"10.0.26100.1","OSType":"FullOS""#),
        "{json}"
    );
    let map: std::collections::HashMap<String, String> = serde_json::from_str(&json).unwrap();
    assert_eq!(map.len(), sample().fields().len());
    assert_eq!(map["SmbiosSystemSerialNumber"], "TEST-1-0000001");
}

#[test]
fn payloads_that_do_not_fit_their_type_stay_opaque() {
    let raw: &[(u16, &[u8])] = &[
        (1, b"short"),
        (2, &[1; 12]),
        (4, &[b'x'; 49]),
        (8, &[0; 13]),
        (11, &[7; 42]),
        (12, &[0; 15]),
        (14, b"no NUL at the end"),
        (25, &[1; 255]),
        (30, &[0x00, 0xD8]),
        (34, &[3, 0]),
        (37, &[9; 40]),
        (999, b"of an unknown type"),
    ];
    for (kind, payload) in raw {
        let record = Record::read(crate::RawRecord { kind: *kind, payload });
        assert_eq!(
            record,
            Record::Opaque {
                kind: *kind,
                payload: payload.to_vec()
            }
        );
    }
}

#[test]
fn a_serial_number_without_its_nul_is_still_found() {
    let hash = HardwareHash::new(vec![Record::Opaque {
        kind: kind::SERIAL_NUMBER,
        payload: b"TEST-1".to_vec(),
    }])
    .unwrap();
    assert_eq!(hash.serial().as_deref(), Some("TEST-1"));
}

#[test]
fn records_that_do_not_fit_into_3000_bytes_are_refused() {
    let of = |length| {
        HardwareHash::new(vec![Record::Opaque {
            kind: 99,
            payload: vec![1; length],
        }])
    };
    assert_eq!(of(2956).map(|hash| hash.encode().len()), Ok(3000));
    let error = of(2957).unwrap_err();
    assert_eq!(error.bytes, 2961);
    insta::assert_snapshot!(error, @"the records take 2961 bytes, a hash has room for 2960; leave some out");
    assert_eq!(of(70_000).unwrap_err().bytes, 70_004);
}

#[test]
fn debug_output_holds_no_personal_data() {
    let build = Build {
        major: 10,
        minor: 0,
        build: 26100,
        revision: 1,
    };
    assert_eq!(build.to_string(), "10.0.26100.1");
    let decoded = HardwareHash::decode(&sample().encode()).unwrap();
    assert!(!format!("{decoded:?}").contains("TEST"), "{decoded:?}");
}

/// A valid hash with some bytes changed and perhaps cut.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((0..1400_usize, any::<u8>()), 0..6);
    (0..50_u64, edits, prop::option::of(40..3100_usize)).prop_map(|(n, edits, length)| {
        let mut bytes = Generator::new(2).device(n).capture(&Settings::default()).encode();
        edits.into_iter().for_each(|(at, byte)| bytes[at] = byte);
        bytes.resize(length.unwrap_or(bytes.len()), 0xAB);
        bytes
    })
}

/// Header and records with random types and lengths, payloads that often look like the type's.
fn composed() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        "[A-Z|]{0,20}".prop_map(|text| [text.as_bytes(), &[0]].concat()),
        Just(vec![0; 48]),
    ];
    prop::collection::vec((0..40_u16, payload), 1..12).prop_map(|records| {
        let mut body: Vec<u8> = Vec::new();
        for (kind, payload) in records {
            body.extend(kind.to_le_bytes());
            body.extend(u16::try_from(payload.len() + 4).unwrap().to_le_bytes());
            body.extend(payload);
        }
        let total = u16::try_from(body.len() + 4).unwrap();
        [b"OA".as_slice(), &total.to_le_bytes(), &body, &[0; 40]].concat()
    })
}

proptest! {
    #[test]
    fn what_decodes_encodes_to_the_same_bytes(bytes in prop_oneof![mutated(), composed()]) {
        if let Ok(decoded) = HardwareHash::decode(&bytes) {
            prop_assert_eq!(decoded.hash.encode(), bytes);
        }
    }

    #[test]
    fn reading_never_panics_and_names_are_unique(bytes in prop_oneof![mutated(), composed()]) {
        if let Ok(Decoded { hash, findings }) = HardwareHash::decode(&bytes) {
            let mut names: Vec<_> = hash.fields().into_iter().map(|field| field.name).collect();
            let all = names.len();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), all);
            let (envelope, again) = Envelope::parse(&bytes).unwrap();
            prop_assert_eq!(findings, again);
            prop_assert_eq!(Components::of(&envelope), hash.components());
            let _ = (hash.serial(), hash.uuid(), hash.ek(), hash.macs().count(), hash.disks().count(), hash.captured_at());
        }
    }

    #[test]
    fn arbitrary_bytes_behind_the_mark_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 40..600)) {
        bytes[..2].copy_from_slice(b"OA");
        bytes[3] = 0;
        if let Ok(decoded) = HardwareHash::decode(&bytes) {
            let _ = (decoded.hash.fields(), decoded.hash.components());
            prop_assert_eq!(decoded.hash.encode(), bytes);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = (HardwareHash::decode(&bytes), HardwareHash::from_text(&bytes), Components::from_bytes(&bytes));
    }
}
