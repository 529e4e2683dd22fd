//! `muster consent`: what tenants allow partners to do.

mod args;
mod expiry;

use std::fmt::Display;

use muster_core::Timestamp;
use muster_core::grant::{Grant, GrantError, GrantRequest, GrantState, Hindrance, Verb};
use muster_core::id::PartnerId;
use muster_core::party::{Partner, PartnerKind, Registrant, Tenant};
use muster_store::Registry;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::state::{self, Surroundings};

pub(crate) use args::{ConsentArgs, KindArg};
use args::{ConsentCommand, DecisionArgs, ListArgs, RequestArgs};

/// Who acts, in the records of a decision.
const BY: &str = "command line";

/// Runs the command.
pub(crate) async fn run(args: &ConsentArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    match &args.command {
        ConsentCommand::Request(args) => request(args, around, out).await,
        ConsentCommand::Grant(args) => decide(Decision::Grant, args, around, out).await,
        ConsentCommand::Decline(args) => decide(Decision::Decline, args, around, out).await,
        ConsentCommand::Revoke(args) => decide(Decision::Revoke, args, around, out).await,
        ConsentCommand::List(args) => list(args, around, out).await,
    }
}

async fn request(args: &RequestArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let now = (around.clock)();
    let expires_at = args.expires.map(|expiry| expiry.at(now)).transpose()?;
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Failure::new(
            GrantError::ExpiryPast,
            "Give another time with --expires.",
        ));
    }
    let registry = args.registry.open(around).await?;
    let tenant = state::tenant(&registry, &args.tenant).await?;
    let partner = known_partner(args, &registry, now).await?;
    let request = GrantRequest {
        tenant: tenant.id,
        partner: partner.id.clone(),
        kind: partner.kind,
        verbs: Verb::ALL.to_vec(),
        expires_at,
        delegated_administration: args.delegated_administration,
        by: BY.to_owned(),
    };
    let grant = registry
        .grants()
        .request(request, now)
        .await?
        .map_err(|error| refused(&error, &tenant, &partner.id))?;
    if !args.json {
        out.line(format_args!(
            "`{}` has asked `{}` for consent. The tenant decides with:",
            partner.id,
            plain(&tenant.name)
        ))?;
        out.line(format_args!(
            "    muster consent grant --tenant {} --partner {}",
            output::quoted(&tenant.name),
            partner.id
        ))?;
    }
    show(&grant, &tenant, now, args.json, out)
}

/// The partner, made known where it is not; its provider likewise.
async fn known_partner(args: &RequestArgs, registry: &Registry, now: Timestamp) -> Result<Partner, Failure> {
    let (kind, known) = (
        args.kind.map(PartnerKind::from),
        registry.partners().get(&args.partner).await?,
    );
    if let Some(known) = known {
        if kind.is_some_and(|kind| kind != known.kind) || (args.provider.is_some() && args.provider != known.provider) {
            let provider = known
                .provider
                .as_ref()
                .map(|p| format!(" of the provider `{p}`"))
                .unwrap_or_default();
            let what = format!(
                "the partner `{}` is known as {}{provider}",
                known.id,
                known.kind.as_str()
            );
            return Err(Failure::new(
                what,
                "Leave --kind and --provider off, or use another partner id.",
            ));
        }
        return Ok(known);
    }
    let Some(kind) = kind else {
        let what = format!("there is no partner `{}` yet", args.partner);
        return Err(Failure::new(
            what,
            "Say what it is with --kind: oem, csp-direct, csp-provider or csp-reseller.",
        ));
    };
    if let Some(provider) = &args.provider {
        if kind != PartnerKind::CspReseller {
            let what = format!("a partner of the kind {} has no provider", kind.as_str());
            return Err(Failure::new(what, "Leave --provider off, or use --kind csp-reseller."));
        }
        match registry.partners().get(provider).await? {
            Some(known) if known.kind != PartnerKind::CspProvider => {
                let what = format!(
                    "the partner `{provider}` is known as {} and is no provider",
                    known.kind.as_str()
                );
                return Err(Failure::new(what, "Name a partner of the kind csp-provider."));
            }
            Some(_) => {}
            None => _ = make_known(registry, provider, PartnerKind::CspProvider, None, now).await?,
        }
    }
    make_known(registry, &args.partner, kind, args.provider.clone(), now).await
}

async fn make_known(
    registry: &Registry,
    id: &PartnerId,
    kind: PartnerKind,
    provider: Option<PartnerId>,
    now: Timestamp,
) -> Result<Partner, Failure> {
    let partner = Partner {
        id: id.clone(),
        name: id.to_string(),
        kind,
        provider,
        created_at: now,
    };
    registry.partners().create(&partner).await?;
    output::remark(format_args!(
        "The partner `{id}` was not known and is made known now, as {}.",
        kind.as_str()
    ));
    Ok(partner)
}

#[derive(Clone, Copy)]
enum Decision {
    Grant,
    Decline,
    Revoke,
}

async fn decide(
    decision: Decision,
    args: &DecisionArgs,
    around: &Surroundings,
    out: &mut Output,
) -> Result<Exit, Failure> {
    let registry = args.registry.open(around).await?;
    let tenant = state::tenant(&registry, &args.tenant).await?;
    let partner = state::partner(&registry, &args.partner).await?;
    let (grants, now) = (registry.grants(), (around.clock)());
    let (answer, said) = match decision {
        Decision::Grant => (
            grants.grant(tenant.id, &partner.id, BY, now).await?,
            "may register devices for",
        ),
        Decision::Decline => (
            grants.decline(tenant.id, &partner.id, BY, now).await?,
            "may not register devices for",
        ),
        Decision::Revoke => (
            grants.revoke(tenant.id, &partner.id, BY, now).await?,
            "may no longer register devices for",
        ),
    };
    let grant = answer.map_err(|error| refused(&error, &tenant, &partner.id))?;
    if !args.json {
        out.line(format_args!("`{}` {said} `{}`.", partner.id, plain(&tenant.name)))?;
    }
    show(&grant, &tenant, now, args.json, out)
}

fn refused(error: &GrantError, tenant: &Tenant, partner: &PartnerId) -> Failure {
    let remedy = format!(
        "See how it stands: muster consent list --tenant {}",
        output::quoted(&tenant.name)
    );
    Failure::new(
        format_args!("the consent of `{}` for `{partner}`: {error}", plain(&tenant.name)),
        remedy,
    )
}

fn show(grant: &Grant, tenant: &Tenant, now: Timestamp, json: bool, out: &mut Output) -> Result<Exit, Failure> {
    if json {
        out.json(grant)?;
        return Ok(Exit::Fine);
    }
    out.line("")?;
    out.table(
        table(std::slice::from_ref(grant), |_| plain(&tenant.name).into_owned(), now),
        0,
    )?;
    Ok(Exit::Fine)
}

#[derive(Serialize)]
struct Page<'a> {
    grants: &'a [Grant],
    next: Option<String>,
}

async fn list(args: &ListArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let registry = args.registry.open(around).await?;
    let limit = args.page.limit();
    let (grants, more) = match (&args.tenant, &args.partner) {
        (_, Some(partner)) => of_partner(&registry, partner, args, limit).await?,
        (tenant, None) => of_tenant(&registry, tenant.as_deref().unwrap_or_default(), args, limit).await?,
    };
    let next = grants.last().filter(|_| more).map(|last| match &args.partner {
        Some(_) => last.tenant.to_string(),
        None => holder(last).to_owned(),
    });
    if args.json {
        out.json(&Page { grants: &grants, next })?;
        return Ok(Exit::Fine);
    }
    if grants.is_empty() {
        out.line("There are no consents.")?;
        return Ok(Exit::Fine);
    }
    let mut names = Vec::with_capacity(grants.len());
    for grant in &grants {
        let tenant = registry.tenants().get(grant.tenant).await?;
        names.push((
            grant.tenant,
            tenant.map_or_else(|| grant.tenant.to_string(), |tenant| tenant.name),
        ));
    }
    let name = |grant: &Grant| {
        let found = names.iter().find(|(id, _)| *id == grant.tenant);
        found.map(|(_, name)| plain(name).into_owned()).unwrap_or_default()
    };
    out.table(table(&grants, name, (around.clock)()), 0)?;
    tell_hindered(&grants, name, out)?;
    out.more(next.map(|next| next.to_string()).as_deref())?;
    Ok(Exit::Fine)
}

/// A page of a tenant's consents, its own for itself first; whether there are more.
async fn of_tenant(
    registry: &Registry,
    tenant: &str,
    args: &ListArgs,
    limit: usize,
) -> Result<(Vec<Grant>, bool), Failure> {
    let tenant = state::tenant(registry, tenant).await?;
    let all = registry.grants().list_of_tenant(tenant.id).await?;
    let from = args.page.from.as_deref();
    let behind = |grant: &Grant| from.is_none_or(|from| holder(grant) > from);
    let mut grants: Vec<Grant> = all.into_iter().filter(behind).take(limit + 1).collect();
    let more = grants.len() > limit;
    grants.truncate(limit);
    Ok((grants, more))
}

async fn of_partner(
    registry: &Registry,
    partner: &PartnerId,
    args: &ListArgs,
    limit: usize,
) -> Result<(Vec<Grant>, bool), Failure> {
    let partner = state::partner(registry, partner).await?;
    let after = args.page.from.as_deref().map(str::parse).transpose();
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

fn table(grants: &[Grant], tenant: impl Fn(&Grant) -> String, now: Timestamp) -> comfy_table::Table {
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

fn state_name(grant: &Grant, now: Timestamp) -> String {
    match grant.state {
        GrantState::Granted if !grant.in_force(now) => "expired".to_owned(),
        state if grant.is_stuck() => format!("{}, stuck", state.as_str()),
        state if grant.hindrance.is_some() => format!("{}, hindered", state.as_str()),
        state => state.as_str().to_owned(),
    }
}

/// Says of each decision that could not be carried out why, and what to do.
fn tell_hindered(grants: &[Grant], tenant: impl Fn(&Grant) -> String, out: &mut Output) -> Result<(), Failure> {
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
                reason.remedy
            ))?;
        }
    }
    Ok(())
}
