//! `muster consent`: what tenants allow partners to do.

mod args;
mod changes;
mod expiry;
mod list;

use consent_api::model::Consent;
use muster_core::Timestamp;
use muster_core::grant::{Grant, GrantError, GrantRequest, Narrowing, Verb};
use muster_core::id::PartnerId;
use muster_core::party::{Partner, PartnerKind, Tenant};
use muster_store::Registry;

use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::state::{self, Surroundings};

pub(crate) use args::{ConsentArgs, KindArg};
use args::{ConsentCommand, DecisionArgs, GrantArgs, RequestArgs};
use list::table;

/// Who acts, in the records of a decision.
const BY: &str = "command line";

/// Runs the command.
pub(crate) async fn run(args: &ConsentArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    match &args.command {
        ConsentCommand::Request(args) => request(args, around, out).await,
        ConsentCommand::Grant(args) => {
            let narrowing = narrowing(args, (around.clock)())?;
            decide(&Decision::Grant(narrowing), &args.decision, around, out).await
        }
        ConsentCommand::Decline(args) => decide(&Decision::Decline, args, around, out).await,
        ConsentCommand::Revoke(args) => decide(&Decision::Revoke, args, around, out).await,
        ConsentCommand::List(args) => list::run(args, around, out).await,
        ConsentCommand::Changes(args) => changes::run(args, around, out).await,
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
        channels: None,
        expires_at,
        delegated_administration: args.delegated_administration,
        by: BY.into(),
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

enum Decision {
    Grant(Narrowing),
    Decline,
    Revoke,
}

/// What the tenant takes of what was asked for.
fn narrowing(args: &GrantArgs, now: Timestamp) -> Result<Narrowing, Failure> {
    let verbs = args.verbs.as_ref();
    Ok(Narrowing {
        verbs: verbs.map(|verbs| verbs.iter().copied().map(Verb::from).collect()),
        channels: args.channels.clone(),
        expires_at: args.expires.map(|expiry| expiry.at(now)).transpose()?,
        delegated_administration: args.no_delegated_administration.then_some(false),
    })
}

async fn decide(
    decision: &Decision,
    args: &DecisionArgs,
    around: &Surroundings,
    out: &mut Output,
) -> Result<Exit, Failure> {
    let registry = args.registry.open(around).await?;
    let tenant = state::tenant(&registry, &args.tenant).await?;
    let partner = state::partner(&registry, &args.partner).await?;
    let (grants, now) = (registry.grants(), (around.clock)());
    let (answer, said) = match decision {
        Decision::Grant(narrowing) => (
            grants
                .grant_narrowed(tenant.id, &partner.id, narrowing, BY, now)
                .await?,
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
        out.json(&Consent::from(grant))?;
        return Ok(Exit::Fine);
    }
    out.line("")?;
    out.table(
        table(std::slice::from_ref(grant), |_| plain(&tenant.name).into_owned(), now),
        0,
    )?;
    Ok(Exit::Fine)
}
