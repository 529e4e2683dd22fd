//! `muster consent request`: a partner asks.

use consent_api::model::{AskedConsent, Consent, ConsentTerms};
use muster_core::Timestamp;
use muster_core::grant::{GrantError, GrantRequest, Verb};
use muster_core::id::PartnerId;
use muster_core::party::{Partner, PartnerKind};
use muster_store::Registry;

use super::args::RequestArgs;
use super::{BY, refused, show, there};
use crate::deployed::Place;
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::state::{self, Surroundings};

/// Runs the command.
pub(super) async fn run(args: &RequestArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let now = (around.clock)();
    let expires_at = args.expires.map(|expiry| expiry.at(now)).transpose()?;
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Failure::new(
            GrantError::ExpiryPast,
            "Give another time with --expires.",
        ));
    }
    let (name, consent, link) = match args.registry.place(around).await? {
        Place::Registry(registry) => {
            let (name, consent) = ask_here(args, &registry, expires_at, now).await?;
            (name, consent, None)
        }
        Place::Server(server) => {
            let terms = ConsentTerms {
                expires_at,
                delegated_administration: args.delegated_administration.then_some(true),
                ..ConsentTerms::default()
            };
            let (name, asked) = there::ask(&server, args, &terms).await?;
            if args.json {
                out.json(&asked)?;
                return Ok(Exit::Fine);
            }
            let AskedConsent { consent, link } = asked;
            (name, consent, Some(link))
        }
    };
    if !args.json {
        out.line(format_args!(
            "`{}` has asked `{}` for consent. The tenant decides with:",
            args.partner,
            plain(&name)
        ))?;
        out.line(format_args!(
            "    muster consent grant --tenant {} --partner {}",
            output::quoted(&name),
            args.partner
        ))?;
    }
    if let Some(link) = link {
        out.line(format_args!("or with its own program, at {}", plain(&link)))?;
    }
    show(&consent, &name, now, args.json, out)
}

/// Asks in the partner's name: the tenant's name, and the consent as it is then.
async fn ask_here(
    args: &RequestArgs,
    registry: &Registry,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(String, Consent), Failure> {
    let tenant = state::tenant(registry, &args.tenant).await?;
    let partner = known_partner(args, registry, now).await?;
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
    let answer = registry.grants().request(request, now).await?;
    let grant = answer.map_err(|error| refused(&error, &tenant.name, &partner.id))?;
    Ok((tenant.name, Consent::from(&grant)))
}

/// Whether a partner is what the command line says of it.
pub(super) fn fits(args: &RequestArgs, kind: PartnerKind, provider: Option<&PartnerId>) -> Result<(), Failure> {
    let other_kind = args.kind.map(PartnerKind::from).is_some_and(|named| named != kind);
    if !other_kind && (args.provider.is_none() || args.provider.as_ref() == provider) {
        return Ok(());
    }
    let provider = provider.map(|p| format!(" of the provider `{p}`")).unwrap_or_default();
    Err(Failure::new(
        format_args!("the partner `{}` is known as {}{provider}", args.partner, kind.as_str()),
        "Leave --kind and --provider off, or use another partner id.",
    ))
}

/// The partner, made known where it is not; its provider likewise.
async fn known_partner(args: &RequestArgs, registry: &Registry, now: Timestamp) -> Result<Partner, Failure> {
    let (kind, known) = (
        args.kind.map(PartnerKind::from),
        registry.partners().get(&args.partner).await?,
    );
    if let Some(known) = known {
        fits(args, known.kind, known.provider.as_ref())?;
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
        manufacturers: std::collections::BTreeSet::new(),
        version: 1,
    };
    registry.partners().create(&partner).await?;
    output::remark(format_args!(
        "The partner `{id}` was not known and is made known now, as {}.",
        kind.as_str()
    ));
    Ok(partner)
}
