//! What Microsoft documents for devices and Muster does not do: the answer says why, and what to do instead.

use axum::http::StatusCode;

use crate::fault::{Fault, Refusal};

/// A device is registered by its hash, which this entity does not have.
pub(crate) async fn create_device() -> Result<StatusCode, Refusal> {
    Err(absent(
        "A device is registered by its hardware hash, which a windowsAutopilotDeviceIdentity does not have. POST it to \
         importedWindowsAutopilotDeviceIdentities.",
    ))
}

/// Accounts of Surface Hubs, with their passwords, are not kept.
pub(crate) async fn resource_account() -> Result<StatusCode, Refusal> {
    Err(absent(
        "Muster keeps no resource accounts, nor their passwords. Set the account of a Surface Hub on the device, or \
         through its MDM service.",
    ))
}

fn absent(message: &str) -> Refusal {
    Fault::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message).into()
}
