//! `muster uploads`: what was handed in, and what became of it.

mod args;
mod cancel;
mod resume;
mod show;

use muster_core::id::TenantId;
use muster_core::outcome::Outcome;
use muster_store::Registry;
use muster_store::uploads::Stray;
use registration_api::model::Upload;
use serde::Serialize;

use crate::deployed::Place;
use crate::failure::{Exit, Failure};
use crate::output::{self, Number, Output, Style, plain};
use crate::state::{self, Surroundings};

pub(crate) use args::UploadsArgs;
use args::{ListArgs, UploadsCommand};
use show::{Told, stage};

/// Runs the command.
pub(crate) async fn run(args: &UploadsArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    match &args.command {
        UploadsCommand::List(args) => list(args, around, out).await,
        UploadsCommand::Show(args) => show::run(args, around, out).await,
        UploadsCommand::Cancel(args) => cancel::run(args, around, out).await,
        UploadsCommand::Resume(args) => resume::run(args, around, out).await,
    }
}

#[derive(Serialize)]
struct Page {
    uploads: Vec<Told>,
    next: Option<String>,
    /// Objects that are no upload; with `--unassigned`.
    #[serde(skip_serializing_if = "Option::is_none")]
    strays: Option<Vec<Stray>>,
}

async fn list(args: &ListArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let page = match args.unassigned {
        // Nobody's uploads are nobody's to see through a server.
        true => page(args, &*args.list.registry.open(around).await?, around).await?,
        false => match args.list.registry.place(around).await? {
            Place::Registry(registry) => page(args, &registry, around).await?,
            Place::Server(server) => {
                let tenant = match &args.catalogue {
                    Some(partner) => TenantId::of_catalogue(partner),
                    None => server.tenant_or_own(args.tenant.as_deref()).await?.id,
                };
                let (from, limit) = (args.list.page.from.as_deref(), args.list.page.limit_text());
                let page = server.uploads(tenant, from, &limit).await?;
                Page {
                    uploads: page.uploads.into_iter().map(Told::from).collect(),
                    next: page.next,
                    strays: None,
                }
            }
        },
    };
    if args.list.json {
        out.json(&page)?;
        return Ok(Exit::Fine);
    }
    match page.uploads.is_empty() {
        true => out.line("There are no uploads.")?,
        false => out.table(table(&page.uploads), 0)?,
    }
    out.more(page.next.as_deref())?;
    show_strays(page.strays.as_deref().unwrap_or_default(), out)?;
    Ok(Exit::Fine)
}

async fn page(args: &ListArgs, registry: &Registry, around: &Surroundings) -> Result<Page, Failure> {
    let tenant = match (&args.tenant, &args.catalogue) {
        (Some(text), _) => Some(state::tenant(registry, text).await?.id),
        (None, Some(partner)) => Some(TenantId::of_catalogue(partner)),
        (None, None) => None,
    };
    let (uploads, limit) = (registry.uploads(), args.list.page.limit());
    let page = uploads.list(tenant, args.list.page.from.as_deref(), limit).await?;
    let strays = match args.unassigned {
        true => Some(uploads.strays(limit).await?),
        false => None,
    };
    let (mut told, now) = (Vec::with_capacity(page.uploads.len()), (around.clock)());
    for status in page.uploads {
        told.push(Told::read(registry, status, now).await?);
    }
    Ok(Page {
        uploads: told,
        next: page.next,
        strays,
    })
}

fn table(uploads: &[Told]) -> comfy_table::Table {
    let mut table = output::table([
        "ID", "FILE", "CHANNEL", "PARTNER", "STATE", "ROWS", "FAILED", "RECEIVED",
    ]);
    for Told { upload, .. } in uploads {
        let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| Number(number).to_string());
        table.add_row([
            upload.id.clone(),
            plain(&upload.name).into_owned(),
            upload
                .channel
                .map_or_else(|| "-".to_owned(), |channel| channel.to_string()),
            upload
                .partner
                .as_ref()
                .map_or_else(|| "-".to_owned(), ToString::to_string),
            stage(upload.state).to_owned(),
            number(upload.rows.filter(|_| upload.state.is_final())),
            number(failed(upload)),
            state::time(upload.created_at),
        ]);
    }
    table
}

/// How many rows failed, once that is known.
fn failed(upload: &Upload) -> Option<u64> {
    let failed = upload
        .counts
        .iter()
        .filter(|(outcome, _)| !Outcome::is_success(**outcome));
    let failed = failed.map(|(_, rows)| rows).sum();
    Some(failed).filter(|_| !upload.counts.is_empty())
}

fn show_strays(strays: &[Stray], out: &mut Output) -> Result<(), Failure> {
    if strays.is_empty() {
        return Ok(());
    }
    let title = out.paint(Style::Bold, "Objects that are no upload, left alone:");
    out.line(format_args!("\n{title}"))?;
    for stray in strays {
        out.line(format_args!(
            "  {}: {}. {}",
            plain(&stray.key),
            plain(&stray.reason.detail),
            plain(&stray.reason.remedy)
        ))?;
    }
    Ok(())
}
