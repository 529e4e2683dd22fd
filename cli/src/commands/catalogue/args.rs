//! What `muster catalogue` takes.

use clap::{Args, Subcommand};
use muster_core::catalogue::EntryId;
use muster_core::id::PartnerId;

use crate::deployed::RegistryArgs;
use crate::state::PageArgs;

/// What `muster catalogue` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster catalogue list --partner northwind
  muster catalogue show 1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f --partner northwind
  muster catalogue withdraw 1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f --partner northwind
  muster catalogue product-keys --partner northwind --for fabrikam

\
Devices are put into a catalogue with `muster register LIST --catalogue --partner PARTNER`.")]
pub(crate) struct CatalogueArgs {
    #[command(subcommand)]
    pub(super) command: CatalogueCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum CatalogueCommand {
    /// List what a manufacturer made known
    List(ListArgs),
    /// Show all that is told of an entry
    Show(ShowArgs),
    /// Take entries back whose devices nobody has registered
    Withdraw(WithdrawArgs),
    /// List the PKIDs of devices that are meant for a partner
    ProductKeys(KeysArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// The manufacturer
    #[arg(long)]
    pub(super) partner: PartnerId,
    /// Only devices that are meant for this partner
    #[arg(long, value_name = "PARTNER")]
    pub(super) intended_for: Option<PartnerId>,
    /// Only devices whose serial number begins so
    #[arg(long, default_value = "", hide_default_value = true, value_name = "PREFIX")]
    pub(super) serial: String,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) page: PageArgs,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The entry's id
    #[arg(value_name = "ID")]
    pub(super) entry: EntryId,
    /// The manufacturer
    #[arg(long)]
    pub(super) partner: PartnerId,
    /// Print the entry as JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
}

#[derive(Debug, Args)]
pub(super) struct WithdrawArgs {
    /// The entries' ids
    #[arg(value_name = "ID", required = true)]
    pub(super) entries: Vec<EntryId>,
    /// The manufacturer
    #[arg(long)]
    pub(super) partner: PartnerId,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
}

#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    /// The manufacturer
    #[arg(long)]
    pub(super) partner: PartnerId,
    /// The partner that the devices are meant for
    #[arg(long = "for", value_name = "PARTNER")]
    pub(super) meant: PartnerId,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) page: PageArgs,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
}
