//! What `muster devices` takes.

use std::ffi::OsString;

use clap::{Args, Subcommand, ValueEnum};
use muster_core::device::DeviceState;
use muster_core::id::{DeviceId, PartnerId, UploadId};
use muster_core::repair::RemediationState;

use crate::deployed::{DeviceArgs, ListedArgs, TenantArgs};

/// What `muster devices` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster devices list --tenant Contoso
  muster devices list --tenant Contoso --group-tag Sales --state released
  muster devices show TEST-1-0000001
  muster devices update 1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f --tenant Contoso --group-tag Sales --user \"\"
  muster devices wait TEST-1-0000001 --tenant Contoso --timeout 30m
  muster devices history 1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f
  muster devices rebind 1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f --tenant Contoso --hash new.txt --reason \"new board\"
  muster devices release 1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f --tenant Contoso")]
pub(crate) struct DevicesArgs {
    #[command(subcommand)]
    pub(super) command: DevicesCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum DevicesCommand {
    /// List the devices of a tenant
    List(ListArgs),
    /// Show all that is known of a device
    Show(DeviceArgs),
    /// End the association of a device with its tenant; its identities are free then
    Release(ReleaseArgs),
    /// Change what is recorded of a device
    Update(UpdateArgs),
    /// Give a device the parts of its new board, after a repair
    Rebind(RebindArgs),
    /// Show what became of a device, newest first
    History(HistoryArgs),
    /// Wait until a device may be connected: it is registered, and has a profile
    Wait(super::wait::WaitArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// The tenant's id or name
    #[arg(long)]
    pub(super) tenant: String,
    /// Only devices whose serial number begins so
    #[arg(long, default_value = "", hide_default_value = true, value_name = "PREFIX")]
    pub(super) serial: String,
    /// Only devices with this group tag
    #[arg(long, value_name = "TAG")]
    pub(super) group_tag: Option<String>,
    /// Only devices in this state
    #[arg(long, value_enum, default_value_t = StateArg::Registered)]
    pub(super) state: StateArg,
    /// Only devices that this partner registered
    #[arg(long)]
    pub(super) partner: Option<PartnerId>,
    /// Only devices that this upload registered
    #[arg(long)]
    pub(super) upload: Option<UploadId>,
    /// Only devices that need this after their hardware changed
    #[arg(long, value_enum)]
    pub(super) remediation: Option<RemediationArg>,
    #[command(flatten)]
    pub(super) list: ListedArgs,
}

#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    /// The device's id
    #[arg(value_name = "ID")]
    pub(super) device: DeviceId,
    #[command(flatten)]
    pub(super) common: TenantArgs,
}

#[derive(Debug, Args)]
pub(super) struct UpdateArgs {
    /// The device's id
    #[arg(value_name = "ID")]
    pub(super) device: DeviceId,
    #[command(flatten)]
    pub(super) edit: EditArgs,
    #[command(flatten)]
    pub(super) common: TenantArgs,
}

#[derive(Debug, Args)]
pub(super) struct RebindArgs {
    /// The device's id
    #[arg(value_name = "ID")]
    pub(super) device: DeviceId,
    /// The hardware hash after the repair: as text, a file with one, or `-` for stdin
    #[arg(long, value_name = "FILE")]
    pub(super) hash: OsString,
    /// Why, in words; kept in the device's history
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) common: TenantArgs,
}

/// What to change; an empty value clears.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct EditArgs {
    /// The group tag; "" clears it
    #[arg(long, value_name = "TAG")]
    pub(super) group_tag: Option<String>,
    /// The assigned user, as a user principal name; "" clears it
    #[arg(long, value_name = "UPN")]
    pub(super) user: Option<String>,
    /// The name that the device shall get: up to 15 letters, digits and hyphens; "" clears it
    #[arg(long, value_name = "NAME")]
    pub(super) display_name: Option<String>,
    /// The order that it was bought by; "" clears it
    #[arg(long, value_name = "ORDER")]
    pub(super) purchase_order: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// The device's id
    #[arg(value_name = "ID")]
    pub(super) device: DeviceId,
    /// The tenant that it belongs to; needed with --server where the token is for no tenant of its own
    #[arg(long)]
    pub(super) tenant: Option<String>,
    #[command(flatten)]
    pub(super) list: ListedArgs,
}

/// As the API names them.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "camelCase")]
#[expect(clippy::enum_variant_names, reason = "the words are Microsoft Graph's")]
pub(super) enum RemediationArg {
    NoRemediationRequired,
    AutomaticRemediationRequired,
    ManualRemediationRequired,
}

impl From<RemediationArg> for RemediationState {
    fn from(state: RemediationArg) -> Self {
        match state {
            RemediationArg::NoRemediationRequired => Self::NoRemediationRequired,
            RemediationArg::AutomaticRemediationRequired => Self::AutomaticRemediationRequired,
            RemediationArg::ManualRemediationRequired => Self::ManualRemediationRequired,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum StateArg {
    Registered,
    Released,
    Merged,
}

impl From<StateArg> for DeviceState {
    fn from(state: StateArg) -> Self {
        match state {
            StateArg::Registered => Self::Registered,
            StateArg::Released => Self::Released,
            StateArg::Merged => Self::Merged,
        }
    }
}
