//! `muster consent changes`: who asked and decided, when and from where.

use consent_api::model::{ConsentChange, ConsentChangePage};
use muster_core::grant::Verb;
use muster_store::{ChangeMark, Registry};

use super::args::ChangesArgs;
use crate::deployed::Place;
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::state::{self, Surroundings};

/// Runs the command.
pub(super) async fn run(args: &ChangesArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let page = match args.list.registry.place(around).await? {
        Place::Registry(registry) => page(args, &registry).await?,
        Place::Server(server) => {
            let tenant = server.tenant(&args.tenant).await?.id;
            let (from, limit) = (args.list.page.from.as_deref(), args.list.page.limit_text());
            server
                .consent_changes(tenant, args.partner.as_ref(), from, &limit)
                .await?
        }
    };
    if args.list.json {
        out.json(&page)?;
        return Ok(Exit::Fine);
    }
    if page.changes.is_empty() {
        out.line("There are no changes.")?;
        return Ok(Exit::Fine);
    }
    out.table(table(&page.changes), 0)?;
    out.more(page.next.as_deref())?;
    Ok(Exit::Fine)
}

async fn page(args: &ChangesArgs, registry: &Registry) -> Result<ConsentChangePage, Failure> {
    let after = args.list.page.from.as_deref().map(str::parse::<ChangeMark>).transpose();
    let after = after.map_err(|error| Failure::new(error, "Take --from as the page before gave it."))?;
    let tenant = state::tenant(registry, &args.tenant).await?;
    let (grants, limit) = (registry.grants(), args.list.page.limit());
    let page = match &args.partner {
        Some(partner) => {
            let partner = state::partner(registry, partner).await?;
            grants.changes_of(tenant.id, &partner.id, after.as_ref(), limit).await?
        }
        None => grants.changes_of_tenant(tenant.id, after.as_ref(), limit).await?,
    };
    Ok(ConsentChangePage {
        changes: page.changes.into_iter().map(ConsentChange::from).collect(),
        next: page.next.map(|mark| mark.to_string()),
    })
}

fn table(changes: &[ConsentChange]) -> comfy_table::Table {
    let mut table = output::table(["WHEN", "PARTNER", "WHAT", "BY", "FROM", "VERBS", "CHANNELS", "ENDS"]);
    for change in changes {
        let new = &change.new;
        let channels: Vec<String> = new.channels.iter().map(ToString::to_string).collect();
        let verbs: Vec<&str> = new.verbs.iter().map(|verb| Verb::as_str(*verb)).collect();
        table.add_row([
            state::time(change.at),
            change.partner.to_string(),
            change.what.as_str().to_owned(),
            plain(&change.by.subject).into_owned(),
            change
                .by
                .address
                .as_deref()
                .map_or_else(|| "-".to_owned(), |from| plain(from).into_owned()),
            verbs.join(", "),
            channels.join(", "),
            new.expires_at.map_or_else(|| "-".to_owned(), state::time),
        ]);
    }
    table
}
