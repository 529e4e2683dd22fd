//! `muster catalogue`: what manufacturers made known before anybody owned it.

mod args;
mod withdraw;

use std::borrow::Cow;
use std::collections::BTreeSet;

use muster_core::catalogue::Entry;
use muster_core::id::PartnerId;
use muster_core::identity::IdentityKey;
use muster_store::catalogue::EntryFilter;
use muster_store::{ErrorKind, Registry};
use registration_api::model::{CatalogueEntry, CataloguePage, ProductKey, ProductKeyPage};

use crate::deployed::Place;
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, Style, plain};
use crate::state::{self, Surroundings};

pub(crate) use args::CatalogueArgs;
use args::{CatalogueCommand, KeysArgs, ListArgs, ShowArgs};

/// Runs the command.
pub(crate) async fn run(args: &CatalogueArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    match &args.command {
        CatalogueCommand::List(args) => list(args, around, out).await,
        CatalogueCommand::Show(args) => show(args, around, out).await,
        CatalogueCommand::Withdraw(args) => withdraw::run(args, around, out).await,
        CatalogueCommand::ProductKeys(args) => product_keys(args, around, out).await,
    }
}

async fn list(args: &ListArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let (from, limit) = (args.page.from.as_deref(), args.page.limit());
    let page = match args.registry.place(around).await? {
        Place::Registry(registry) => {
            state::partner(&registry, &args.partner).await?;
            let filter = EntryFilter {
                intended_for: args.intended_for.clone(),
                serial_prefix: args.serial.clone(),
            };
            let page = registry.catalogue().list(&args.partner, &filter, from, limit).await;
            let page = page.map_err(no_mark)?;
            CataloguePage {
                entries: told(&registry, page.entries).await?,
                next: page.next,
            }
        }
        Place::Server(server) => {
            let filter = (args.intended_for.as_ref(), args.serial.as_str());
            let limit = args.page.limit_text();
            server.catalogue(&args.partner, filter, from, &limit).await?
        }
    };
    if args.json {
        out.json(&page)?;
        return Ok(Exit::Fine);
    }
    match (page.entries.as_slice(), &page.next) {
        ([], None) => out.line(format_args!("The catalogue of {} has no such device.", args.partner))?,
        ([], Some(_)) => out.line("None so far.")?,
        (entries, _) => out.table(table(entries), 0)?,
    }
    out.more(page.next.as_deref())?;
    Ok(Exit::Fine)
}

fn no_mark(error: muster_store::StoreError) -> Failure {
    match error.kind() {
        ErrorKind::Rejected => Failure::new(
            "--from is no place in this list",
            "Take --from as the page before gave it.",
        ),
        _ => error.into(),
    }
}

fn table(entries: &[CatalogueEntry]) -> comfy_table::Table {
    let mut table = output::table([
        "ID",
        "SERIAL NUMBER",
        "MANUFACTURER",
        "MODEL",
        "PKID",
        "FOR",
        "OWNED",
        "LISTED",
    ]);
    let cell = |text: &Option<String>| {
        text.as_deref()
            .map_or_else(|| "-".to_owned(), |text| plain(text).into_owned())
    };
    for entry in entries {
        table.add_row([
            entry.id.to_string(),
            cell(&entry.serial_number),
            cell(&entry.manufacturer),
            cell(&entry.model),
            cell(&entry.product_key_id),
            cell(&entry.intended_for.as_ref().map(PartnerId::to_string)),
            if entry.owned { "yes" } else { "no" }.to_owned(),
            state::time(entry.catalogued_at),
        ]);
    }
    table
}

/// Entries as they are told: with whether somebody has registered the device.
async fn told(registry: &Registry, entries: Vec<Entry>) -> Result<Vec<CatalogueEntry>, Failure> {
    let keys: BTreeSet<IdentityKey> = entries.iter().flat_map(Entry::proving_keys).collect();
    let keys: Vec<IdentityKey> = keys.into_iter().collect();
    let claims = registry.devices().claims(&keys, true).await?;
    let told = entries.into_iter().map(|entry| {
        let owned = entry.proving_keys().any(|key| claims.contains_key(&key));
        CatalogueEntry::of(entry, owned)
    });
    Ok(told.collect())
}

async fn show(args: &ShowArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let entry = match args.registry.place(around).await? {
        Place::Registry(registry) => {
            let found = registry.catalogue().get(args.entry).await?;
            let found = found.filter(|entry| entry.partner == args.partner);
            told(&registry, found.into_iter().collect()).await?.pop()
        }
        Place::Server(server) => server.entry(&args.partner, args.entry).await?,
    };
    let entry = entry.ok_or_else(|| {
        Failure::new(
            format_args!("the catalogue of {} has no entry `{}`", args.partner, args.entry),
            "`muster catalogue list` lists them.",
        )
    })?;
    if args.json {
        out.json(&entry)?;
        return Ok(Exit::Fine);
    }
    out.line(out.paint(Style::Bold, format_args!("Catalogue entry {}", entry.id)))?;
    let mut rows: Vec<(Cow<'static, str>, String)> = Vec::new();
    let mut row = |name: &'static str, value: Option<&str>| {
        rows.extend(value.map(|value| (Cow::Borrowed(name), plain(value).into_owned())));
    };
    row("state", Some(entry.state.as_str()));
    row("owned", Some(if entry.owned { "yes" } else { "no" }));
    row("serial number", entry.serial_number.as_deref());
    row("manufacturer", entry.manufacturer.as_deref());
    row("model", entry.model.as_deref());
    row("PKID", entry.product_key_id.as_deref());
    row("meant for", entry.intended_for.as_ref().map(|partner| partner.as_str()));
    row("listed", Some(&state::time(entry.catalogued_at)));
    row("changed", Some(&state::time(entry.changed_at)));
    let from = format!("upload {}, line {}", entry.source.upload, entry.source.line);
    row("from", Some(&from));
    row("version", Some(&entry.version.to_string()));
    out.table(output::name_table(&rows), 2)?;
    Ok(Exit::Fine)
}

async fn product_keys(args: &KeysArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let (from, limit) = (args.page.from.as_deref(), args.page.limit());
    let page = match args.registry.place(around).await? {
        Place::Registry(registry) => {
            state::partner(&registry, &args.partner).await?;
            state::partner(&registry, &args.meant).await?;
            let filter = EntryFilter {
                intended_for: Some(args.meant.clone()),
                serial_prefix: String::new(),
            };
            let page = registry.catalogue().list(&args.partner, &filter, from, limit).await;
            let page = page.map_err(no_mark)?;
            ProductKeyPage {
                product_keys: page.entries.into_iter().filter_map(ProductKey::of).collect(),
                next: page.next,
            }
        }
        Place::Server(server) => {
            let limit = args.page.limit_text();
            server.product_keys(&args.partner, &args.meant, from, &limit).await?
        }
    };
    if args.json {
        out.json(&page)?;
        return Ok(Exit::Fine);
    }
    match (page.product_keys.as_slice(), &page.next) {
        ([], None) => out.line(format_args!("{} has no PKIDs for {}.", args.partner, args.meant))?,
        ([], Some(_)) => out.line("None so far.")?,
        (keys, _) => {
            let mut table = output::table(["PKID", "SERIAL NUMBER", "MANUFACTURER", "MODEL"]);
            let cell = |text: &Option<String>| plain(text.as_deref().unwrap_or("-")).into_owned();
            for key in keys {
                let named = [&key.serial_number, &key.manufacturer, &key.model].map(cell);
                let [serial, manufacturer, model] = named;
                table.add_row([key.product_key_id.clone(), serial, manufacturer, model]);
            }
            out.table(table, 0)?;
        }
    }
    out.more(page.next.as_deref())?;
    Ok(Exit::Fine)
}
