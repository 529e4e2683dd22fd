//! `muster devices`: what is registered.

mod show;

use clap::{Args, Subcommand};
use muster_core::channel::Channel;
use muster_core::device::{Device, DeviceState};
use muster_core::grant::{Denial, Verb};
use muster_core::id::DeviceId;
use muster_core::identity::{IdentityKey, ProductId};
use muster_core::party::Registrant;
use muster_store::Registry;
use muster_store::devices::Released;
use serde::Serialize;

use crate::deployed::RegistryArgs;
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::state::{self, PageArgs, Surroundings};

/// What `muster devices` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster devices list --tenant Contoso
  muster devices show TEST-1-0000001
  muster devices release 1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f --tenant Contoso")]
pub(crate) struct DevicesArgs {
    #[command(subcommand)]
    command: DevicesCommand,
}

#[derive(Debug, Subcommand)]
enum DevicesCommand {
    /// List the registered devices of a tenant
    List(ListArgs),
    /// Show all that is known of a device
    Show(ShowArgs),
    /// End the association of a device with its tenant; its identities are free then
    Release(ReleaseArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// The tenant's id or name
    #[arg(long)]
    tenant: String,
    /// Only devices whose serial number begins so
    #[arg(long, default_value = "", hide_default_value = true, value_name = "PREFIX")]
    serial: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The device's id, its PKID, or its serial number
    #[arg(value_name = "ID|PKID|SERIAL")]
    device: String,
    /// Look for the serial number in this tenant only
    #[arg(long)]
    tenant: Option<String>,
    /// Print the device as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Debug, Args)]
struct ReleaseArgs {
    /// The device's id
    #[arg(value_name = "ID")]
    device: DeviceId,
    /// The tenant that releases it: its id or name
    #[arg(long)]
    tenant: String,
    /// Print the device as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs the command.
pub(crate) async fn run(args: &DevicesArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    match &args.command {
        DevicesCommand::List(args) => list(args, around, out).await,
        DevicesCommand::Show(args) => show(args, around, out).await,
        DevicesCommand::Release(args) => release(args, around, out).await,
    }
}

#[derive(Serialize)]
struct Page<'a> {
    devices: &'a [Device],
    next: Option<&'a str>,
}

async fn list(args: &ListArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let registry = args.registry.open(around).await?;
    let tenant = state::tenant(&registry, &args.tenant).await?;
    let from = args.page.from.as_deref();
    let page = registry
        .devices()
        .list(tenant.id, &args.serial, from, args.page.limit())
        .await?;
    if args.json {
        out.json(&Page {
            devices: &page.devices,
            next: page.next.as_deref(),
        })?;
        return Ok(Exit::Fine);
    }
    if page.devices.is_empty() {
        out.line(format_args!(
            "No such device is registered for `{}`.",
            plain(&tenant.name)
        ))?;
        return Ok(Exit::Fine);
    }
    out.table(table(&page.devices), 0)?;
    out.more(page.next.as_deref())?;
    Ok(Exit::Fine)
}

fn table(devices: &[Device]) -> comfy_table::Table {
    let mut table = output::table([
        "ID",
        "SERIAL NUMBER",
        "MANUFACTURER",
        "MODEL",
        "GROUP TAG",
        "ASSIGNED USER",
        "REGISTERED",
    ]);
    let cell = |text: &Option<String>| {
        text.as_deref()
            .map_or_else(|| "-".to_owned(), |text| plain(text).into_owned())
    };
    for device in devices {
        table.add_row([
            device.id.to_string(),
            cell(&device.serial),
            cell(&device.manufacturer),
            cell(&device.model),
            cell(&device.group_tag),
            cell(&device.assigned_user),
            state::time(device.registered_at),
        ]);
    }
    table
}

async fn show(args: &ShowArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let registry = args.registry.open(around).await?;
    let found = find(&registry, args).await?;
    match found.as_slice() {
        [] => {
            let what = format!("there is no device `{}`", plain(&args.device));
            Err(Failure::new(
                what,
                "Give its id, its PKID (13 digits) or its whole serial number; `muster devices list` lists them.",
            ))
        }
        [device] if args.json => out.json(device).map(|()| Exit::Fine),
        [device] => show::print(&registry, device, out).await.map(|()| Exit::Fine),
        several => {
            out.table(table(several), 0)?;
            out.flush()?;
            let what = format!(
                "{} devices have the serial number `{}`",
                several.len(),
                plain(&args.device)
            );
            Err(Failure::new(what, "Give the id of one of them."))
        }
    }
}

/// How many devices of one serial number are looked at.
const SAME_SERIAL: usize = 20;

async fn find(registry: &Registry, args: &ShowArgs) -> Result<Vec<Device>, Failure> {
    let (devices, text) = (registry.devices(), args.device.trim());
    if let Ok(id) = text.parse() {
        return Ok(devices.get(id).await?.into_iter().collect());
    }
    if let ProductId::Pkid(pkid) = ProductId::parse(text) {
        let holders = devices.claims(&[IdentityKey::pkid(&pkid)], true).await?;
        if let Some(claim) = holders.into_values().next() {
            return Ok(devices.get(claim.device).await?.into_iter().collect());
        }
    }
    let mut found = Vec::new();
    for tenant in tenants(registry, args.tenant.as_deref()).await? {
        let page = devices.list(tenant, text, None, SAME_SERIAL).await?;
        found.extend(
            page.devices
                .into_iter()
                .filter(|device| device.serial.as_deref() == Some(text)),
        );
    }
    Ok(found)
}

/// How many tenants are read at once.
const TENANTS: usize = 1000;

async fn tenants(registry: &Registry, only: Option<&str>) -> Result<Vec<muster_core::id::TenantId>, Failure> {
    if let Some(text) = only {
        return Ok(vec![state::tenant(registry, text).await?.id]);
    }
    let (mut all, mut last) = (Vec::new(), None);
    loop {
        let page = registry.tenants().list(last.as_ref(), TENANTS).await?;
        all.extend(page.iter().map(|tenant| tenant.id));
        let full = page.len() == TENANTS;
        last = page.into_iter().last();
        if !full {
            return Ok(all);
        }
    }
}

async fn release(args: &ReleaseArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let registry = args.registry.open(around).await?;
    let tenant = state::tenant(&registry, &args.tenant).await?;
    let (grants, now) = (registry.grants(), (around.clock)());
    let refused = |denial: Denial| {
        let entry = denial.outcome().entry();
        let what = format!("device {} cannot be released: {}", args.device, entry.meaning);
        Failure::new(what, entry.remedy)
    };
    let (own, verb) = (Registrant::Tenant, Verb::Release);
    let answer = grants.permit(tenant.id, &own, None, verb, Channel::Intune, now).await?;
    let pin = answer.map_err(refused)?;
    match registry.devices().release(args.device, &act).await? {
        Released::Refused => return Err(refused(grants.denial(&pin, now).await?)),
        Released::Done(device) if args.json => out.json(&device)?,
        Released::Done(device) => {
            let serial = device
                .serial
                .as_deref()
                .map(|serial| format!(" (serial number {})", plain(serial)))
                .unwrap_or_default();
            out.line(format_args!(
                "Device {}{serial} no longer belongs to `{}`.",
                device.id,
                plain(&tenant.name)
            ))?;
        }
        Released::NotRegistered => {
            let what = format!("device {} is not registered for `{}`", args.device, plain(&tenant.name));
            return Err(Failure::new(what, "`muster devices list` lists those that are."));
        }
    }
    Ok(Exit::Fine)
}

/// The state in words.
fn state_name(state: DeviceState) -> &'static str {
    match state {
        DeviceState::Registered => "registered",
        DeviceState::Released => "released",
        DeviceState::Merged => "merged into another device",
    }
}
