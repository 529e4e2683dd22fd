//! `muster partners`: who hands devices in.

use clap::{Args, Subcommand};
use muster_core::id::PartnerId;
use muster_core::party::{Partner, PartnerKind};
use muster_store::Registry;
use registration_api::model;

use super::consent::KindArg;
use crate::deployed::{ListedArgs, Place, RegistryArgs};
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::state::{Surroundings, partner, time};

/// What `muster partners` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster partners add fabrikam --kind csp-direct --name \"Fabrikam Ltd.\"
  muster partners add northwind --kind csp-reseller --provider adatum
  muster partners list")]
pub(crate) struct PartnersArgs {
    #[command(subcommand)]
    command: PartnersCommand,
}

#[derive(Debug, Subcommand)]
enum PartnersCommand {
    /// Make a partner known, so that it can ask for consent
    Add(AddArgs),
    /// List the partners by id
    List(ListedArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
    /// The partner's id: letters, digits, `.`, `_` or `-`
    id: PartnerId,
    /// The name that customers see [default: the id]
    #[arg(long)]
    name: Option<String>,
    /// What the partner is
    #[arg(long, value_enum)]
    kind: KindArg,
    /// The provider of an indirect reseller
    #[arg(long, value_name = "PARTNER")]
    provider: Option<PartnerId>,
    /// Print the partner as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs the command.
pub(crate) async fn run(args: &PartnersArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    match &args.command {
        PartnersCommand::Add(args) => add(args, around, out).await,
        PartnersCommand::List(args) => list(args, around, out).await,
    }
}

/// Adds the partner; once it is known as asked for, adding it again changes nothing.
async fn add(args: &AddArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let name = args.name.as_deref().unwrap_or(args.id.as_str()).trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Failure::new("the partner has no name", "Give one with --name."));
    }
    let known = match args.registry.place(around).await? {
        Place::Registry(registry) => add_here(args, name, &registry, around).await?.into(),
        Place::Server(server) => {
            let new = model::CreatePartner {
                id: args.id.clone(),
                name: name.to_owned(),
                kind: args.kind.into(),
                provider: args.provider.clone(),
            };
            server.create_partner(&new).await?
        }
    };
    if args.json {
        out.json(&known)?;
    } else {
        out.line(format_args!(
            "The partner `{}` is known as {}.",
            known.id,
            known.kind.as_str()
        ))?;
    }
    Ok(Exit::Fine)
}

async fn add_here(args: &AddArgs, name: &str, registry: &Registry, around: &Surroundings) -> Result<Partner, Failure> {
    let new = Partner {
        id: args.id.clone(),
        name: name.to_owned(),
        kind: args.kind.into(),
        provider: args.provider.clone(),
        created_at: (around.clock)(),
    };
    if let Some(provider) = &new.provider {
        if new.kind != PartnerKind::CspReseller {
            let what = format!("a partner of the kind {} has no provider", new.kind.as_str());
            return Err(Failure::new(what, "Leave --provider off, or use --kind csp-reseller."));
        }
        if partner(registry, provider).await?.kind != PartnerKind::CspProvider {
            let what = format!("the partner `{provider}` is no provider");
            return Err(Failure::new(what, "Name a partner of the kind csp-provider."));
        }
    }
    let partners = registry.partners();
    if partners.create(&new).await? {
        return Ok(new);
    }
    let known = partner(registry, &new.id).await?;
    if (&known.name, known.kind, &known.provider) != (&new.name, new.kind, &new.provider) {
        let what = format!(
            "the partner `{}` is known as `{}`, {}",
            known.id,
            plain(&known.name),
            known.kind.as_str()
        );
        return Err(Failure::new(what, "Use another id."));
    }
    Ok(known)
}

async fn list(args: &ListedArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let page = match args.registry.place(around).await? {
        Place::Registry(registry) => page(args, &registry).await?,
        Place::Server(server) => {
            server
                .partners(args.page.from.as_deref(), &args.page.limit_text())
                .await?
        }
    };
    if args.json {
        out.json(&page)?;
        return Ok(Exit::Fine);
    }
    if page.partners.is_empty() {
        out.line("There are no partners.")?;
        return Ok(Exit::Fine);
    }
    let mut table = output::table(["ID", "NAME", "KIND", "PROVIDER", "ADDED"]);
    for partner in &page.partners {
        table.add_row([
            partner.id.to_string(),
            plain(&partner.name).into_owned(),
            partner.kind.as_str().to_owned(),
            partner
                .provider
                .as_ref()
                .map_or_else(|| "-".to_owned(), ToString::to_string),
            time(partner.created_at),
        ]);
    }
    out.table(table, 0)?;
    out.more(page.next.as_deref())?;
    Ok(Exit::Fine)
}

async fn page(args: &ListedArgs, registry: &Registry) -> Result<model::PartnerPage, Failure> {
    let after = args.page.from.as_deref().map(str::parse::<PartnerId>).transpose();
    let after = after.map_err(|error| Failure::new(error, "Take --from as the page before gave it."))?;
    let partners = registry.partners().list(after.as_ref(), args.page.limit()).await?;
    let more = partners.len() == args.page.limit();
    let next = partners.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(model::PartnerPage {
        partners: partners.into_iter().map(model::Partner::from).collect(),
        next,
    })
}
