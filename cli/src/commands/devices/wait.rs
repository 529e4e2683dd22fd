//! `muster devices wait`: until a device may be connected, which is when it is registered and a profile is assigned to it.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use muster_core::device::DeviceState;
use muster_core::profile::AssignmentStatus;
use registration_api::model::{Device, DeviceProfile, Eyes};
use serde::Serialize;
use tokio::time::Instant;

use super::{find, find_there};
use crate::deployed::{DeviceArgs, Place, State};
use crate::failure::{Exit, Failure};
use crate::here::Held;
use crate::output::{Output, Style, plain};
use crate::progress;
use crate::state::Surroundings;

/// How long between two looks, where no server waits in our place.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest that a server is asked to wait.
const AT_ONCE: Duration = Duration::from_secs(20);

/// What `muster devices wait` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster devices wait TEST-1-0000001 --tenant Contoso
  muster devices wait 3303012345678 --tenant Contoso --timeout 2h --server https://muster.example

The device need not be registered yet: wait by its PKID or serial number. A device that asks too early keeps the answer that it
has no profile until it is reset, so connect it only when this command says that it is ready.
With a partner's token it knows of partners' profiles alone: that it is ready is no permission to connect then. The tenant's own
wait is.
Exit code: 0 it is ready; 1 the time was up before; 2 it could not be asked for.")]
pub(super) struct WaitArgs {
    #[command(flatten)]
    device: DeviceArgs,
    /// How long to wait at most: seconds (90s), minutes (30m) or hours (2h); 0s looks once
    #[arg(long, default_value = "30m", value_name = "TIME")]
    timeout: Timeout,
}

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Timeout(Duration);

impl FromStr for Timeout {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "give a time of 0s to 48h: seconds (90s), minutes (30m) or hours (2h)";
        let (number, unit) = match text.char_indices().last() {
            Some((at, 's')) => (text.get(..at), 1),
            Some((at, 'm')) => (text.get(..at), 60),
            Some((at, 'h')) => (text.get(..at), 3600),
            _ => return Err(WRONG),
        };
        let number: u32 = number.and_then(|number| number.parse().ok()).ok_or(WRONG)?;
        let seconds = u64::from(number) * unit;
        (seconds <= 48 * 3600)
            .then_some(Self(Duration::from_secs(seconds)))
            .ok_or(WRONG)
    }
}

/// How it stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stand {
    ready: bool,
    /// The device, once it is registered.
    device: Option<Device>,
    /// Which profile it has, and why.
    profile: Option<DeviceProfile>,
}

impl Stand {
    fn of(device: Option<Device>, profile: Option<DeviceProfile>) -> Self {
        Self {
            ready: device.is_some() && profile.as_ref().is_some_and(DeviceProfile::is_ready),
            device,
            profile,
        }
    }

    /// What is waited for.
    const fn lacks(&self) -> &'static str {
        match (&self.device, &self.profile) {
            (None, _) => "waiting until the device is registered",
            (Some(_), Some(profile)) if matches!(profile.assignment_status, AssignmentStatus::Failed) => {
                "waiting until the device has a profile that it can use"
            }
            (Some(_), _) => "waiting until a profile is assigned to the device",
        }
    }
}

/// Runs the command.
pub(super) async fn run(args: &WaitArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let place = args.device.registry.place(around).await?;
    let end = Instant::now() + args.timeout.0;
    // While this process has the data directory, nobody else changes anything in it.
    let alone = matches!(&place, Place::Registry(State::Here(here)) if matches!(here.held, Held::ByThis(_)));
    let bar = progress::waiting("looking for the device");
    let stand = loop {
        let left = end.saturating_duration_since(Instant::now());
        let stand = look(&place, &args.device, if alone { Duration::ZERO } else { left }).await?;
        let left = end.saturating_duration_since(Instant::now());
        if stand.ready || alone || left.is_zero() {
            break stand;
        }
        bar.set_message(stand.lacks());
        tokio::time::sleep(PAUSE.min(left)).await;
    };
    bar.finish_and_clear();
    match args.device.json {
        true => out.json(&stand)?,
        // Who asked for one look alone is not told that nothing was waited for.
        false => show(&args.device.device, &stand, alone && !args.timeout.0.is_zero(), out)?,
    }
    Ok(Exit::unless(!stand.ready))
}

/// How it stands now; a server may take this long to answer.
async fn look(place: &Place, args: &DeviceArgs, left: Duration) -> Result<Stand, Failure> {
    let (text, tenant) = (args.device.trim(), args.tenant.as_deref());
    match place {
        Place::Registry(registry) => {
            let Some(device) = one(text, find(registry, text, tenant).await?, |device| device.state)? else {
                return Ok(Stand::of(None, None));
            };
            let contacts = registry.contacts();
            let profile = DeviceProfile::read(&registry.profiles(), &contacts, &device, Eyes::Tenants).await?;
            Ok(Stand::of(Some(Device::read(&contacts, device).await?), Some(profile)))
        }
        Place::Server(server) => {
            let Some(device) = one(text, find_there(server, text, tenant).await?, |device| device.state)? else {
                return Ok(Stand::of(None, None));
            };
            let wait = left.min(AT_ONCE).as_secs();
            let profile = server.device_profile_within(device.tenant, device.id, wait).await?;
            Ok(Stand::of(Some(device), profile))
        }
    }
}

/// The one of these that is registered.
fn one<T>(text: &str, found: Vec<T>, state: impl Fn(&T) -> DeviceState) -> Result<Option<T>, Failure> {
    let mut found = found
        .into_iter()
        .filter(|device| state(device) == DeviceState::Registered);
    match (found.next(), found.next()) {
        (first, None) => Ok(first),
        (_, Some(_)) => Err(Failure::new(
            format_args!("several devices have the serial number `{}`", plain(text)),
            "Give the id of one of them; `muster devices show` lists them.",
        )),
    }
}

fn show(device: &str, stand: &Stand, alone: bool, out: &mut Output) -> Result<(), Failure> {
    let name = plain(device);
    if stand.ready {
        let profile = stand.profile.as_ref().and_then(|told| told.profile.as_ref());
        let profile = profile.map(|profile| format!(" and has the profile `{}`", plain(&profile.name)));
        let ready = out.paint(Style::Good, "Ready:");
        return out.line(format_args!(
            "{ready} `{name}` is registered{}. It may be connected now.",
            profile.unwrap_or_default()
        ));
    }
    let why = match &stand.device {
        None => "it is not registered",
        Some(_) => match stand.profile.as_ref().map(|told| told.assignment_status) {
            Some(AssignmentStatus::Failed) => "it is registered, and cannot use the profile that is assigned to it",
            _ => "it is registered, and no profile is assigned to it",
        },
    };
    let not = out.paint(Style::Bad, "Not ready:");
    out.line(format_args!("{not} `{name}`: {why}. Do not connect it yet."))?;
    match &stand.device {
        None => out.line("  Register it, or see what became of its list: muster uploads list --tenant …")?,
        Some(device) => out.line(format_args!(
            "  See which profiles there are for it: muster profiles explain {}",
            device.id
        ))?,
    }
    match alone {
        true => out.line("  Nothing changes while this command has the data directory, so it did not wait."),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_a_number_and_a_unit() {
        let seconds = |text: &str| text.parse::<Timeout>().map(|time| time.0.as_secs()).ok();
        for (text, expected) in [
            ("0s", Some(0)),
            ("90s", Some(90)),
            ("30m", Some(1800)),
            ("48h", Some(172_800)),
            ("49h", None),
            ("", None),
            ("s", None),
            ("30", None),
            ("-1s", None),
            ("1ä", None),
            ("4294967295h", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
