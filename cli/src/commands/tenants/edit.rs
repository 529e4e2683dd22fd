//! `muster tenants edit`: what is recorded of a tenant, and what it allows.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use muster_core::id::TenantId;
use muster_core::party::{MAX_GROUPS, Tenant, TenantEdit};
use muster_runtime::http::FieldError;
use muster_store::{TenantChange, Tenants};
use registration_api::model;

use super::show;
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
  muster tenants edit Contoso --tuple-lookup on --require-catalogue on
  muster tenants edit Contoso --group bbbbbbbb-0000-4000-8000-000000000002=Office
  muster tenants edit Contoso --group bbbbbbbb-0000-4000-8000-000000000002=")]
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
    /// A group of the tenant's directory and the group tag that it stands for, where programs for Microsoft Graph assign profiles
    /// to groups; nothing behind the = takes it off; may be given more than once
    #[arg(long = "group", value_name = "GUID=TAG", value_parser = group)]
    groups: Vec<(String, Option<String>)>,
}

/// A group, and its tag.
fn group(text: &str) -> Result<(String, Option<String>), &'static str> {
    let (group, tag) = text
        .split_once('=')
        .ok_or("behind the group's id stands = and a group tag")?;
    let tag = Some(tag.to_owned()).filter(|tag| !tag.is_empty());
    Ok((group.to_owned(), tag))
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
    let mut groups = BTreeMap::new();
    for (group, tag) in &args.policies.groups {
        if groups.insert(group.clone(), tag.clone()).is_some() {
            return Err(Failure::new(
                format_args!("--group: {} is named twice", plain(group)),
                "Name each group once.",
            ));
        }
    }
    let edit = model::EditTenant {
        domain: args.policies.domain.clone().map(Some),
        tuple_lookup: args.policies.tuple_lookup.map(Switch::is_on),
        require_catalogue: args.policies.require_catalogue.map(Switch::is_on),
        groups,
        ..model::EditTenant::default()
    };
    let tenant: model::Tenant = match args.registry.place(around).await? {
        Place::Registry(registry) => {
            let tenant = state::tenant(&registry, &args.tenant).await?;
            let edit = edit.into_edit().map_err(refused)?;
            here(&registry.tenants(), tenant.id, &edit).await?.into()
        }
        Place::Server(server) => {
            let tenant = server.tenant(&args.tenant).await?;
            server.edit_tenant(tenant.id, &edit).await?
        }
    };
    show::tell(&tenant, args.json, out)
}

/// What is wrong, by the options that it was given with.
fn refused(errors: Vec<FieldError>) -> Failure {
    let told = errors.iter().map(|error| match error.path.strip_prefix("groups.") {
        Some(group) => format!("--group: {}: {}", plain(group), error.detail),
        None => format!("--{}: {}", error.path, error.detail),
    });
    let told: Vec<String> = told.collect();
    let remedy = match errors.iter().any(|error| error.path == "domain") {
        true => "Give the domain, or \"\" to clear it.",
        false => "Give the group's id, =, and the group tag; or nothing behind the = to take it off.",
    };
    Failure::new(told.join("; "), remedy)
}

/// Changes a tenant of this registry.
pub(super) async fn here(tenants: &Tenants, id: TenantId, edit: &TenantEdit) -> Result<Tenant, Failure> {
    match tenants.edit(id, edit, None).await? {
        TenantChange::Done(tenant) => Ok(tenant),
        TenantChange::TooManyGroups => Err(Failure::new(
            format_args!("--group: a tenant names {MAX_GROUPS} groups at most"),
            "Take some off first: --group GUID=",
        )),
        TenantChange::Overtaken(_) | TenantChange::Absent => Err(Failure::new(
            "another command changed the tenant in this moment",
            "Try again.",
        )),
    }
}
