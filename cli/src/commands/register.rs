//! `muster register`: a device list in, registered devices out.

mod answer;
mod drop;
mod sent;
mod unanswered;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use muster_core::channel::Channel;
use muster_core::id::PartnerId;
use muster_core::inbox::{InboxKey, OnConflict, UploadOptions};
use muster_core::party::{Partner, PartnerKind, Tenant};
use muster_store::uploads::Progress;
use muster_store::{Registry, TenantCreation};
use registration_api::model::Upload;

use crate::commands::check::for_this_caller;
use crate::commands::tenants;
use crate::failure::{Exit, Failure};
use crate::here::Held;
use crate::output::{self, Output, plain};
use crate::remote::{Address, Server};
use crate::state::{self, DataDirArgs, Surroundings};
use crate::watch;

use answer::{Answer, Files, TenantAnswer};
use drop::{Dropped, Source};
pub(crate) use sent::until_final;

/// What `muster register` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster register samples/device-list.csv --tenant Contoso
  muster register list.csv --tenant Contoso --group-tag Office
  muster register list.csv --tenant Contoso --validate-only
  muster register list.csv --tenant Contoso --partner fabrikam --json | jq .outcomes
  muster register list.csv --tenant Contoso --server https://muster.example
  muster register factory.csv --catalogue --partner northwind --intended-for fabrikam

The same list again registers nothing twice. A run that was killed goes on where it stopped when the same command is \
given again. An empty or absent cell never clears a stored value. With --server the tenant must be known, and the reports \
are put in ./reports; Ctrl-C ends the waiting, not the upload.
Exit code: 0 every row is registered, updated or unchanged; 1 rows failed, or the file was refused; 2 not done.")]
pub(crate) struct RegisterArgs {
    /// The device list; `-` for stdin
    file: PathBuf,
    /// The tenant's id or name; an unknown one is made on the spot
    #[arg(long, required_unless_present = "catalogue")]
    tenant: Option<String>,
    /// Make the devices known in the manufacturer's catalogue instead, for nobody in particular; each row needs its hardware
    /// hash
    #[arg(long, conflicts_with_all = ["tenant", "channel", "group_tag"], requires = "partner")]
    catalogue: bool,
    /// The partner that the devices of a catalogue are meant for, which may read their PKIDs
    #[arg(long, value_name = "PARTNER", requires = "catalogue")]
    intended_for: Option<PartnerId>,
    /// oem-direct, partner-center, intune, store-for-business or m365-business
    /// [default: intune; with --partner partner-center, for an OEM oem-direct]
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<Channel>,
    /// The partner that registers, under the consent that the tenant gave it
    #[arg(long)]
    partner: Option<PartnerId>,
    /// Refuse the file when it has more rows than the channel takes at once
    #[arg(long)]
    strict: bool,
    /// For rows that bring no group tag of their own
    #[arg(long, value_name = "TAG")]
    group_tag: Option<String>,
    /// What becomes of group tag and user of devices that the tenant has already
    #[arg(long, value_enum, default_value = "update")]
    on_conflict: OnConflictArg,
    /// Register nothing, and say what would become of each row
    #[arg(long)]
    validate_only: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// The URL of a server, whose HTTP API is used then; see `muster login`
    #[arg(long, value_name = "URL", conflicts_with = "data_dir")]
    server: Option<Address>,
    #[command(flatten)]
    data: DataDirArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnConflictArg {
    /// Take them from the list
    Update,
    /// Leave them as they are
    Keep,
}

/// Runs the command.
pub(crate) async fn run(args: &RegisterArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    if args.channel == Some(Channel::Automatic) {
        return Err(Failure::new(
            "the channel automatic is for what the tenant's MDM service reports, of which a profile decides",
            format_args!("Use `muster harvest`, or leave --channel off to register the whole list."),
        ));
    }
    let source = Source::open(&args.file)?;
    if let Some(address) = &args.server {
        let server = Server::open(address, around)?;
        return sent::run(args, &source, &server, around, out).await;
    }
    let here = args.data.open(around).await?;
    let partner = match &args.partner {
        Some(id) => Some(state::partner(&here, id).await?),
        None => None,
    };
    let channel = match args.catalogue {
        true => Channel::Catalogue,
        false => args.channel.unwrap_or_else(|| default_channel(partner.as_ref())),
    };
    for_this_caller(channel, args.partner.as_ref())?;
    if let Some(partner) = partner.as_ref().filter(|partner| !channel.admits(Some(partner.kind))) {
        return Err(Failure::new(
            format_args!(
                "the channel {channel} is not for `{}`, which is {}",
                partner.id,
                kind_name(partner.kind)
            ),
            match args.catalogue {
                true => "Name a manufacturer: a partner of the kind oem.".to_owned(),
                false => format!("Use {}.", default_channel(Some(partner))),
            },
        ));
    }
    let options = options(args, &source)?;
    let (tenant, key) = match (&args.tenant, &args.partner) {
        (None, Some(partner)) => {
            catalogue(&here, partner, args.intended_for.as_ref(), around).await?;
            (None, InboxKey::of_catalogue(partner, source.name()))
        }
        (tenant, partner) => {
            let text = tenant.as_deref().unwrap_or_default();
            let tenant = tenant_of(&here, text, args, around).await?;
            let partner = partner.as_ref().map(PartnerId::as_str);
            let key = InboxKey::format(channel.as_str(), partner, &tenant.id.to_string(), source.name());
            (Some(tenant), key)
        }
    };
    let dropped = Dropped::put(&here, &key, &source, &options).await?;
    if dropped.resumed && !args.json {
        output::remark(match here.held {
            Held::ByThis(_) => "An earlier run of this command was interrupted; it goes on where it stopped.",
            Held::ByServer(_) => "This file is under way already, or nobody was told what became of it.",
        });
    }
    let status = watch::until_final(&here, &dropped.id).await?;
    let upload = Upload::of(status, &Progress::default(), (around.clock)());
    let target = here.directory.join("reports").join(&upload.id);
    let files = Files::copy(&here, &upload, &target).await?;
    let answer = Answer::of(upload, tenant, files, dropped.resumed)?;
    tell(&answer, args, out)?;
    dropped.answered();
    Ok(answer.exit())
}

fn tell(answer: &Answer, args: &RegisterArgs, out: &mut Output) -> Result<(), Failure> {
    match args.json {
        true => answer.json(out)?,
        false => answer.show(out)?,
    }
    out.flush()
}

fn options(args: &RegisterArgs, source: &Source) -> Result<UploadOptions, Failure> {
    let group_tag = args.group_tag.as_deref().map(str::trim).filter(|tag| !tag.is_empty());
    let options = UploadOptions {
        group_tag: group_tag.map(str::to_owned),
        strict: args.strict,
        on_conflict: match args.on_conflict {
            OnConflictArg::Update => OnConflict::Update,
            OnConflictArg::Keep => OnConflict::Keep,
        },
        sha256: Some(source.sha256().to_owned()),
        validate_only: args.validate_only,
        intended_for: args.intended_for.clone(),
    };
    // The same rules as for metadata that came with a file in the bucket.
    let metadata = options.to_metadata();
    match UploadOptions::from_metadata(metadata.iter().map(|(name, value)| (name.as_str(), value.as_str()))) {
        Ok(_) => Ok(options),
        Err(error) => Err(Failure::new(error, "Correct the option.")),
    }
}

fn default_channel(partner: Option<&Partner>) -> Channel {
    match partner.map(|partner| partner.kind) {
        None => Channel::Intune,
        Some(PartnerKind::Oem) => Channel::OemDirect,
        Some(_) => Channel::PartnerCenter,
    }
}

fn kind_name(kind: PartnerKind) -> &'static str {
    if kind.is_csp() { "a CSP" } else { "an OEM" }
}

/// The tenant that is meant; one that is made on the spot is remarked upon.
async fn tenant_of(
    registry: &Registry,
    text: &str,
    args: &RegisterArgs,
    around: &Surroundings,
) -> Result<TenantAnswer, Failure> {
    let (tenant, created) = match args.validate_only {
        true => (state::tenant(registry, text).await?, false),
        false => tenant(registry, text, around).await?,
    };
    if created && !args.json {
        let (name, id) = (plain(&tenant.name), tenant.id);
        output::remark(format_args!(
            "The tenant `{name}` was not known and is made now, with the id {id}."
        ));
    }
    Ok(TenantAnswer {
        id: tenant.id,
        name: tenant.name,
        created,
    })
}

/// Sees to it that a manufacturer's catalogue can be written: one that an older Muster made known gets its grant here.
async fn catalogue(
    registry: &Registry,
    partner: &PartnerId,
    intended_for: Option<&PartnerId>,
    around: &Surroundings,
) -> Result<(), Failure> {
    if let Some(meant) = intended_for {
        state::partner(registry, meant).await?;
    }
    registry.grants().ensure_catalogue(partner, (around.clock)()).await?;
    Ok(())
}

/// The tenant that is meant; whether it was made.
async fn tenant(registry: &Registry, text: &str, around: &Surroundings) -> Result<(Tenant, bool), Failure> {
    let name = tenants::name(text)?;
    let tenants = registry.tenants();
    if let Some(tenant) = tenants.find(name).await? {
        return Ok((tenant, false));
    }
    let id = name
        .parse()
        .unwrap_or_else(|_| muster_core::id::TenantId::new((around.new_id)()));
    let tenant = Tenant::new(id, name, (around.clock)());
    match tenants.create(&tenant).await? {
        TenantCreation::Created => Ok((tenant, true)),
        TenantCreation::Exists | TenantCreation::NameTaken => Ok((state::tenant(registry, name).await?, false)),
    }
}
