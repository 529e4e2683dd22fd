//! `muster consent list`: how consents stand.

use std::collections::btree_map::{BTreeMap, Entry};
use std::fmt::Display;

use consent_api::model::{Consent, ConsentPage, Hindrance};
use muster_core::Timestamp;
use muster_core::grant::{Grant, GrantState};
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::{PartnerKind, Registrant};
use muster_store::Registry;

use super::args::ListArgs;
use crate::deployed::Place;
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::state::{self, Surroundings};

/// Runs the command.
pub(super) async fn run(args: &ListArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let place = args.list.registry.place(around).await?;
    let page = match &place {
        Place::Registry(registry) => page(args, registry).await?,
        Place::Server(server) => {
            let (from, limit) = (args.list.page.from.as_deref(), args.list.page.limit_text());
            match &args.partner {
                Some(partner) => server.consents_of_partner(partner, from, &limit).await?,
                None => {
                    let tenant = server.tenant_or_own(args.tenant.as_deref()).await?.id;
                    server.consents(tenant, from, &limit).await?
                }
            }
        }
    };
    if args.list.json {
        out.json(&page)?;
        return Ok(Exit::Fine);
    }
    if page.grants.is_empty() {
        out.line("There are no consents.")?;
        return Ok(Exit::Fine);
    }
    let mut names: BTreeMap<TenantId, String> = BTreeMap::new();
    for consent in &page.grants {
        if let Entry::Vacant(entry) = names.entry(consent.tenant) {
            let name = place.name_of_tenant(consent.tenant).await?;
            entry.insert(name.unwrap_or_else(|| consent.tenant.to_string()));
        }
    }
    let name = |consent: &Consent| {
        let name = names.get(&consent.tenant);
        name.map(|name| plain(name).into_owned()).unwrap_or_default()
    };
    out.table(table(&page.grants, name, (around.clock)()), 0)?;
    tell_hindered(&page.grants, name, out)?;
    out.more(page.next.as_deref())?;
    Ok(Exit::Fine)
}

async fn page(args: &ListArgs, registry: &Registry) -> Result<ConsentPage, Failure> {
    let limit = args.list.page.limit();
    let (grants, more) = match (&args.tenant, &args.partner) {
        (_, Some(partner)) => of_partner(registry, partner, args, limit).await?,
        (tenant, None) => of_tenant(registry, tenant.as_deref().unwrap_or_default(), args, limit).await?,
    };
    let next = grants.last().filter(|_| more).map(|last| match &args.partner {
        Some(_) => last.tenant.to_string(),
        None => holder(last).to_owned(),
    });
    let grants = grants.iter().map(Consent::from).collect();
    Ok(ConsentPage { grants, next })
}

/// A page of a tenant's consents, its own for itself first; whether there are more.
async fn of_tenant(
    registry: &Registry,
    tenant: &str,
    args: &ListArgs,
    limit: usize,
) -> Result<(Vec<Grant>, bool), Failure> {
    let tenant = state::tenant(registry, tenant).await?;
    let after = args.list.page.from.as_deref().map(|from| match from {
        "-" => Ok(Registrant::Tenant),
        partner => partner.parse().map(Registrant::Partner),
    });
    let after = after.transpose();
    let after = after.map_err(|error| Failure::new(error, "Take --from as the page before gave it."))?;
    let page = registry
        .grants()
        .list_of_tenant(tenant.id, after.as_ref(), limit)
        .await?;
    Ok((page.grants, page.more))
}

async fn of_partner(
    registry: &Registry,
    partner: &PartnerId,
    args: &ListArgs,
    limit: usize,
) -> Result<(Vec<Grant>, bool), Failure> {
    let partner = state::partner(registry, partner).await?;
    let after = args.list.page.from.as_deref().map(str::parse).transpose();
    let after = after.map_err(|error| Failure::new(error, "Take --from as the page before gave it."))?;
    let grants = registry.grants().list_of_partner(&partner.id, after, limit).await?;
    let more = grants.len() == limit;
    Ok((grants, more))
}

/// The partner, or `-` for the tenant itself, as the list is ordered.
fn holder(grant: &Grant) -> &str {
    match &grant.registrant {
        Registrant::Tenant => "-",
        Registrant::Partner(id) => id.as_str(),
    }
}

/// Consents for people.
pub(super) fn table(grants: &[Consent], tenant: impl Fn(&Consent) -> String, now: Timestamp) -> comfy_table::Table {
    let mut table = output::table([
        "TENANT", "PARTNER", "KIND", "STATE", "CHANNELS", "ASKED", "DECIDED", "ENDS",
    ]);
    let when = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), state::time);
    for grant in grants {
        let partner = match &grant.registrant {
            Registrant::Tenant => "(the tenant itself)".to_owned(),
            Registrant::Partner(id) => id.to_string(),
        };
        let cells: [&dyn Display; 8] = [
            &tenant(grant),
            &partner,
            &grant.kind.map_or("-", PartnerKind::as_str),
            &state_name(grant, now),
            &grant
                .channels
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            &state::time(grant.requested_at),
            &when(grant.decided_at),
            &when(grant.expires_at),
        ];
        table.add_row(cells.map(ToString::to_string));
    }
    table
}

fn state_name(grant: &Consent, now: Timestamp) -> String {
    match grant.state {
        GrantState::Granted if grant.expires_at.is_some_and(|end| end <= now) => "expired".to_owned(),
        state => match &grant.hindrance {
            Some(hindrance) if hindrance.next_try.is_none() => format!("{}, stuck", state.as_str()),
            Some(_) => format!("{}, hindered", state.as_str()),
            None => state.as_str().to_owned(),
        },
    }
}

/// Says of each decision that could not be carried out why, and what to do.
fn tell_hindered(grants: &[Consent], tenant: impl Fn(&Consent) -> String, out: &mut Output) -> Result<(), Failure> {
    for grant in grants {
        if let Some(Hindrance { reason, next_try, .. }) = &grant.hindrance {
            let (how, again) = match next_try {
                Some(at) => ("hindered", format!("Sweep tries again after {}. ", state::time(*at))),
                None => ("stuck", String::new()),
            };
            out.line(format_args!(
                "\nThe consent of `{}` for {} is {how}: {}.\n  {again}{}",
                tenant(grant),
                grant
                    .registrant
                    .partner()
                    .map_or_else(|| "itself".to_owned(), |partner| format!("`{partner}`")),
                plain(&reason.detail),
                plain(&reason.remedy)
            ))?;
        }
    }
    Ok(())
}
