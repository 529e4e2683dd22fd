//! `muster devices`: what is registered.

mod args;
mod change;
mod history;
mod show;
mod wait;

use muster_core::device::{Device, DeviceState};
use muster_core::identity::{IdentityKey, ProductId};
use muster_store::Registry;
use muster_store::devices::{DeviceFilter, Registrants};
use registration_api::model;

use crate::deployed::{DeviceArgs, Place};
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::remote::{Server, Wanted};
use crate::state::{self, Surroundings};

pub(crate) use args::DevicesArgs;
use args::{DevicesCommand, ListArgs, StateArg};

/// Runs the command.
pub(crate) async fn run(args: &DevicesArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    match &args.command {
        DevicesCommand::List(args) => list(args, around, out).await,
        DevicesCommand::Show(args) => show(args, around, out).await,
        DevicesCommand::Release(args) => change::release(args, around, out).await,
        DevicesCommand::Update(args) => change::update(args, around, out).await,
        DevicesCommand::Rebind(args) => change::rebind::run(args, around, out).await,
        DevicesCommand::History(args) => history::run(args, around, out).await,
        DevicesCommand::Wait(args) => wait::run(args, around, out).await,
    }
}

async fn list(args: &ListArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let (name, page) = match args.list.registry.place(around).await? {
        Place::Registry(registry) => {
            let tenant = state::tenant(&registry, &args.tenant).await?;
            let (devices, from) = (registry.devices(), args.list.page.from.as_deref());
            let page = devices
                .list(tenant.id, &filter(args), from, args.list.page.limit())
                .await?;
            let page = model::DevicePage {
                devices: model::Device::read_all(&registry.contacts(), page.devices).await?,
                next: page.next,
            };
            (tenant.name, page)
        }
        Place::Server(server) => {
            let tenant = server.tenant(&args.tenant).await?;
            let (from, limit) = (args.list.page.from.as_deref(), args.list.page.limit_text());
            let page = server.devices(tenant.id, &wanted(args), from, &limit).await?;
            (tenant.name, page)
        }
    };
    if args.list.json {
        out.json(&page)?;
        return Ok(Exit::Fine);
    }
    match (page.devices.as_slice(), &page.next) {
        ([], None) if matches!(args.state, StateArg::Registered) => {
            out.line(format_args!("No such device is registered for `{}`.", plain(&name)))?;
        }
        ([], None) => out.line(format_args!("`{}` has no such device.", plain(&name)))?,
        ([], Some(_)) => out.line("None so far.")?,
        (devices, _) => out.table(table(devices), 0)?,
    }
    out.more(page.next.as_deref())?;
    Ok(Exit::Fine)
}

fn wanted(args: &ListArgs) -> Wanted<'_> {
    Wanted {
        state: args.state.into(),
        serial_prefix: Some(&args.serial),
        group_tag: args.group_tag.as_deref(),
        partner: args.partner.as_ref(),
        upload: args.upload.as_ref(),
        remediation: args.remediation.map(Into::into),
    }
}

fn filter(args: &ListArgs) -> DeviceFilter {
    DeviceFilter {
        state: args.state.into(),
        serial_prefix: args.serial.clone(),
        group_tag: args.group_tag.clone(),
        registrants: args.partner.clone().map_or(Registrants::All, Registrants::Partner),
        upload: args.upload.clone(),
        remediation: args.remediation.map(Into::into),
    }
}

fn table(devices: &[model::Device]) -> comfy_table::Table {
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

async fn show(args: &DeviceArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let place = args.registry.place(around).await?;
    let device = only(&place, &args.device, args.tenant.as_deref(), out).await?;
    match args.json {
        true => out.json(&device)?,
        false => show::print(&place, &device, out).await?,
    }
    Ok(Exit::Fine)
}

/// The device of this id, PKID or serial number. Several of the same serial number are listed. `tenant`: where serial
/// numbers are looked for.
pub(crate) async fn only(
    place: &Place,
    text: &str,
    tenant: Option<&str>,
    out: &mut Output,
) -> Result<model::Device, Failure> {
    let text = text.trim();
    let mut found: Vec<model::Device> = match place {
        Place::Registry(registry) => {
            let found = find(registry, text, tenant).await?;
            model::Device::read_all(&registry.contacts(), found).await?
        }
        Place::Server(server) => find_there(server, text, tenant).await?,
    };
    match (found.pop(), found.as_slice()) {
        (None, _) => {
            let what = format!("there is no device `{}`", plain(text));
            Err(Failure::new(
                what,
                "Give its id, its PKID (13 digits) or its whole serial number; `muster devices list` lists them.",
            ))
        }
        (Some(device), []) => Ok(device),
        (Some(last), _) => {
            found.push(last);
            out.table(table(&found), 0)?;
            out.flush()?;
            let what = format!("{} devices have the serial number `{}`", found.len(), plain(text));
            Err(Failure::new(what, "Give the id of one of them."))
        }
    }
}

/// How many devices of one serial number are looked at.
const SAME_SERIAL: usize = 20;

async fn find(registry: &Registry, text: &str, tenant: Option<&str>) -> Result<Vec<Device>, Failure> {
    let devices = registry.devices();
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
    for tenant in tenants(registry, tenant).await? {
        let filter = DeviceFilter {
            serial_prefix: text.to_owned(),
            ..DeviceFilter::default()
        };
        let page = devices.list(tenant, &filter, None, SAME_SERIAL).await?;
        found.extend(
            page.devices
                .into_iter()
                .filter(|device| device.serial.as_deref() == Some(text)),
        );
    }
    Ok(found)
}

/// The same through a server, in one tenant.
async fn find_there(server: &Server, text: &str, tenant: Option<&str>) -> Result<Vec<model::Device>, Failure> {
    let tenant = server.tenant_or_own(tenant).await?.id;
    if let Ok(id) = text.parse() {
        return Ok(server.device(tenant, id).await?.into_iter().collect());
    }
    if let ProductId::Pkid(_) = ProductId::parse(text) {
        let identity = model::FindDevice {
            product_key_id: Some(text.to_owned()),
            ..model::FindDevice::default()
        };
        if let Some(device) = server.find_device(tenant, &identity).await?.device {
            return Ok(vec![device]);
        }
    }
    let wanted = Wanted {
        serial_prefix: Some(text),
        ..Wanted::default()
    };
    let page = server.devices(tenant, &wanted, None, &SAME_SERIAL.to_string()).await?;
    let same = page
        .devices
        .into_iter()
        .filter(|device| device.serial.as_deref() == Some(text));
    Ok(same.collect())
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

/// The state in words.
fn state_name(state: DeviceState) -> &'static str {
    match state {
        DeviceState::Registered => "registered",
        DeviceState::Released => "released",
        DeviceState::Merged => "merged into another device",
    }
}
