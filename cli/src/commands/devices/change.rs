//! Changes of a device: as the tenant's own administrator, or through a server as whoever its token is of.

pub(super) mod rebind;
mod there;

use muster_core::Timestamp;
use muster_core::device::{DeviceEdit, EditFault};
use muster_core::grant::{Denial, GrantPin, Verb};
use muster_core::history::Requester;
use muster_core::id::DeviceId;
use muster_core::party::{Registrant, Tenant};
use muster_store::Registry;
use muster_store::devices::{Act, Released, Updated};
use registration_api::model;

use super::args::{EditArgs, ReleaseArgs, UpdateArgs};
use crate::deployed::Place;
use crate::failure::{Exit, Failure};
use crate::output::{Output, plain};
use crate::state::{self, Surroundings};

/// Who acts, in the history of a device.
const BY: &str = "command line";

/// The tenant's own consent to do this.
struct Right<'a> {
    registry: &'a Registry,
    tenant: Tenant,
    device: DeviceId,
    pin: GrantPin,
    by: Requester,
    now: Timestamp,
    /// What cannot be done, in words.
    deed: &'static str,
}

impl<'a> Right<'a> {
    async fn of(
        registry: &'a Registry,
        tenant: &str,
        device: DeviceId,
        (verb, deed): (Verb, &'static str),
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let tenant = state::tenant(registry, tenant).await?;
        let own = Registrant::Tenant;
        let channel = muster_core::channel::Channel::Intune;
        let answer = registry
            .grants()
            .permit(tenant.id, &own, None, verb, channel, now)
            .await?;
        let pin = answer.map_err(|denial| refused(device, deed, denial))?;
        Ok(Self {
            registry,
            tenant,
            device,
            pin,
            by: Requester::new(BY, own),
            now,
            deed,
        })
    }

    fn act(&self) -> Act<'_> {
        Act {
            pin: &self.pin,
            by: &self.by,
            now: self.now,
        }
    }

    async fn refused(&self) -> Result<Failure, Failure> {
        let denial = self.registry.grants().denial(&self.pin, self.now).await?;
        Ok(refused(self.device, self.deed, denial))
    }
}

fn refused(device: DeviceId, deed: &str, denial: Denial) -> Failure {
    let entry = denial.outcome().entry();
    Failure::new(
        format!("device {device} cannot be {deed}: {}", entry.meaning),
        entry.remedy,
    )
}

/// Runs `muster devices release`.
pub(super) async fn release(args: &ReleaseArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let (tenant, released, device) = match args.common.registry.place(around).await? {
        Place::Registry(registry) => {
            let verb = (Verb::Release, "released");
            let right = Right::of(&registry, &args.common.tenant, args.device, verb, (around.clock)()).await?;
            match registry.devices().release(args.device, &right.act()).await? {
                Released::Refused => return Err(right.refused().await?),
                Released::NotRegistered => return Err(not_registered(args.device, &right.tenant.name)),
                Released::Done(device) => {
                    let device = model::Device::read(&registry.contacts(), *device).await?;
                    (right.tenant.name, None, Some(device))
                }
            }
        }
        Place::Server(server) => {
            let (tenant, outcome, device) = there::release(&server, args).await?;
            (tenant, Some(outcome), device)
        }
    };
    if args.common.json {
        // A manufacturer may release what it may not see.
        match &device {
            Some(device) => out.json(device)?,
            None => out.json(&released)?,
        }
        return Ok(Exit::Fine);
    }
    let serial = device
        .and_then(|device| device.serial)
        .as_deref()
        .map(|serial| format!(" (serial number {})", plain(serial)))
        .unwrap_or_default();
    out.line(format_args!(
        "Device {}{serial} no longer belongs to `{}`.",
        args.device,
        plain(&tenant)
    ))?;
    Ok(Exit::Fine)
}

/// Runs `muster devices update`.
pub(super) async fn update(args: &UpdateArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let edit = edit(&args.edit)?;
    let (device, changed) = match args.common.registry.place(around).await? {
        Place::Registry(registry) => {
            let verb = (Verb::Update, "changed");
            let right = Right::of(&registry, &args.common.tenant, args.device, verb, (around.clock)()).await?;
            let devices = registry.devices();
            match devices.update(args.device, &edit, None, &right.act()).await? {
                Updated::Done(device) => (model::Device::read(&registry.contacts(), *device).await?, true),
                Updated::Unchanged(device) => (model::Device::read(&registry.contacts(), *device).await?, false),
                Updated::Refused => return Err(right.refused().await?),
                Updated::NotRegistered | Updated::Overtaken(_) => {
                    return Err(not_registered(args.device, &right.tenant.name));
                }
            }
        }
        Place::Server(server) => there::update(&server, args, edit).await?,
    };
    if args.common.json {
        out.json(&device)?;
        return Ok(Exit::Fine);
    }
    let said = if changed { "is changed" } else { "is so already" };
    out.line(format_args!(
        "Device {} {said}; its version is {}.",
        device.id, device.version
    ))?;
    Ok(Exit::Fine)
}

fn not_registered(device: DeviceId, tenant: &str) -> Failure {
    let what = format!("device {device} is not registered for `{}`", plain(tenant));
    Failure::new(what, "`muster devices list` lists those that are.")
}

fn edit(args: &EditArgs) -> Result<DeviceEdit, Failure> {
    let edit = DeviceEdit {
        group_tag: args.group_tag.clone().map(Some),
        assigned_user: args.user.clone().map(Some),
        display_name: args.display_name.clone().map(Some),
        purchase_order: args.purchase_order.clone().map(Some),
        ..DeviceEdit::default()
    };
    edit.checked().map_err(|faults| {
        let told = |fault: &EditFault| format!("{}: {}", option(fault.field), fault.detail);
        let told: Vec<String> = faults.iter().map(told).collect();
        Failure::new(told.join("; "), "Give another value, or \"\" to clear it.")
    })
}

fn option(field: &str) -> &'static str {
    match field {
        "groupTag" => "--group-tag",
        "assignedUser" => "--user",
        "displayName" => "--display-name",
        _ => "--purchase-order",
    }
}
