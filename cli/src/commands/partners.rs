//! `muster partners`: who hands devices in.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use muster_core::id::PartnerId;
use muster_core::party::{self, Partner, PartnerKind};
use muster_store::{PartnerChange, Registry};
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
  muster partners add tailspin --kind oem --manufacturer Tailspin --manufacturer \"Tailspin Toys\"
  muster partners list")]
pub(crate) struct PartnersArgs {
    #[command(subcommand)]
    command: PartnersCommand,
}

#[derive(Debug, Subcommand)]
enum PartnersCommand {
    /// Make a partner known, so that it can ask for consent
    Add(AddArgs),
    /// Bind a manufacturer's names to a partner: these, and no others
    Edit(EditArgs),
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
    /// A manufacturer that it stands for, as the firmware of its devices names it, letter for letter; may be given more than once.
    /// Without one its catalogue takes no device
    #[arg(long = "manufacturer", value_name = "NAME")]
    manufacturers: Vec<String>,
    /// Print the partner as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Debug, Args)]
struct EditArgs {
    /// The partner's id
    id: PartnerId,
    /// A manufacturer that it stands for, as the firmware of its devices names it, letter for letter; may be given more than once
    #[arg(
        long = "manufacturer",
        value_name = "NAME",
        required_unless_present = "no_manufacturer"
    )]
    manufacturers: Vec<String>,
    /// It stands for none any more
    #[arg(long, conflicts_with = "manufacturers")]
    no_manufacturer: bool,
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
        PartnersCommand::Edit(args) => edit(args, around, out).await,
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
                manufacturers: args.manufacturers.iter().cloned().collect(),
            };
            server.create_partner(&new).await?
        }
    };
    if args.json {
        out.json(&known)?;
        return Ok(Exit::Fine);
    }
    out.line(format_args!(
        "The partner `{}` is known as {}.",
        known.id,
        known.kind.as_str()
    ))?;
    tell_manufacturers(&known, out)?;
    Ok(Exit::Fine)
}

/// Says of a manufacturer's partner whose devices it may make known.
fn tell_manufacturers(known: &model::Partner, out: &mut Output) -> Result<(), Failure> {
    if known.kind != PartnerKind::Oem {
        return Ok(());
    }
    let names: Vec<String> = known
        .manufacturers
        .iter()
        .map(|name| format!("`{}`", plain(name)))
        .collect();
    match names.is_empty() {
        true => out.line(format_args!(
            "Its catalogue takes no device until a manufacturer's name is bound to it: muster partners edit {} \
             --manufacturer NAME",
            known.id
        ))?,
        false => out.line(format_args!("It stands for the manufacturers {}.", names.join(", ")))?,
    }
    Ok(())
}

/// Binds names of manufacturers to a partner.
async fn edit(args: &EditArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let known: model::Partner = match args.registry.place(around).await? {
        Place::Registry(registry) => {
            let known = partner(&registry, &args.id).await?;
            let names = manufacturers(known.kind, &args.manufacturers)?;
            match registry.partners().bind(&args.id, &names, None).await? {
                PartnerChange::Done(partner) => partner.into(),
                PartnerChange::Overtaken(_) | PartnerChange::Absent => {
                    let what = "another command changed the partner in this moment";
                    return Err(Failure::new(what, "Try again."));
                }
            }
        }
        Place::Server(server) => {
            let edit = model::EditPartner {
                manufacturers: Some(args.manufacturers.iter().cloned().collect()),
            };
            server.edit_partner(&args.id, &edit).await?
        }
    };
    if args.json {
        out.json(&known)?;
        return Ok(Exit::Fine);
    }
    tell_manufacturers(&known, out)?;
    Ok(Exit::Fine)
}

/// The names as they are kept.
fn manufacturers(kind: PartnerKind, names: &[String]) -> Result<BTreeSet<String>, Failure> {
    let wrong = |why| {
        Failure::new(
            format_args!("--manufacturer: {why}"),
            "`muster decode` shows what a hash says.",
        )
    };
    party::manufacturers(kind, names).map_err(wrong)
}

async fn add_here(args: &AddArgs, name: &str, registry: &Registry, around: &Surroundings) -> Result<Partner, Failure> {
    let kind = args.kind.into();
    let new = Partner {
        provider: args.provider.clone(),
        manufacturers: manufacturers(kind, &args.manufacturers)?,
        ..Partner::new(args.id.clone(), name, kind, (around.clock)())
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
    if !new.manufacturers.is_empty() && new.manufacturers != known.manufacturers {
        let what = format!("the partner `{}` stands for other manufacturers", known.id);
        let remedy = format!("To change that: muster partners edit {} --manufacturer NAME", known.id);
        return Err(Failure::new(what, remedy));
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
