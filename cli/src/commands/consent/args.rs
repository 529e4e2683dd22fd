//! What `muster consent` takes.

use clap::{Args, Subcommand, ValueEnum};
use muster_core::channel::Channel;
use muster_core::grant::Verb;
use muster_core::id::PartnerId;
use muster_core::party::PartnerKind;

use super::expiry::Expiry;
use crate::deployed::{ListedArgs, RegistryArgs};

/// What `muster consent` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster consent request --tenant Contoso --partner fabrikam --kind csp-direct --expires 90d
  muster consent grant --tenant Contoso --partner fabrikam --verbs register,update
  muster consent list --tenant Contoso
  muster consent changes --tenant Contoso

A partner registers nothing without a consent in force. A revocation that has been answered is final: nothing that was \
accepted before is registered afterwards, and a consent given anew does not revive it.")]
pub(crate) struct ConsentArgs {
    #[command(subcommand)]
    pub(super) command: ConsentCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConsentCommand {
    /// Ask a tenant for consent, in a partner's name; an unknown partner is made known
    Request(RequestArgs),
    /// Say yes, in the tenant's name, to all that was asked for or to a part of it
    Grant(GrantArgs),
    /// Say no, in the tenant's name
    Decline(DecisionArgs),
    /// Take a consent back, in the tenant's name
    Revoke(DecisionArgs),
    /// List the consents of a tenant, or of a partner
    List(ListArgs),
    /// List who asked and decided, when and from where, newest first
    Changes(ChangesArgs),
}

#[derive(Debug, Args)]
pub(super) struct RequestArgs {
    /// The tenant's id or name
    #[arg(long)]
    pub(super) tenant: String,
    /// The partner's id: letters, digits, `.`, `_` or `-`
    #[arg(long)]
    pub(super) partner: PartnerId,
    /// What the partner is; needed while it is not known
    #[arg(long, value_enum)]
    pub(super) kind: Option<KindArg>,
    /// The provider of an indirect reseller, which the consent covers too
    #[arg(long, value_name = "PARTNER")]
    pub(super) provider: Option<PartnerId>,
    /// When the consent ends by itself: `90d`, or a time such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(super) expires: Option<Expiry>,
    /// Ask for delegated administration too; nothing depends on it
    #[arg(long)]
    pub(super) delegated_administration: bool,
    /// Print the consent as JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
}

#[derive(Debug, Args)]
pub(super) struct DecisionArgs {
    /// The tenant's id or name
    #[arg(long)]
    pub(super) tenant: String,
    /// The partner's id
    #[arg(long)]
    pub(super) partner: PartnerId,
    /// Print the consent as JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
}

#[derive(Debug, Args)]
pub(super) struct GrantArgs {
    #[command(flatten)]
    pub(super) decision: DecisionArgs,
    /// Allow only this of what was asked for; several are separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(super) verbs: Option<Vec<VerbArg>>,
    /// Allow only these channels of those that were asked for; several are separated by commas
    #[arg(long, value_delimiter = ',')]
    pub(super) channels: Option<Vec<Channel>>,
    /// When the consent ends by itself, no later than was asked for: `90d`, or a time such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(super) expires: Option<Expiry>,
    /// Leave delegated administration off
    #[arg(long)]
    pub(super) no_delegated_administration: bool,
}

#[derive(Debug, Args)]
pub(super) struct ChangesArgs {
    /// The tenant's id or name
    #[arg(long)]
    pub(super) tenant: String,
    /// The changes of the consent for this partner only
    #[arg(long)]
    pub(super) partner: Option<PartnerId>,
    #[command(flatten)]
    pub(super) list: ListedArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// The tenant's id or name
    #[arg(long, required_unless_present = "partner", conflicts_with = "partner")]
    pub(super) tenant: Option<String>,
    /// The partner's id
    #[arg(long)]
    pub(super) partner: Option<PartnerId>,
    #[command(flatten)]
    pub(super) list: ListedArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum VerbArg {
    Register,
    Update,
    Release,
}

impl From<VerbArg> for Verb {
    fn from(verb: VerbArg) -> Self {
        match verb {
            VerbArg::Register => Self::Register,
            VerbArg::Update => Self::Update,
            VerbArg::Release => Self::Release,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum KindArg {
    Oem,
    CspDirect,
    CspProvider,
    CspReseller,
}

impl From<KindArg> for PartnerKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Oem => Self::Oem,
            KindArg::CspDirect => Self::CspDirect,
            KindArg::CspProvider => Self::CspProvider,
            KindArg::CspReseller => Self::CspReseller,
        }
    }
}
