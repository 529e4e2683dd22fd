//! What became of a device.

use muster_core::history::{Author, DeviceChange, FieldChange};
use registration_api::model;

use super::args::HistoryArgs;
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::state::{self, Surroundings};

/// Runs the command.
pub(super) async fn run(args: &HistoryArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let below = args.page.from.as_deref().map(str::parse::<u64>).transpose();
    let below = below.map_err(|_| {
        Failure::new(
            "--from is no place in this list",
            "Take --from as the page before gave it.",
        )
    })?;
    let registry = args.registry.open(around).await?;
    let devices = registry.devices();
    let device = devices.get(args.device).await?.ok_or_else(|| {
        Failure::new(
            format_args!("there is no device `{}`", args.device),
            "`muster devices list` lists them.",
        )
    })?;
    let page = devices.history(&device, below, args.page.limit()).await?;
    let next = page.next.map(|version| version.to_string());
    if args.json {
        out.json(&model::DeviceChangePage {
            changes: page.changes.into_iter().map(model::DeviceChange::from).collect(),
            next,
        })?;
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
    out.more(next.as_deref())?;
    Ok(Exit::Fine)
}

fn by(author: &Author) -> String {
    match author {
        Author::Row(source) => format!("upload {}, line {}", source.upload, source.place.line),
        Author::Requester(requester) => {
            let of = requester.party.partner().map(|id| format!(" of {id}"));
            format!("{}{}", plain(&requester.subject), of.unwrap_or_default())
        }
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
        (name, _) => format!("{name}: {} -> {}", value(&field.old), value(&field.new)),
    };
    let absorbed = change.absorbed.iter().map(|id| format!("took over device {id}"));
    let lines: Vec<String> = change.fields.iter().map(told).chain(absorbed).collect();
    if lines.is_empty() {
        "-".to_owned()
    } else {
        lines.join("\n")
    }
}
