//! `muster profiles`: what booting devices are told, and which devices get which.

mod args;
mod change;
mod desk;
mod explain;
mod show;

use registration_api::model;

use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::state::{self, Surroundings};

pub(crate) use args::ProfilesArgs;
use args::{DevicesArgs, ExportArgs, ListArgs, ProfilesCommand, ShowArgs};
use desk::Desk;

/// Runs the command.
pub(crate) async fn run(args: &ProfilesArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    match &args.command {
        ProfilesCommand::Add(args) => change::add(args, around, out).await,
        ProfilesCommand::List(args) => list(args, around, out).await,
        ProfilesCommand::Show(args) => show(args, around, out).await,
        ProfilesCommand::Edit(args) => change::edit(args, around, out).await,
        ProfilesCommand::Remove(args) => change::remove(args, around, out).await,
        ProfilesCommand::Assign(args) => change::assign(args, around, out).await,
        ProfilesCommand::Unassign(args) => change::unassign(args, around, out).await,
        ProfilesCommand::Devices(args) => devices(args, around, out).await,
        ProfilesCommand::Explain(args) => explain::run(args, around, out).await,
        ProfilesCommand::Export(args) => export(args, around, out).await,
    }
}

async fn list(args: &ListArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let desk = Desk::open(&args.common.registry, &args.common.tenant, around).await?;
    let from = args.page.from.as_deref();
    let page = desk.page(args.channel, None, from, args.page.limit()).await?;
    if args.common.json {
        out.json(&page)?;
        return Ok(Exit::Fine);
    }
    if page.profiles.is_empty() {
        out.line(format_args!("`{}` has no such profile.", plain(&desk.name)))?;
        return Ok(Exit::Fine);
    }
    let mut table = output::table(["ID", "NAME", "CHANNEL", "MODE", "FOR", "DEFAULT", "MADE"]);
    for profile in &page.profiles {
        table.add_row([
            profile.id.to_string(),
            plain(&profile.name).into_owned(),
            profile.channel.to_string(),
            profile.mode.as_str().to_owned(),
            show::whom(profile),
            if profile.is_default { "yes" } else { "no" }.to_owned(),
            state::time(profile.created_at),
        ]);
    }
    out.table(table, 0)?;
    out.more(page.next.as_deref())?;
    Ok(Exit::Fine)
}

async fn show(args: &ShowArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let desk = Desk::open(&args.common.registry, &args.common.tenant, around).await?;
    let profile = desk.find(&args.profile).await?;
    if args.common.json {
        out.json(&profile)?;
    } else {
        show::print(&profile, out)?;
    }
    Ok(Exit::Fine)
}

/// Lists the devices that have a profile. A page of a list that few devices are on may be short, or empty.
async fn devices(args: &DevicesArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let desk = Desk::open(&args.common.registry, &args.common.tenant, around).await?;
    let profile = desk.find(&args.profile).await?;
    let page = desk
        .assigned(profile.id, args.page.from.as_deref(), args.page.limit())
        .await?;
    if args.common.json {
        out.json(&page)?;
        return Ok(Exit::Fine);
    }
    if page.devices.is_empty() {
        let name = plain(&profile.name);
        match page.next {
            None => out.line(format_args!("No device has the profile `{name}` from here on."))?,
            Some(_) => out.line(format_args!(
                "No device of this part of the tenant's has the profile `{name}`."
            ))?,
        }
    } else {
        let mut table = output::table(["ID", "SERIAL NUMBER", "GROUP TAG", "BECAUSE", "STATUS"]);
        for device in &page.devices {
            let text = |text: &Option<String>| plain(text.as_deref().unwrap_or_default()).into_owned();
            table.add_row([
                device.id.to_string(),
                text(&device.serial),
                text(&device.group_tag),
                device.because.words().to_owned(),
                show::status(device.assignment_status, device.assignment_detail),
            ]);
        }
        out.table(table, 0)?;
    }
    out.more(page.next.as_deref())?;
    Ok(Exit::Fine)
}

/// Writes `AutopilotConfigurationFile.json`.
async fn export(args: &ExportArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let desk = Desk::open(&args.registry, &args.tenant, around).await?;
    let profile = desk.find(&args.profile).await?;
    let text = text(&desk.file(profile.id).await?)?;
    match &args.output {
        None => out.bytes(text.as_bytes())?,
        Some(path) => {
            std::fs::write(path, &text).map_err(|error| {
                Failure::new(
                    format_args!("{} cannot be written: {error}", path.display()),
                    "Name another file with --output.",
                )
            })?;
            out.line(format_args!(
                "The profile `{}` is written to {}. On a device it belongs into %windir%\\Provisioning\\Autopilot, under \
                 the name AutopilotConfigurationFile.json.",
                plain(&profile.name),
                path.display()
            ))?;
        }
    }
    Ok(Exit::Fine)
}

/// The file: ASCII, as whoever made it has seen to.
fn text(file: &model::ConfigurationFile) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(file)
        .map_err(|error| Failure::new(format_args!("the file cannot be written: {error}"), "Try again."))?;
    Ok(format!("{text}\n"))
}
