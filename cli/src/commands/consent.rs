//! `muster consent`: what tenants allow partners to do.

mod args;
mod changes;
mod expiry;
mod list;
mod request;
mod there;

use consent_api::model::Consent;
use muster_core::Timestamp;
use muster_core::grant::{GrantError, Narrowing, Verb};
use muster_core::id::PartnerId;
use muster_store::Registry;

use crate::deployed::Place;
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::state::{self, Surroundings};

pub(crate) use args::{ConsentArgs, KindArg};
use args::{ConsentCommand, DecisionArgs, GrantArgs};
use list::table;

/// Who acts, in the records of a decision.
const BY: &str = "command line";

/// Runs the command.
pub(crate) async fn run(args: &ConsentArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    match &args.command {
        ConsentCommand::Request(args) => request::run(args, around, out).await,
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
    let now = (around.clock)();
    let (name, consent) = match args.registry.place(around).await? {
        Place::Registry(registry) => decide_here(decision, args, &registry, now).await?,
        Place::Server(server) => there::decide(&server, decision, args, now).await?,
    };
    if !args.json {
        let said = match decision {
            Decision::Grant(_) => "may register devices for",
            Decision::Decline => "may not register devices for",
            Decision::Revoke => "may no longer register devices for",
        };
        out.line(format_args!("`{}` {said} `{}`.", args.partner, plain(&name)))?;
    }
    show(&consent, &name, now, args.json, out)
}

/// Decides in the tenant's name: its name, and the consent as it is then.
async fn decide_here(
    decision: &Decision,
    args: &DecisionArgs,
    registry: &Registry,
    now: Timestamp,
) -> Result<(String, Consent), Failure> {
    let tenant = state::tenant(registry, &args.tenant).await?;
    let partner = state::partner(registry, &args.partner).await?;
    let grants = registry.grants();
    let answer = match decision {
        Decision::Grant(narrowing) => {
            grants
                .grant_narrowed(tenant.id, &partner.id, narrowing, BY, now)
                .await?
        }
        Decision::Decline => grants.decline(tenant.id, &partner.id, BY, now).await?,
        Decision::Revoke => grants.revoke(tenant.id, &partner.id, BY, now).await?,
    };
    let grant = answer.map_err(|error| refused(&error, &tenant.name, &partner.id))?;
    Ok((tenant.name, Consent::from(&grant)))
}

fn refused(error: &GrantError, tenant: &str, partner: &PartnerId) -> Failure {
    let remedy = format!(
        "See how it stands: muster consent list --tenant {}",
        output::quoted(tenant)
    );
    Failure::new(
        format_args!("the consent of `{}` for `{partner}`: {error}", plain(tenant)),
        remedy,
    )
}

fn show(consent: &Consent, tenant: &str, now: Timestamp, json: bool, out: &mut Output) -> Result<Exit, Failure> {
    if json {
        out.json(consent)?;
        return Ok(Exit::Fine);
    }
    out.line("")?;
    out.table(
        table(std::slice::from_ref(consent), |_| plain(tenant).into_owned(), now),
        0,
    )?;
    Ok(Exit::Fine)
}
