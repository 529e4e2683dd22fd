//! `muster devices rebind`: a device gets the parts of its new board.

use muster_core::grant::Verb;
use muster_core::outcome::Outcome;
use muster_core::repair::{self, MAX_REASON};
use muster_store::Registry;
use muster_store::devices::{Holder, Rebound};
use registration_api::model::{Device, ReboundDevice};

use super::{Right, not_registered, there};
use crate::commands::devices::args::RebindArgs;
use crate::deployed::Place;
use crate::failure::{Exit, Failure};
use crate::hashes;
use crate::output::{Output, Style, plain};
use crate::state::Surroundings;

/// Runs the command.
pub(in crate::commands::devices) async fn run(
    args: &RebindArgs,
    around: &Surroundings,
    out: &mut Output,
) -> Result<Exit, Failure> {
    let reason = args.reason.trim();
    if reason.is_empty() || reason.chars().count() > MAX_REASON || reason.chars().any(char::is_control) {
        return Err(Failure::new(
            "the reason is blank, too long, or holds control characters",
            format_args!("Say in words why the device is rebound: up to {MAX_REASON} characters."),
        ));
    }
    let (file, parsed) = hashes::single(&args.hash)?;
    let rebound = match args.common.registry.place(around).await? {
        Place::Registry(registry) => here(args, reason, &file, &parsed.text(), &registry, around).await?,
        Place::Server(server) => there::rebind(&server, args, parsed.text()).await?,
    };
    if args.common.json {
        out.json(&rebound)?;
        return Ok(Exit::Fine);
    }
    let said = if rebound.changed {
        "is rebound to its new board"
    } else {
        "has this board already"
    };
    out.line(format_args!(
        "Device {} {said}; its version is {}.",
        rebound.device.id, rebound.device.version
    ))?;
    for notice in &rebound.notices {
        let word = out.paint(Style::Notice, "notice:");
        out.line(format_args!("{word} {}", plain(&notice.detail)))?;
    }
    Ok(Exit::Fine)
}

async fn here(
    args: &RebindArgs,
    reason: &str,
    file: &str,
    hash: &str,
    registry: &Registry,
    around: &Surroundings,
) -> Result<ReboundDevice, Failure> {
    let capture = repair::read_capture(hash).map_err(|faults| {
        let told: Vec<String> = faults.into_iter().map(|fault| fault.detail).collect();
        Failure::new(format_args!("{file}: {}", told.join("; ")), "Capture the hash again.")
    })?;
    let verb = (Verb::Update, "rebound");
    let right = Right::of(registry, &args.common.tenant, args.device, verb, (around.clock)()).await?;
    let devices = registry.devices();
    let cannot =
        |why: &str, remedy: &str| Failure::new(format_args!("device {} cannot be rebound: {why}", args.device), remedy);
    match devices
        .rebind(args.device, &capture, reason, None, &right.act())
        .await?
    {
        Rebound::Done(device, notices) => Ok(ReboundDevice {
            device: Device::read(&registry.contacts(), *device).await?,
            changed: true,
            notices: notices.into_iter().map(Into::into).collect(),
        }),
        Rebound::Unchanged(device) => Ok(ReboundDevice {
            device: Device::read(&registry.contacts(), *device).await?,
            changed: false,
            notices: Vec::new(),
        }),
        Rebound::Refused => Err(right.refused().await?),
        Rebound::NotRegistered | Rebound::Overtaken(_) => Err(not_registered(args.device, &right.tenant.name)),
        Rebound::Misfit(misfit) => Err(cannot(&clause(&misfit.detail()), misfit.remedy())),
        Rebound::Held(Holder::Device(id)) => Err(cannot(
            &format!("the new board belongs to device {id}"),
            "If its board was taken out, release that device first, then rebind again.",
        )),
        Rebound::Held(Holder::Hidden | Holder::OtherTenant) => Err(cannot(
            "the new board belongs to a device of another tenant",
            Outcome::OwnedByOtherTenant.entry().remedy,
        )),
    }
}

/// A sentence as a part of another one.
fn clause(sentence: &str) -> String {
    let mut chars = sentence.trim_end_matches('.').chars();
    let first: String = chars.next().into_iter().flat_map(char::to_lowercase).collect();
    format!("{first}{}", chars.as_str())
}
