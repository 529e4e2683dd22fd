//! `muster tenants edit`: what is recorded of a tenant, and what it allows.

use clap::{Args, ValueEnum};
use muster_core::id::TenantId;
use muster_core::party::{Tenant, TenantEdit};
use muster_store::{TenantChange, Tenants};
use registration_api::model;

use crate::deployed::{Place, RegistryArgs};
use crate::failure::{Exit, Failure};
use crate::output::{Output, plain};
use crate::state::{self, Surroundings};

/// What `muster tenants edit` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster tenants edit Contoso --domain contoso.onmicrosoft.com
  muster tenants edit Contoso --domain \"\" --server https://muster.example
  muster tenants edit Contoso --tuple-lookup on --require-catalogue on")]
pub(super) struct EditArgs {
    /// The tenant's id or name
    tenant: String,
    #[command(flatten)]
    policies: Policies,
    /// Print the tenant as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Policies {
    /// The tenant's domain, such as contoso.onmicrosoft.com, which its devices are told; "" clears it
    #[arg(long)]
    domain: Option<String>,
    /// Recognise its devices at boot by manufacturer, model and serial number alone; whoever reads these off a case learns which
    /// profile the device gets
    #[arg(long, value_enum, value_name = "on|off")]
    tuple_lookup: Option<Switch>,
    /// Register by PKID or by manufacturer, model and serial number only what a manufacturer made known; what nobody did is
    /// registered as it is otherwise
    #[arg(long, value_enum, value_name = "on|off")]
    require_catalogue: Option<Switch>,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl Switch {
    fn is_on(self) -> bool {
        self == Self::On
    }
}

/// Runs the command.
pub(super) async fn run(args: &EditArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let edit = model::EditTenant {
        domain: args.policies.domain.clone().map(Some),
        tuple_lookup: args.policies.tuple_lookup.map(Switch::is_on),
        require_catalogue: args.policies.require_catalogue.map(Switch::is_on),
        ..model::EditTenant::default()
    };
    let no_domain = |why| Failure::new(format_args!("--domain: {why}"), "Give the domain, or \"\" to clear it.");
    let tenant: model::Tenant = match args.registry.place(around).await? {
        Place::Registry(registry) => {
            let tenant = state::tenant(&registry, &args.tenant).await?;
            let edit = edit.into_edit().map_err(no_domain)?;
            here(&registry.tenants(), tenant.id, &edit).await?.into()
        }
        Place::Server(server) => {
            let tenant = server.tenant(&args.tenant).await?;
            server.edit_tenant(tenant.id, &edit).await?
        }
    };
    if args.json {
        out.json(&tenant)?;
        return Ok(Exit::Fine);
    }
    let name = plain(&tenant.name);
    match &tenant.domain {
        Some(domain) => out.line(format_args!("The domain of `{name}` is {domain}."))?,
        None => out.line(format_args!("`{name}` has no domain."))?,
    }
    let devices = match tenant.tuple_lookup {
        true => "are recognised at boot by manufacturer, model and serial number, too",
        false => "are recognised at boot by their hardware hash only",
    };
    let rows = match tenant.require_catalogue {
        true => "must be known from a manufacturer's catalogue",
        false => "is registered as it is where no manufacturer made it known",
    };
    out.line(format_args!("The devices of `{name}` {devices}."))?;
    out.line(format_args!(
        "What comes by PKID or by manufacturer, model and serial number {rows}."
    ))?;
    Ok(Exit::Fine)
}

/// Changes a tenant of this registry.
pub(super) async fn here(tenants: &Tenants, id: TenantId, edit: &TenantEdit) -> Result<Tenant, Failure> {
    match tenants.edit(id, edit, None).await? {
        TenantChange::Done(tenant) => Ok(tenant),
        TenantChange::Overtaken(_) | TenantChange::Absent => Err(Failure::new(
            "another command changed the tenant in this moment",
            "Try again.",
        )),
    }
}
