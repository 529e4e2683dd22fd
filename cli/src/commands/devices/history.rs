//! What became of a device.

use muster_core::history::Event;
use muster_store::Registry;
use registration_api::model::{ChangeAuthor, DeviceChange, DeviceChangePage, FieldChange, Registrant};

use super::args::HistoryArgs;
use crate::deployed::Place;
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::state::{self, Surroundings};

/// Runs the command.
pub(super) async fn run(args: &HistoryArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let page = match args.list.registry.place(around).await? {
        Place::Registry(registry) => page(args, &registry).await?,
        Place::Server(server) => {
            let tenant = server.tenant_or_own(args.tenant.as_deref()).await?.id;
            let (from, limit) = (args.list.page.from.as_deref(), args.list.page.limit_text());
            match server.device_changes(tenant, args.device, from, &limit).await {
                Err(refusal) if refusal.is_absence() => return Err(none(args)),
                page => page?,
            }
        }
    };
    if args.list.json {
        out.json(&page)?;
        return Ok(Exit::Fine);
    }
    let mut table = output::table(["VERSION", "WHEN", "WHAT", "BY", "CHANGES"]);
    for change in &page.changes {
        table.add_row([
            change.version.to_string(),
            state::time(change.at),
            change.event.as_str().to_owned(),
            by(&change.by),
            changes(change),
        ]);
    }
    out.table(table, 0)?;
    out.more(page.next.as_deref())?;
    Ok(Exit::Fine)
}

async fn page(args: &HistoryArgs, registry: &Registry) -> Result<DeviceChangePage, Failure> {
    let below = args.list.page.from.as_deref().map(str::parse::<u64>).transpose();
    let below = below.map_err(|_| {
        Failure::new(
            "--from is no place in this list",
            "Take --from as the page before gave it.",
        )
    })?;
    let devices = registry.devices();
    let mut device = devices.get(args.device).await?;
    if let Some(text) = &args.tenant {
        let tenant = state::tenant(registry, text).await?.id;
        device = device.filter(|device| device.tenant == tenant);
    }
    let device = device.ok_or_else(|| none(args))?;
    let page = devices.history(&device, below, args.list.page.limit()).await?;
    Ok(DeviceChangePage {
        changes: page.changes.into_iter().map(DeviceChange::from).collect(),
        next: page.next.map(|version| version.to_string()),
    })
}

fn none(args: &HistoryArgs) -> Failure {
    Failure::new(
        format_args!("there is no device `{}`", args.device),
        "`muster devices list` lists them.",
    )
}

fn by(author: &ChangeAuthor) -> String {
    if let Some(source) = &author.source {
        return format!("upload {}, line {}", source.upload, source.line);
    }
    if let Some(manufacturer) = &author.catalogue {
        return format!("the catalogue of {manufacturer}");
    }
    // Who somebody of another party is, a partner is not told.
    let subject = author.subject.as_deref().map_or_else(|| "somebody".into(), plain);
    match &author.party {
        Some(Registrant::Partner(id)) => format!("{subject} of {}", plain(id)),
        _ => subject.into_owned(),
    }
}

/// What changed, a line each.
fn changes(change: &DeviceChange) -> String {
    let value = |value: &Option<String>| {
        value
            .as_deref()
            .map_or_else(|| "-".to_owned(), |v| plain(v).into_owned())
    };
    let told = |field: &FieldChange| match (field.field.as_str(), &field.new) {
        ("hardware", _) => "hardware: as of a new capture".to_owned(),
        ("keys", Some(key)) => format!("new identity: {key}"),
        ("keys", None) => "identities: old ones given up".to_owned(),
        ("pkid", Some(new)) if change.event == Event::Rebound => format!("pkid: {}", plain(new)),
        (name, _) => format!("{name}: {} -> {}", value(&field.old), value(&field.new)),
    };
    let absorbed = change.absorbed.iter().map(|id| format!("took over device {id}"));
    let reason = change
        .reason
        .as_deref()
        .map(|reason| format!("reason: {}", plain(reason)));
    let lines: Vec<String> = change.fields.iter().map(told).chain(absorbed).chain(reason).collect();
    if lines.is_empty() {
        "-".to_owned()
    } else {
        lines.join("\n")
    }
}
