//! What the command line takes; each command's own arguments stand beside it.

use clap::{Parser, Subcommand};

use crate::commands::boot::BootArgs;
use crate::commands::catalogue::CatalogueArgs;
use crate::commands::check::CheckArgs;
use crate::commands::compare::CompareArgs;
use crate::commands::consent::ConsentArgs;
use crate::commands::decode::DecodeArgs;
use crate::commands::devices::DevicesArgs;
use crate::commands::fsck::FsckArgs;
use crate::commands::harvest::HarvestArgs;
use crate::commands::login::{LoginArgs, LogoutArgs};
use crate::commands::partners::PartnersArgs;
use crate::commands::profiles::ProfilesArgs;
use crate::commands::register::RegisterArgs;
use crate::commands::sample::SampleArgs;
use crate::commands::serve::ServeArgs;
use crate::commands::tenants::TenantsArgs;
use crate::commands::token::TokenArgs;
use crate::commands::uploads::UploadsArgs;

/// An open registry for zero-touch device deployment: device lists in, registered devices out.
#[derive(Debug, Parser)]
#[command(name = "muster", version, disable_help_subcommand = true, max_term_width = 110)]
#[command(after_help = "\
Without a command, `muster` says what to do next.
Exit code: 0 done and all is well; 1 done, but rows failed or the answer is no; 2 not done.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register the devices of a list for a tenant
    Register(RegisterArgs),
    /// Register those devices of an inventory that a profile converts
    Harvest(HarvestArgs),
    /// Say what registering a device list would come to, without registering anything
    Check(CheckArgs),
    /// Serve an S3 endpoint and the HTTP API on this machine, and register what is uploaded
    Serve(ServeArgs),
    /// Make tenants known, change what is recorded of them, and list them
    Tenants(TenantsArgs),
    /// Make partners known and list them
    Partners(PartnersArgs),
    /// Ask for, give and take back consent
    Consent(ConsentArgs),
    /// List, show, change and release devices
    Devices(DevicesArgs),
    /// Make, change and assign deployment profiles, and say which one a device has and why
    Profiles(ProfilesArgs),
    /// See and take back what manufacturers made known, and hand out PKIDs
    Catalogue(CatalogueArgs),
    /// List and show uploads
    Uploads(UploadsArgs),
    /// Play a device that boots, and show what it is told
    Boot(BootArgs),
    /// Give out a token of the development issuer, for `muster serve`
    Token(TokenArgs),
    /// Keep a token for a server, which `--server` uses then
    Login(LoginArgs),
    /// Forget the token of a server
    Logout(LogoutArgs),
    /// Check that what is stored is consistent, and mend what has one way to be mended
    Fsck(FsckArgs),
    /// Show what hardware hashes say
    Decode(DecodeArgs),
    /// Say whether two hardware hashes are the same device, and why
    Compare(CompareArgs),
    /// Write a synthetic device list of any size
    Sample(SampleArgs),
}
