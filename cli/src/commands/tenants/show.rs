//! `muster tenants show`: what is recorded of a tenant, and what it allows.

use clap::Args;
use registration_api::model;

use crate::deployed::{Place, RegistryArgs};
use crate::failure::{Exit, Failure};
use crate::output::{Output, plain};
use crate::state::{self, Surroundings};

/// What `muster tenants show` takes.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The tenant's id or name
    tenant: String,
    /// Print the tenant as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs the command.
pub(super) async fn run(args: &ShowArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let tenant: model::Tenant = match args.registry.place(around).await? {
        Place::Registry(registry) => state::tenant(&registry, &args.tenant).await?.into(),
        Place::Server(server) => {
            let id = server.tenant(&args.tenant).await?.id;
            server.tenant_of(id).await?
        }
    };
    tell(&tenant, args.json, out)
}

/// Tells of a tenant.
pub(super) fn tell(tenant: &model::Tenant, json: bool, out: &mut Output) -> Result<Exit, Failure> {
    if json {
        out.json(tenant)?;
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
    for (group, tag) in &tenant.groups {
        let tag = plain(tag);
        out.line(format_args!("The group {group} stands for the group tag `{tag}`."))?;
    }
    Ok(Exit::Fine)
}
