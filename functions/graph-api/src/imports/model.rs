//! Rows of the queue on the wire.

use muster_runtime::http::FieldError;
use muster_service::list::DeviceRow;
use muster_store::imports::{Import, ImportResult};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::binary;
use crate::body::{Members, checked};
use crate::fault::Refusal;
use crate::odata::{Entity, Kind, Property, Type};
use crate::wire;

/// What a row of the queue has.
pub(super) const IMPORT: Kind = Kind {
    name: "importedWindowsAutopilotDeviceIdentity",
    properties: &[
        Property::text("id"),
        Property::text("groupTag"),
        Property::text("serialNumber"),
        Property::text("productKey"),
        Property::text("importId"),
        Property::text("hardwareIdentifier").shown_only(),
        Property::text("assignedUserPrincipalName"),
        Property::text("state").of(Type::Complex),
        Property::text("state/deviceImportStatus"),
        Property::text("state/deviceRegistrationId"),
        Property::text("state/deviceErrorCode").of(Type::Number),
        Property::text("state/deviceErrorName"),
    ],
    expands: &[],
};

/// A device that is handed in.
#[derive(Debug, Clone)]
pub(super) struct NewImport {
    /// What the client calls the import that it belongs to.
    pub(super) import_id: String,
    /// The device, its hash in canonical form.
    pub(super) device: DeviceRow,
    /// The hash as it was sent.
    pub(super) sent: Option<String>,
}

/// Reads a device at this path of the body. `import_id`: for one that says nothing of its import.
///
/// # Errors
/// Everything that is wrong, by its path; a hash that is no base64 in Graph's own words.
pub(super) fn read(object: Map<String, Value>, path: &str, import_id: Uuid) -> Result<NewImport, Refusal> {
    let mut errors = Vec::new();
    let mut members = Members::of(object, path, &mut errors);
    // What became of it is for the service to say.
    for name in ["id", "state"] {
        members.ignore(name);
    }
    // Spreadsheets and scripts put line breaks into it, which do not count.
    let hash = members.raw("hardwareIdentifier", 24_000);
    let old_name = members.text("orderIdentifier", 128);
    let mut device = DeviceRow {
        serial_number: members.text("serialNumber", 128),
        product_key_id: members.text("productKey", 64),
        group_tag: members.text("groupTag", 128).or(old_name),
        assigned_user: members.text("assignedUserPrincipalName", 320),
        ..DeviceRow::default()
    };
    let import_id = members.text("importId", 64).unwrap_or_else(|| import_id.to_string());
    members.finish();
    checked(errors)?;
    device.hardware_hash = hash.as_deref().map(binary::canonical).transpose()?;
    Ok(NewImport {
        import_id,
        device,
        sent: hash,
    })
}

/// What is wrong with devices of a list, by the names that Graph has for it.
pub(super) fn in_words_of_graph(errors: Vec<FieldError>, count: usize) -> Vec<FieldError> {
    let names = [
        ("productKeyId", "productKey"),
        ("hardwareHash", "hardwareIdentifier"),
        ("assignedUser", "assignedUserPrincipalName"),
    ];
    let told = errors.into_iter().map(|error| {
        let path = match count {
            1 => error
                .path
                .trim_start_matches("devices[0]")
                .trim_start_matches('.')
                .to_owned(),
            _ => error.path.replacen("devices", super::ARRAY, 1),
        };
        let renamed = names
            .iter()
            .find_map(|(own, graph)| Some(format!("{}{graph}", path.strip_suffix(own)?)));
        FieldError {
            path: renamed.unwrap_or(path),
            ..error
        }
    });
    told.collect()
}

/// A row as it is told. The hash is not kept.
pub(super) fn entity(row: &Import) -> Entity {
    let (status, device, code, name) = match &row.result {
        // Clients wait while they read `unknown`, and take anything else for the end.
        None => ("unknown", String::new(), 0, ""),
        Some(ImportResult::Complete(device)) => ("complete", device.to_string(), 0, ""),
        Some(ImportResult::Failed { code, name }) => ("error", String::new(), *code, name.as_str()),
    };
    let members = [
        ("id", row.id.to_string().into()),
        ("groupTag", wire::text(row.group_tag.as_deref())),
        ("serialNumber", wire::text(row.serial.as_deref())),
        ("productKey", wire::text(row.product_key.as_deref())),
        ("importId", row.import_id.clone().into()),
        ("hardwareIdentifier", "".into()),
        ("assignedUserPrincipalName", wire::text(row.assigned_user.as_deref())),
        (
            "state",
            json!({
                "deviceImportStatus": status,
                "deviceRegistrationId": device,
                "deviceErrorCode": code,
                "deviceErrorName": name,
            }),
        ),
    ];
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
