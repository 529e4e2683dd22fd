//! Devices as they are sent, made a list of: each identified in one of the ways that there are.

use muster_runtime::http::{FieldError, Problem};
use muster_service::list::{DeviceRow, list_of};
use muster_store::device_batches::MAX_DEVICES;

use crate::model::SentDevice;

/// How many faults are told at once.
const MAX_ERRORS: usize = 100;

/// The list of these devices, if each is identified as it may be.
pub(crate) fn read(devices: &[SentDevice], path: &str, batch: &str) -> Result<Vec<u8>, Problem> {
    if devices.is_empty() || devices.len() > MAX_DEVICES {
        let detail = format!(
            "There are {} devices; 1 to {MAX_DEVICES} are taken at once.",
            devices.len()
        );
        return Err(Problem::at(if path.is_empty() { "body" } else { path }, detail));
    }
    let mut errors: Vec<FieldError> = Vec::new();
    let rows: Vec<DeviceRow> = devices.iter().map(row).collect();
    for (at, (device, row)) in devices.iter().zip(&rows).enumerate() {
        let mut wrong = |name: &str, detail: String| {
            errors.push(FieldError {
                path: format!("{path}[{at}]{name}"),
                detail,
            });
        };
        if let Some(detail) = misidentified(row) {
            wrong("", detail);
        }
        if device.policies.as_ref().is_some_and(|policies| !policies.is_empty()) {
            let detail = "Devices are given policies once they are registered: PATCH …/DevicePolicyUpdates.";
            wrong(".policies", detail.to_owned());
        }
        let other = given(&device.device_batch_id).filter(|named| *named != batch);
        if other.is_some() {
            wrong(".deviceBatchId", "It is another batch than the path names.".to_owned());
        }
    }
    errors.truncate(MAX_ERRORS);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    list_of(&rows).map_err(|errors| {
        let errors = errors.into_iter().map(|error| FieldError {
            path: renamed(&error.path, path),
            detail: error.detail,
        });
        Problem::invalid(errors.collect())
    })
}

/// A path into a list, in the names of these clients.
fn renamed(path: &str, list: &str) -> String {
    let path = path
        .replace(".productKeyId", ".productKey")
        .replace(".manufacturer", ".oemManufacturerName");
    let path = path.replace(".model", ".modelName");
    path.strip_prefix("devices")
        .map_or_else(|| path.clone(), |rest| format!("{list}{rest}"))
}

/// A value that is there: an empty text is none.
fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|value| !value.is_empty())
}

fn row(device: &SentDevice) -> DeviceRow {
    let of = |value: &Option<String>| given(value).map(str::to_owned);
    DeviceRow {
        serial_number: of(&device.serial_number),
        manufacturer: of(&device.oem_manufacturer_name),
        model: of(&device.model_name),
        product_key_id: of(&device.product_key),
        hardware_hash: of(&device.hardware_hash),
        ..DeviceRow::default()
    }
}

/// Why these members identify no device: Partner Center takes six combinations of them and no others.
fn misidentified(row: &DeviceRow) -> Option<String> {
    let given = [
        ("hardwareHash", row.hardware_hash.is_some()),
        ("productKey", row.product_key_id.is_some()),
        ("serialNumber", row.serial_number.is_some()),
        ("oemManufacturerName", row.manufacturer.is_some()),
        ("modelName", row.model.is_some()),
    ];
    let [hash, key, serial, manufacturer, model] = given.map(|(_, there)| there);
    let taken = match (hash, key, serial, manufacturer, model) {
        (true, _, _, false, false) | (false, true, false, false, false) => true,
        (false, false, serial, manufacturer, model) => serial && manufacturer && model,
        _ => false,
    };
    if taken {
        return None;
    }
    let names: Vec<&str> = given
        .iter()
        .filter(|(_, there)| *there)
        .map(|(name, _)| *name)
        .collect();
    let names = if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(", ")
    };
    Some(format!(
        "It says {names}. A device is identified by hardwareHash, alone or with productKey, serialNumber or both; by \
         productKey; or by serialNumber, oemManufacturerName and modelName together."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_devices_are_taken_as_the_channel_takes() {
        let most = muster_core::channel::Channel::PartnerCenter.policy().max_devices;
        assert_eq!(usize::try_from(most), Ok(MAX_DEVICES));
    }

    #[test]
    fn six_combinations_identify_a_device_and_no_others() {
        let mut taken = Vec::new();
        for bits in 0..32_u32 {
            let value = |bit: u32| (bits >> bit & 1 == 1).then(|| "x".to_owned());
            let row = DeviceRow {
                hardware_hash: value(4),
                product_key_id: value(3),
                serial_number: value(2),
                manufacturer: value(1),
                model: value(0),
                ..DeviceRow::default()
            };
            if misidentified(&row).is_none() {
                taken.push(bits);
            }
        }
        assert_eq!(taken, [0b00111, 0b01000, 0b10000, 0b10100, 0b11000, 0b11100]);
    }

    #[test]
    fn paths_are_told_in_the_clients_names() {
        assert_eq!(renamed("devices[3].productKeyId", "devices"), "devices[3].productKey");
        assert_eq!(renamed("devices[3].manufacturer", ""), "[3].oemManufacturerName");
        assert_eq!(renamed("devices[3].model", ""), "[3].modelName");
        assert_eq!(renamed("devices[3]", "devices"), "devices[3]");
    }
}
