//! `muster tenants`: whose devices are registered.

mod edit;
mod show;

use clap::{Args, Subcommand};
use muster_core::id::TenantId;
use muster_core::party::{Tenant, TenantEdit};
use muster_store::{Registry, TenantCreation, Tenants};
use registration_api::model;

use crate::deployed::{ListedArgs, Place, RegistryArgs};
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::remote::Server;
use crate::state::{self, Surroundings};

/// What `muster tenants` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster tenants add Contoso
  muster tenants add Contoso --id 1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10
  muster tenants edit Contoso --domain contoso.onmicrosoft.com
  muster tenants edit Contoso --tuple-lookup on
  muster tenants edit Contoso --require-catalogue on
  muster tenants edit Contoso --group bbbbbbbb-0000-4000-8000-000000000002=Office
  muster tenants show Contoso
  muster tenants list
  muster tenants list --name Contoso
  muster tenants list --server https://muster.example")]
pub(crate) struct TenantsArgs {
    #[command(subcommand)]
    command: TenantsCommand,
}

#[derive(Debug, Subcommand)]
enum TenantsCommand {
    /// Make a tenant known, so that devices can be registered for it
    Add(AddArgs),
    /// Change what is recorded of a tenant
    Edit(edit::EditArgs),
    /// Show what is recorded of a tenant
    Show(show::ShowArgs),
    /// List the tenants by name
    List(ListArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
    /// The tenant's name
    name: String,
    /// The tenant's id, a GUID [default: a new one]
    #[arg(long)]
    id: Option<TenantId>,
    /// Record that the tenant has the licence that the channel `intune` needs; nothing depends on it
    #[arg(long)]
    licensed: bool,
    /// Print the tenant as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only the tenant of this name, in whatever letter case
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    list: ListedArgs,
}

/// Runs the command.
pub(crate) async fn run(args: &TenantsArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    match &args.command {
        TenantsCommand::Add(args) => add(args, around, out).await,
        TenantsCommand::Edit(args) => edit::run(args, around, out).await,
        TenantsCommand::Show(args) => show::run(args, around, out).await,
        TenantsCommand::List(args) => list(args, around, out).await,
    }
}

/// Adds the tenant; once it is known as asked for, adding it again changes nothing.
async fn add(args: &AddArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let name = name(&args.name)?;
    let tenant = match args.registry.place(around).await? {
        Place::Registry(registry) => add_here(args, name, &registry.tenants(), around).await?.into(),
        Place::Server(server) => add_there(args, name, &server).await?,
    };
    added(&tenant, args.json, out)
}

async fn add_here(args: &AddArgs, name: &str, tenants: &Tenants, around: &Surroundings) -> Result<Tenant, Failure> {
    let id = args.id.unwrap_or_else(|| TenantId::new((around.new_id)()));
    let mut tenant = Tenant::new(id, name, (around.clock)());
    tenant.licensed = args.licensed.then_some(true);
    let known = match tenants.create(&tenant).await? {
        TenantCreation::Created => return Ok(tenant),
        TenantCreation::Exists => tenants.get(tenant.id).await?,
        TenantCreation::NameTaken => tenants.by_name(name).await?,
    };
    match known {
        Some(known) if args.id.is_none_or(|id| id == known.id) && same_name(&known.name, name) => match args.licensed {
            true => licensed(tenants, known).await,
            false => Ok(known),
        },
        Some(known) => Err(Failure::new(
            format_args!("the tenant `{}` is known with the id {}", plain(&known.name), known.id),
            "Names and ids belong to one tenant each. Use another name, or leave --id off.",
        )),
        None => Err(Failure::new(
            "another command made the tenant known in this moment",
            "Try again.",
        )),
    }
}

/// The same through a server, which changes a licence by itself only for a tenant that is new.
async fn add_there(args: &AddArgs, name: &str, server: &Server) -> Result<model::Tenant, Failure> {
    let mut new = model::CreateTenant {
        id: args.id,
        name: name.to_owned(),
        licensed: args.licensed.then_some(true),
    };
    match server.create_tenant(&new).await {
        Err(refusal) if refusal.is_conflict() && args.licensed => {}
        answer => return Ok(answer?),
    }
    new.licensed = None;
    let known = server.create_tenant(&new).await?;
    let edit = model::EditTenant {
        licensed: Some(Some(true)),
        ..model::EditTenant::default()
    };
    Ok(server.edit_tenant(known.id, &edit).await?)
}

/// The tenant once it is recorded that it has the licence.
async fn licensed(tenants: &Tenants, tenant: Tenant) -> Result<Tenant, Failure> {
    let edit = TenantEdit {
        licensed: Some(Some(true)),
        ..TenantEdit::default()
    };
    edit::here(tenants, tenant.id, &edit).await
}

fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// A tenant's name as it may be.
pub(crate) fn name(text: &str) -> Result<&str, Failure> {
    let name = text.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Failure::new("the tenant has no name", "Give its id or name."));
    }
    Ok(name)
}

fn added(tenant: &model::Tenant, json: bool, out: &mut Output) -> Result<Exit, Failure> {
    if json {
        out.json(tenant)?;
    } else {
        out.line(format_args!(
            "The tenant `{}` has the id {}.",
            plain(&tenant.name),
            tenant.id
        ))?;
    }
    Ok(Exit::Fine)
}

async fn list(args: &ListArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let page = match args.list.registry.place(around).await? {
        Place::Registry(registry) => page(args, &registry).await?,
        Place::Server(server) => {
            let (from, limit) = (args.list.page.from.as_deref(), args.list.page.limit_text());
            server.tenants(args.name.as_deref(), from, &limit).await?
        }
    };
    if args.list.json {
        out.json(&page)?;
        return Ok(Exit::Fine);
    }
    if page.tenants.is_empty() {
        out.line("There are no tenants.")?;
        return Ok(Exit::Fine);
    }
    let mut table = output::table(["ID", "NAME", "LICENSED", "ADDED"]);
    for tenant in &page.tenants {
        table.add_row([
            tenant.id.to_string(),
            plain(&tenant.name).into_owned(),
            licence(tenant).to_owned(),
            state::time(tenant.created_at),
        ]);
    }
    out.table(table, 0)?;
    out.more(page.next.as_deref())?;
    Ok(Exit::Fine)
}

async fn page(args: &ListArgs, registry: &Registry) -> Result<model::TenantPage, Failure> {
    if let Some(name) = &args.name {
        let found = registry.tenants().by_name(name.trim()).await?;
        return Ok(model::TenantPage {
            tenants: found.into_iter().map(model::Tenant::in_list).collect(),
            next: None,
        });
    }
    let after = match &args.list.page.from {
        Some(from) => Some(state::tenant(registry, from).await?),
        None => None,
    };
    let tenants = registry.tenants().list(after.as_ref(), args.list.page.limit()).await?;
    let more = tenants.len() == args.list.page.limit();
    let next = tenants.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(model::TenantPage {
        tenants: tenants.into_iter().map(model::Tenant::in_list).collect(),
        next,
    })
}

const fn licence(tenant: &model::Tenant) -> &'static str {
    match tenant.licensed {
        Some(true) => "yes",
        Some(false) => "no",
        None => "-",
    }
}
