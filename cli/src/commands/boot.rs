//! `muster boot`: plays a device that boots, and shows what it is told.

use std::borrow::Cow;
use std::ffi::OsString;

use clap::Args;
use deployment_api::model::{Answer, Lookup};
use deployment_api::{DeploymentApi, read};
use muster_store::Registry;

use crate::deployed::RegistryArgs;
use crate::failure::{Exit, Failure};
use crate::hashes;
use crate::output::{self, Output, Style, plain};
use crate::remote::Booting;
use crate::state::Surroundings;

/// What `muster boot` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster boot --hash hash.txt --server https://muster.example
  muster boot --hash samples/device-list.csv --serial TEST-1-0000001
  muster boot --manufacturer Contoso --model 'Contoso Book 5' --serial TEST-1-0000001

A device shows no token, and this command needs none. What it is told is recorded as its contact, like that of the device
itself. The registry on this machine is asked directly, without a nonce.
Exit code: 0 the device gets a profile; 1 it is refused; 2 it was not asked.")]
pub(crate) struct BootArgs {
    /// The hash that the device shows: as text, in a file, on stdin (`-`), or in a device list
    #[arg(long, value_name = "HASH|FILE|-", required_unless_present = "manufacturer", conflicts_with_all = ["manufacturer", "model"])]
    hash: Option<OsString>,
    /// The serial number that the device shows; with --hash, which row of the list is meant
    #[arg(long)]
    serial: Option<String>,
    /// The manufacturer that the device shows
    #[arg(long, requires_all = ["model", "serial"])]
    manufacturer: Option<String>,
    /// The model that the device shows
    #[arg(long, requires = "manufacturer")]
    model: Option<String>,
    /// The build of Windows that the device names
    #[arg(long, value_name = "BUILD")]
    os_build: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs the command.
pub(crate) async fn run(args: &BootArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let shown = shown(args)?;
    let told = match args.registry.server() {
        Some(address) => Booting::at(address, &around.env)?.boot(shown).await?,
        None => here(&*args.registry.open(around).await?, &shown, around).await?,
    };
    let refused = matches!(told, Answer::Refused { .. });
    match args.json {
        true => out.json(&told)?,
        false => show(&told, out)?,
    }
    Ok(Exit::unless(refused))
}

/// What the device shows.
fn shown(args: &BootArgs) -> Result<Lookup, Failure> {
    let mut shown = Lookup {
        os_build: args.os_build.clone(),
        ..Lookup::default()
    };
    match &args.hash {
        Some(hash) => shown.hardware_hash = Some(hash_of(hash, args.serial.as_deref())?),
        None => {
            shown.manufacturer.clone_from(&args.manufacturer);
            shown.model.clone_from(&args.model);
            shown.serial_number.clone_from(&args.serial);
        }
    }
    Ok(shown)
}

/// The one hash that is meant.
fn hash_of(given: &OsString, serial: Option<&str>) -> Result<String, Failure> {
    let mut found = None;
    let name = output::path(given.as_ref());
    hashes::for_each(given, |hash| {
        if serial.is_some() && hash.serial != serial {
            return Ok(());
        }
        if found.is_some() {
            return Err(Failure::new(
                format_args!("{name} holds more than one hash"),
                "Say which with --serial, or give the hash in a file of its own.",
            ));
        }
        found = hash.text.map(|text| text.split_whitespace().collect());
        Ok(())
    })?;
    found.ok_or_else(|| match serial {
        Some(serial) => Failure::new(
            format_args!("{name} holds no hash with the serial number `{}`", plain(serial)),
            "Check the serial number; a file that is no device list has none.",
        ),
        None => Failure::new(format_args!("{name} holds no hash"), "Give a hash or a file with one."),
    })
}

/// Asks the registry of this machine, or of a deployment, as the function does.
async fn here(registry: &Registry, shown: &Lookup, around: &Surroundings) -> Result<Answer, Failure> {
    let function = DeploymentApi {
        nonces: registry.nonces(),
        rates: registry.rates(),
        devices: registry.devices(),
        tenants: registry.tenants(),
        profiles: registry.profiles(),
        contacts: registry.contacts(),
        new_id: std::sync::Arc::new(around.new_id),
    };
    let shown = read(shown).map_err(|problem| {
        let body = problem.body();
        Failure::new(
            format_args!("the device cannot ask: {}", plain(body.detail.trim_end_matches('.'))),
            "Correct what it shows.",
        )
    })?;
    Ok(function.answer(&shown, (around.clock)()).await?)
}

fn show(told: &Answer, out: &mut Output) -> Result<(), Failure> {
    match told {
        Answer::Refused {
            code,
            name,
            detail,
            remedy,
        } => {
            let title = out.paint(Style::Bad, format_args!("{code} {}", plain(name)));
            out.line(title)?;
            out.line(format_args!("  {}\n  {}", plain(detail), plain(remedy)))
        }
        Answer::Profile {
            registration,
            configuration,
            enrollment_status_page,
        } => {
            let name = plain(&configuration.deployment_profile_name);
            let title = format!(
                "Device {} of tenant {} gets the profile `{name}`.",
                registration.id, registration.tenant
            );
            out.line(out.paint(Style::Good, title))?;
            let mut rows = members(configuration)?;
            if let Some(page) = enrollment_status_page {
                rows.extend(members(page)?);
            }
            out.table(output::name_table(&rows), 2)
        }
    }
}

/// The members of a value, as they are written.
fn members(value: &impl serde::Serialize) -> Result<Vec<(Cow<'static, str>, String)>, Failure> {
    let value = serde_json::to_value(value).map_err(std::io::Error::from)?;
    let members = value.as_object().into_iter().flatten();
    let told = members.map(|(name, value)| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), |text| plain(text).into_owned());
        (Cow::Owned(name.clone()), value)
    });
    Ok(told.collect())
}
