//! Changes of a device through a server.

use muster_core::device::{DeviceEdit, DeviceState};
use muster_core::id::{DeviceId, TenantId};
use registration_api::model::{Device, DeviceOutcome, EditDevice, RebindDevice, ReboundDevice};

use super::not_registered;
use crate::commands::devices::args::{RebindArgs, ReleaseArgs, UpdateArgs};
use crate::failure::Failure;
use crate::remote::{Refusal, Server};

/// Releases a device: the tenant's name, what became of the device, and the device where the token may see it.
pub(super) async fn release(
    server: &Server,
    args: &ReleaseArgs,
) -> Result<(String, DeviceOutcome, Option<Device>), Failure> {
    let tenant = server.tenant(&args.common.tenant).await?;
    let none = || not_registered(args.device, &tenant.name);
    // The server finds nothing wrong with a device that is released already; whoever types an old id should know.
    let seen = match look(server, tenant.id, args.device).await? {
        Seen::Retired | Seen::Absent => return Err(none()),
        Seen::Registered(_) => true,
        Seen::Unseen => false,
    };
    let outcome = match server.release_device(tenant.id, args.device).await {
        Ok(outcome) => outcome,
        Err(refusal) if refusal.is_absence() => return Err(none()),
        Err(refusal) => return Err(refusal.into()),
    };
    let device = match seen {
        true => server.device(tenant.id, args.device).await?,
        false => None,
    };
    Ok((tenant.name, outcome, device))
}

/// Changes a device: what it is then, and whether it was otherwise before.
pub(super) async fn update(server: &Server, args: &UpdateArgs, edit: DeviceEdit) -> Result<(Device, bool), Failure> {
    let tenant = server.tenant(&args.common.tenant).await?;
    let none = || not_registered(args.device, &tenant.name);
    let version = match look(server, tenant.id, args.device).await? {
        Seen::Registered(version) => Some(version),
        Seen::Retired | Seen::Absent => return Err(none()),
        Seen::Unseen => None,
    };
    let edit = EditDevice {
        group_tag: edit.group_tag,
        assigned_user: edit.assigned_user,
        display_name: edit.display_name,
        purchase_order: edit.purchase_order,
    };
    match server.edit_device(tenant.id, args.device, &edit).await {
        Ok(device) => {
            let changed = Some(device.version) != version;
            Ok((device, changed))
        }
        Err(refusal) if refusal.is_absence() => Err(none()),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Gives a device the parts of its new board.
pub(super) async fn rebind(server: &Server, args: &RebindArgs, hash: String) -> Result<ReboundDevice, Failure> {
    let tenant = server.tenant(&args.common.tenant).await?;
    let wanted = RebindDevice {
        hardware_hash: Some(hash),
        reason: args.reason.clone(),
        ..RebindDevice::default()
    };
    match server.rebind_device(tenant.id, args.device, &wanted).await {
        Ok(rebound) => Ok(rebound),
        Err(refusal) if refusal.is_absence() => Err(not_registered(args.device, &tenant.name)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// A device before it is changed.
enum Seen {
    /// It is registered, at this version.
    Registered(u64),
    /// It is released or merged.
    Retired,
    /// There is none that the token may see.
    Absent,
    /// A manufacturer sees no devices, and may release some.
    Unseen,
}

async fn look(server: &Server, tenant: TenantId, id: DeviceId) -> Result<Seen, Refusal> {
    match server.device(tenant, id).await {
        Ok(Some(device)) if device.state == DeviceState::Registered => Ok(Seen::Registered(device.version)),
        Ok(Some(_)) => Ok(Seen::Retired),
        Ok(None) => Ok(Seen::Absent),
        Err(refusal) if refusal.is_forbidden() => Ok(Seen::Unseen),
        Err(refusal) => Err(refusal),
    }
}
