//! `muster harvest`: devices that an inventory of managed devices lists, registered where a profile says so.

mod answer;
mod page;
mod to;

use std::path::PathBuf;

use clap::Args;
use manifest::Column;
use muster_core::channel::Channel;
use registration_api::model::HarvestedDevice;

use crate::batches::{List, limits};
use crate::commands::check::{refuse_file, refuse_without_hash};
use crate::failure::{Exit, Failure};
use crate::input::Input;
use crate::output::{self, Output};
use crate::progress;
use crate::remote::{Address, Server};
use crate::state::{self, DataDirArgs, Surroundings};

use answer::Answer;
use page::Reader;
use to::To;

/// What `muster harvest` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster harvest inventory.csv --tenant Contoso
  muster harvest inventory.csv --tenant Contoso --group-tag Office --json | jq .skipped
  muster harvest inventory.csv --tenant Contoso --server https://muster.example

The file is what an inventory query of Configuration Manager gives, as CSV: a hardware hash for each device, and where the \
query has them manufacturer, model, serial number, group tag, OS version and ownership. Registered is what a profile with \
the flag to convert targeted devices is meant for; other devices are skipped, and it is said why. The same file again \
registers nothing twice, also after a run that was killed.
Exit code: 0 whatever was to be registered is; 1 rows could not be used or failed, or the file was refused; 2 not done.")]
pub(crate) struct HarvestArgs {
    /// The inventory; `-` for stdin
    file: PathBuf,
    /// The tenant's id or name
    #[arg(long)]
    tenant: String,
    /// For devices that bring no group tag of their own
    #[arg(long, value_name = "TAG")]
    group_tag: Option<String>,
    /// Print every device that is skipped, not only the first ten; memory grows with them
    #[arg(long)]
    all: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// The URL of a server, whose HTTP API is used then; see `muster login`
    #[arg(long, value_name = "URL", conflicts_with = "data_dir")]
    server: Option<Address>,
    #[command(flatten)]
    data: DataDirArgs,
}

/// How many skipped devices are printed unless all are asked for.
const FIRST: usize = 10;

/// Runs the command.
pub(crate) async fn run(args: &HarvestArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let input = Input::open(&args.file)?;
    let name = output::path(input.path());
    let mut list = match List::open(input)? {
        Ok(list) => list,
        Err(problem) => return refuse_file(args.json, &name, &problem, out),
    };
    if !list.dialect.columns.contains(&Column::HardwareHash) {
        return refuse_without_hash(args.json, &name, out);
    }
    if let Some(address) = &args.server {
        let server = Server::open(address, around)?;
        let tenant = server.tenant(&args.tenant).await?;
        return carry_out(args, &mut list, name, &To::There(&server, tenant), out).await;
    }
    let here = args.data.open(around).await?;
    let tenant = state::tenant(&here, &args.tenant).await?;
    carry_out(args, &mut list, name, &To::Here(&here, tenant, around), out).await
}

async fn carry_out(
    args: &HarvestArgs,
    list: &mut List,
    file: String,
    to: &To<'_>,
    out: &mut Output,
) -> Result<Exit, Failure> {
    let reader = Reader::new(&list.dialect, args.group_tag.as_deref());
    let mut answer = Answer::new(file, to, &list.dialect, if args.all { usize::MAX } else { FIRST });
    answer.notices.extend(reader.notices());
    let mut pages = Vec::new();
    list.for_each(limits(Channel::Automatic), |_, batch, _| {
        pages.push(*batch);
        Ok(())
    })?;
    let bar = progress::of_rows(pages.iter().map(|page| u64::from(page.rows)).sum());
    let mut bytes = Vec::new();
    for page in &pages {
        list.read(page, &mut bytes)?;
        let read = reader.page(&list.dialect, &bytes, page);
        let (lines, devices): (Vec<u64>, Vec<HarvestedDevice>) = read.devices.into_iter().unzip();
        answer.unusable(read.unusable);
        if !devices.is_empty() {
            let harvest = to.hand_in(devices).await?;
            answer.page(&lines, harvest);
        }
        bar.inc(u64::from(page.rows));
    }
    bar.finish_and_clear();
    match args.json {
        true => answer.json(out)?,
        false => answer.show(to, out)?,
    }
    Ok(answer.exit())
}
