//! A hash as names and values, for people and for JSON.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::envelope::checksum;
use crate::{Capture, HardwareHash, Memory, Processors, Record, kind, names};

/// One value of a hash under its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name that oa3tool's report uses where that is known, else one in the same style.
    /// Unique within a hash; parts that may repeat are numbered, such as `Disk1.DiskType`.
    pub name: Cow<'static, str>,
    /// The value in words or digits.
    pub value: String,
}

impl HardwareHash {
    /// Every value of every record, in the order of the hash.
    ///
    /// Records without known meaning are given as `Record<type>` in hexadecimal digits.
    pub fn fields(&self) -> Vec<Field> {
        let mut list = List::default();
        self.records().iter().for_each(|record| list.add_record(record));
        list.fields
    }
}

#[derive(Default)]
struct List {
    fields: Vec<Field>,
    parts: HashMap<u16, usize>,
    names: HashMap<Cow<'static, str>, usize>,
}

impl List {
    /// Adds a value. A name that is taken, as when a record that should not repeat does, gets a number.
    fn add(&mut self, name: impl Into<Cow<'static, str>>, value: impl ToString) {
        let name = name.into();
        let times = self.names.entry(name.clone()).or_default();
        *times += 1;
        let name = if *times == 1 {
            name
        } else {
            Cow::Owned(format!("{name}#{times}"))
        };
        self.fields.push(Field {
            name,
            value: value.to_string(),
        });
    }

    fn add_record(&mut self, record: &Record) {
        let part = self.parts.entry(record.kind()).or_default();
        *part += 1;
        let n = *part;
        match record {
            Record::Capture(capture) => self.add_capture(capture),
            Record::Processors(processors) => self.add_processors(processors),
            Record::ProcessorModel(model) => self.add("ProcessorModel", model),
            Record::Memory(memory) => self.add_memory(memory),
            Record::Disk(disk) => {
                self.add(
                    format!("Disk{n}.DiskType"),
                    names::disk_type(disk.bus, disk.seek_penalty),
                );
                self.add(format!("Disk{n}.DiskCapacity"), disk.capacity_gb);
                self.add(format!("Disk{n}.StorageBusType"), names::storage_bus(disk.bus));
                self.add(format!("Disk{n}.TrimEnabled"), disk.trim);
            }
            Record::DiskIdentity(identity) => {
                self.add(format!("Disk{n}.DiskSerialNumber"), identity.serial());
                self.add(format!("Disk{n}.DiskModel"), identity.model());
            }
            Record::NetworkAdapter(adapter) => {
                self.add(
                    format!("Network{n}.PhysicalMedium"),
                    names::physical_medium(adapter.medium),
                );
                self.add(format!("Network{n}.MacAddress"), adapter.mac);
                self.add(format!("Network{n}.Enumerator"), &adapter.enumerator);
            }
            Record::DisplayMode(mode) => {
                self.add(format!("Display{n}.DisplayResolutionHorizontal"), mode.width_px);
                self.add(format!("Display{n}.DisplayResolutionVertical"), mode.height_px);
                self.add(format!("Display{n}.DisplaySizePhysicalH"), mode.width_mm);
                self.add(format!("Display{n}.DisplaySizePhysicalY"), mode.height_mm);
                self.add(
                    format!("Display{n}.OutputTechnology"),
                    names::output_technology(mode.technology),
                );
            }
            Record::DisplaySize(size) => {
                self.add(
                    format!("Display{n}.EdidSize"),
                    format!("{}x{} cm", size.width_cm, size.height_cm),
                );
            }
            Record::Chassis(chassis) => {
                self.add("ChassisType", format!("0x{:02X}", chassis.chassis_type));
                self.add("PowerPlatformRole", names::power_role(chassis.power_role));
                self.add("OpticalDrive", chassis.optical_drive);
                self.add("DigitizerSupportID", format!("0x{:02X}", chassis.digitizer));
            }
            Record::OfflineDeviceId(id) => {
                self.add("OfflineDeviceIdType", names::offline_id_method(id.method));
                self.add("OfflineDeviceId", hex(&id.id));
            }
            Record::Uuid(uuid) => self.add("SmbiosUuid", uuid),
            Record::EndorsementKey(modulus) => {
                self.add("EkPubHash", hex(&checksum(modulus.as_slice())));
                self.add("TpmEkPub", hex(modulus.as_slice()));
            }
            Record::GpuMemory(memory) => {
                self.add(format!("Gpu{n}.DedicatedVideoMemory"), memory.dedicated_video);
                self.add(format!("Gpu{n}.DedicatedSystemMemory"), memory.dedicated_system);
            }
            Record::GpuName(name) => self.add(format!("Gpu{n}.Name"), name),
            Record::CoreClasses(classes) => {
                let class =
                    |c: &crate::CoreClass| format!("{}: {} cores, {} threads", c.efficiency, c.cores, c.threads);
                self.add(
                    "ProcessorCoreClasses",
                    classes.iter().map(class).collect::<Vec<_>>().join("; "),
                );
            }
            Record::LicensingId(_) => {
                let mut payload = Vec::new();
                record.write_payload(&mut payload);
                self.add("LicensingHwid", hex(&payload));
            }
            Record::Text(field, text) => self.add(field.name(), text),
            Record::Opaque {
                kind: kind::ENDORSEMENT_KEY,
                payload,
            } => self.add("TpmEkPub", hex(payload)),
            Record::Opaque { kind, payload } => self.add(format!("Record{kind}"), hex(payload)),
        }
    }

    fn add_capture(&mut self, capture: &Capture) {
        self.add("ToolVersion", capture.tool_version);
        self.add("ToolBuild", capture.tool);
        self.add("OSType", names::os_type(capture.os_type));
        self.add("OsCpuArchitecture", names::architecture(capture.architecture.into()));
        self.add("OsBuild", capture.os);
        self.add("OsSystemTime", capture.at());
        self.add("OsLocalTime", capture.local_time());
    }

    fn add_processors(&mut self, processors: &Processors) {
        self.add("ProcessorArchitecture", names::architecture(processors.architecture));
        self.add("ProcessorPackages", processors.packages);
        self.add("ProcessorThreads", processors.threads);
        self.add("ProcessorCores", processors.cores);
        self.add("ProcessorHyperThreading", processors.hyper_threading);
    }

    fn add_memory(&mut self, memory: &Memory) {
        self.add("SmbiosRamArrayCount", memory.arrays);
        self.add("SmbiosRamSlots", memory.slots);
        self.add(
            "SmbiosRamErrorCorrection",
            names::error_correction(memory.error_correction),
        );
        self.add("SmbiosRamMaximumCapacity", memory.maximum_gb);
        self.add("TotalPhysicalRAM", memory.installed_gb);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
