//! Takes entries back.

use muster_core::catalogue::EntryId;
use muster_core::channel::Channel;
use muster_core::grant::{Grant, Verb};
use muster_store::Registry;
use muster_store::catalogue::{Withdrawal, Withdrawn};
use registration_api::model::{Refusal, WithdrawalName, WithdrawalOutcome, WithdrawalOutcomes};

use super::args::WithdrawArgs;
use crate::deployed::Place;
use crate::failure::{Exit, Failure};
use crate::output::{Output, plain};
use crate::state::{self, Surroundings};

/// Runs the command.
pub(super) async fn run(args: &WithdrawArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let outcomes = match args.registry.place(around).await? {
        Place::Registry(registry) => here(args, &registry, around).await?,
        Place::Server(server) => server.withdraw(&args.partner, &args.entries).await?,
    };
    let all = outcomes
        .entries
        .iter()
        .all(|entry| entry.outcome == WithdrawalName::Withdrawn);
    if args.json {
        out.json(&outcomes)?;
        return Ok(Exit::unless(!all));
    }
    for entry in &outcomes.entries {
        let id = entry.id;
        match (entry.outcome, &entry.reason) {
            (WithdrawalName::Withdrawn, _) => out.line(format_args!("Entry {id} is withdrawn."))?,
            (WithdrawalName::NotFound, _) => {
                out.line(format_args!("The catalogue of {} has no entry {id}.", args.partner))?;
            }
            (WithdrawalName::Refused, reason) => {
                let why = reason
                    .as_ref()
                    .map(|why| format!(": {}. {}", plain(&why.detail), plain(&why.remedy)));
                out.line(format_args!("Entry {id} stays{}", why.unwrap_or_default()))?;
            }
        }
    }
    Ok(Exit::unless(!all))
}

async fn here(args: &WithdrawArgs, registry: &Registry, around: &Surroundings) -> Result<WithdrawalOutcomes, Failure> {
    state::partner(registry, &args.partner).await?;
    let now = (around.clock)();
    let grant = registry.grants().ensure_catalogue(&args.partner, now).await?;
    let pin = Grant::permit(Some(&grant), Verb::Release, Channel::Catalogue, now).map_err(|denial| {
        let entry = denial.outcome().entry();
        Failure::new(
            format_args!("the catalogue of {} cannot be changed: {}", args.partner, entry.meaning),
            "Ask whoever runs this registry.",
        )
    })?;
    let by = Withdrawal {
        pin: &pin,
        partner: &args.partner,
        now,
    };
    let mut entries = Vec::with_capacity(args.entries.len());
    for id in &args.entries {
        entries.push(told(*id, &registry.catalogue().withdraw(*id, &by).await?));
    }
    Ok(WithdrawalOutcomes { entries })
}

/// As a server tells it.
fn told(id: EntryId, came: &Withdrawn) -> WithdrawalOutcome {
    let (outcome, reason) = match came {
        Withdrawn::Done(_) => (WithdrawalName::Withdrawn, None),
        Withdrawn::Absent => (WithdrawalName::NotFound, None),
        Withdrawn::Owned => (WithdrawalName::Refused, Some(Refusal::owned())),
        Withdrawn::Refused => (WithdrawalName::Refused, None),
    };
    WithdrawalOutcome { id, outcome, reason }
}
