//! What `muster profiles` takes.

use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};
use muster_core::channel::Channel;
use muster_core::id::DeviceId;
use muster_core::profile::{DeviceType, Join, Mode, UserType};

use crate::deployed::{DeviceArgs, RegistryArgs, TenantArgs};
use crate::state::PageArgs;

/// What `muster profiles` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster profiles add Sales --tenant Contoso --hide-license-terms --name-template PC-%SERIAL%
  muster profiles assign Sales --tenant Contoso --group-tag Sales
  muster profiles add Kiosk --tenant Contoso --mode selfDeploying --language os-default
  muster profiles list --tenant Contoso
  muster profiles devices Sales --tenant Contoso
  muster profiles edit Sales --tenant Contoso --language de-DE --skip-keyboard-page
  muster profiles explain TEST-1-0000001
  muster profiles export Sales --tenant Contoso --existing-devices --output AutopilotConfigurationFile.json
  muster profiles unassign Sales --tenant Contoso
  muster profiles remove Sales --tenant Contoso")]
pub(crate) struct ProfilesArgs {
    #[command(subcommand)]
    pub(super) command: ProfilesCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum ProfilesCommand {
    /// Make a profile
    Add(AddArgs),
    /// List the profiles of a tenant, the oldest first
    List(ListArgs),
    /// Show all that a profile says, and whom it is for
    Show(ShowArgs),
    /// Change what a profile says
    Edit(EditArgs),
    /// Delete a profile that is not assigned
    Remove(ShowArgs),
    /// Say which more devices a profile is for
    Assign(AssignArgs),
    /// Take back for which devices a profile is: all of it, or what is named
    Unassign(UnassignArgs),
    /// List the devices that have a profile, by whichever of its rules
    Devices(DevicesArgs),
    /// Say which profile a device has, and why
    Explain(DeviceArgs),
    /// Write a profile as the file that devices take which are there already
    Export(ExportArgs),
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// The profile's name
    pub(super) name: String,
    /// The channel that it is made in [default: intune, and partner-center for a partner's token]
    #[arg(long)]
    pub(super) channel: Option<Channel>,
    #[command(flatten)]
    pub(super) says: SaysArgs,
    #[command(flatten)]
    pub(super) common: TenantArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only profiles that were made in this channel
    #[arg(long)]
    pub(super) channel: Option<Channel>,
    #[command(flatten)]
    pub(super) page: PageArgs,
    #[command(flatten)]
    pub(super) common: TenantArgs,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The profile's id or name
    pub(super) profile: String,
    #[command(flatten)]
    pub(super) common: TenantArgs,
}

#[derive(Debug, Args)]
pub(super) struct EditArgs {
    /// The profile's id or name
    pub(super) profile: String,
    /// Another name
    #[arg(long = "rename", value_name = "NAME")]
    pub(super) name: Option<String>,
    #[command(flatten)]
    pub(super) says: SaysArgs,
    #[command(flatten)]
    pub(super) common: TenantArgs,
}

/// What a profile says; what is not named stays, and is off in a new one.
#[derive(Debug, Args)]
pub(super) struct SaysArgs {
    /// What people want to remember of it; "" clears it
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,
    /// The kind of device: windowsPc, holoLens, surfaceHub2, surfaceHub2S or virtualMachine
    #[arg(long, value_name = "KIND", value_parser = |text: &str| word(text, DeviceType::ALL, DeviceType::as_str))]
    pub(super) device_type: Option<DeviceType>,
    /// How a device is set up: userDriven or selfDeploying
    #[arg(long, value_name = "MODE", value_parser = |text: &str| word(text, Mode::ALL, Mode::as_str))]
    pub(super) mode: Option<Mode>,
    /// Which directory a device joins: entra or hybrid
    #[arg(long, value_name = "JOIN", value_parser = |text: &str| word(text, Join::ALL, Join::as_str))]
    pub(super) join: Option<Join>,
    /// A hybrid join does not wait for a domain controller in reach
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) skip_connectivity_check: Option<bool>,
    /// Leave out the page with the privacy settings
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) hide_privacy_settings: Option<bool>,
    /// Leave out the page with the license terms
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) hide_license_terms: Option<bool>,
    /// Leave out the page with the keyboard's layout, which follows the language then
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) skip_keyboard_page: Option<bool>,
    /// Leave out the link to use another account
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) hide_change_account: Option<bool>,
    /// What the user becomes: standard or administrator
    #[arg(long, value_name = "TYPE", value_parser = |text: &str| word(text, UserType::ALL, UserType::as_str))]
    pub(super) user_type: Option<UserType>,
    /// A locale such as de-DE, or os-default; "" lets the user choose
    #[arg(long, value_name = "LOCALE")]
    pub(super) language: Option<String>,
    /// What the device is called: letters, digits, hyphens, %SERIAL% and %RAND:x%; "" clears it
    #[arg(long, value_name = "TEMPLATE")]
    pub(super) name_template: Option<String>,
    /// Let a technician prepare the device before its user gets it
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) allow_preprovisioning: Option<bool>,
    /// Register devices that the tenant manages and that the profile targets
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) convert_targeted_devices: Option<bool>,
    /// The id of the MDM application that the device enrols with; "" is Intune
    #[arg(long, value_name = "GUID")]
    pub(super) mdm_app: Option<String>,
    /// The enrolment status page as JSON, such as {"installProgressTimeoutInMinutes":90}; "" takes it out
    #[arg(long, value_name = "JSON")]
    pub(super) status_page: Option<String>,
    /// The id of a scope tag of the MDM service; may be given several times, and then these are all; "" clears them
    #[arg(long, value_name = "ID", action = ArgAction::Append)]
    pub(super) role_scope_tag: Vec<String>,
    /// Give it to devices that no profile applies to
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) default: Option<bool>,
}

/// For which devices a profile is.
#[derive(Debug, Args)]
pub(super) struct Targets {
    /// Devices with this group tag; may be given several times
    #[arg(long, value_name = "TAG", action = ArgAction::Append)]
    pub(super) group_tag: Vec<String>,
    /// Not for devices with this group tag
    #[arg(long, value_name = "TAG", action = ArgAction::Append)]
    pub(super) exclude_group_tag: Vec<String>,
    /// All devices
    #[arg(long)]
    pub(super) all_devices: bool,
}

#[derive(Debug, Args)]
pub(super) struct AssignArgs {
    /// The profile's id or name
    pub(super) profile: String,
    #[command(flatten)]
    pub(super) targets: Targets,
    /// The device of this id, whatever its group tag; may be given several times
    #[arg(long, value_name = "ID", action = ArgAction::Append)]
    pub(super) device: Vec<DeviceId>,
    /// Not for the device of this id
    #[arg(long, value_name = "ID", action = ArgAction::Append)]
    pub(super) exclude_device: Vec<DeviceId>,
    #[command(flatten)]
    pub(super) common: TenantArgs,
}

#[derive(Debug, Args)]
pub(super) struct UnassignArgs {
    /// The profile's id or name
    pub(super) profile: String,
    #[command(flatten)]
    pub(super) targets: Targets,
    /// Take the device of this id off whichever list it is on
    #[arg(long, value_name = "ID", action = ArgAction::Append)]
    pub(super) device: Vec<DeviceId>,
    #[command(flatten)]
    pub(super) common: TenantArgs,
}

#[derive(Debug, Args)]
pub(super) struct DevicesArgs {
    /// The profile's id or name
    pub(super) profile: String,
    #[command(flatten)]
    pub(super) page: PageArgs,
    #[command(flatten)]
    pub(super) common: TenantArgs,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The profile's id or name
    pub(super) profile: String,
    /// As AutopilotConfigurationFile.json, for devices that are there already and registered nowhere
    #[arg(long, required = true)]
    pub(super) existing_devices: bool,
    /// The file to write; it is replaced [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// The tenant's id or name
    #[arg(long)]
    pub(super) tenant: String,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
}

/// The value of this name.
fn word<T: Copy>(text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, String> {
    let found = all
        .iter()
        .copied()
        .find(|value| name(*value).eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        let names: Vec<&str> = all.iter().copied().map(name).collect();
        format!("it is one of {}", names.join(", "))
    })
}
