//! What `muster uploads` takes.

use std::fmt;
use std::str::FromStr;

use clap::{Args, Subcommand};
use muster_core::id::{AnnouncementId, IdError, PartnerId, UploadId};

use crate::deployed::{ListedArgs, RegistryArgs};

/// What `muster uploads` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster uploads list --tenant Contoso
  muster uploads list --catalogue northwind
  muster uploads list --unassigned
  muster uploads show <ID> --json | jq .counts
  muster uploads cancel <ID>
  muster uploads resume <ID>
  muster uploads show <ID> --server https://muster.example")]
pub(crate) struct UploadsArgs {
    #[command(subcommand)]
    pub(super) command: UploadsCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum UploadsCommand {
    /// List the uploads of a tenant, newest first
    List(ListArgs),
    /// Show an upload
    Show(ShowArgs),
    /// Call an upload off; what is registered by then stays
    Cancel(ShowArgs),
    /// Take up an upload that was given up, and see it through
    Resume(ShowArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// The tenant's id or name
    #[arg(long, required_unless_present_any = ["unassigned", "catalogue"], conflicts_with_all = ["unassigned", "catalogue"])]
    pub(super) tenant: Option<String>,
    /// Those for the catalogue of this manufacturer
    #[arg(long, value_name = "PARTNER", conflicts_with = "unassigned")]
    pub(super) catalogue: Option<PartnerId>,
    /// Those that were refused before their tenant was known, and objects in the bucket that are no upload
    #[arg(long)]
    pub(super) unassigned: bool,
    #[command(flatten)]
    pub(super) list: ListedArgs,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The upload's id
    #[arg(value_name = "ID")]
    pub(super) upload: AnyId,
    /// The tenant that it is for, or what stands for a catalogue in its place; needed with --server where the token is for no tenant of its own
    #[arg(long)]
    pub(super) tenant: Option<String>,
    /// Print the upload as JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
}

/// The id of an upload: its own, or the one that a server announced it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AnyId {
    /// Its own.
    Own(UploadId),
    /// That of its announcement.
    Announced(AnnouncementId),
}

impl FromStr for AnyId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.parse() {
            Ok(id) => Ok(Self::Announced(id)),
            Err(_) => text.parse().map(Self::Own),
        }
    }
}

impl fmt::Display for AnyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(id) => id.fmt(f),
            Self::Announced(id) => id.fmt(f),
        }
    }
}
