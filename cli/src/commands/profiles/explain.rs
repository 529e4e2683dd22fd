//! Which profile a device has, and why.

use registration_api::model::DeviceProfile;

use super::desk::explained;
use super::show;
use crate::commands::devices;
use crate::deployed::DeviceArgs;
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::state::Surroundings;

/// Runs `muster profiles explain`. Exit code 1 where the device has no profile, or cannot use the one that it has.
pub(super) async fn run(args: &DeviceArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let place = args.registry.place(around).await?;
    let device = devices::only(&place, &args.device, args.tenant.as_deref(), out).await?;
    let told = explained(&place, &device).await?;
    let exit = Exit::unless(!told.assignment_status.as_str().starts_with("assigned"));
    if args.json {
        out.json(&told)?;
        return Ok(exit);
    }
    print(&told, out)?;
    Ok(exit)
}

fn print(told: &DeviceProfile, out: &mut Output) -> Result<(), Failure> {
    let status = show::status(told.assignment_status, told.assignment_detail);
    match &told.profile {
        Some(profile) => out.line(format_args!(
            "Device {} has the profile `{}` ({status}): {}.",
            told.device,
            plain(&profile.name),
            profile.detail
        ))?,
        None => out.line(format_args!(
            "Device {} has no profile that can be seen here ({status}).",
            told.device
        ))?,
    }
    if told.considered.is_empty() {
        return out.line("There are no profiles; `muster profiles add` makes one.");
    }
    let mut table = output::table(["ID", "NAME", "VERDICT"]);
    for considered in &told.considered {
        table.add_row([
            considered.id.to_string(),
            plain(&considered.name).into_owned(),
            considered.detail.clone(),
        ]);
    }
    out.table(table, 0)
}
