//! `muster check`: everything up to validation, and nothing written.

mod report;
mod seen;

use std::path::PathBuf;

use clap::Args;
use manifest::FileProblem;
use muster_core::channel::{Channel, Principal};
use muster_core::id::PartnerId;
use validate_batch::check_rows;

use crate::batches::{List, limits};
use crate::failure::{Exit, Failure};
use crate::input::Input;
use crate::output::{self, Output, Style};
use crate::progress;

use report::{Refusal, Report};
use seen::Seen;

/// What `muster check` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster check samples/device-list.csv
  muster check samples/device-list-with-problems.csv --all
  muster check list.csv --partner fabrikam --json | jq .outcomes

Reads any published dialect, in any usual encoding, and says line by line what a registration would refuse. Consent and \
the devices of other tenants are not looked at: they show when the list is registered.
Exit code: 0 every row is in order; 1 rows are not, or the file is refused; 2 it cannot be read.")]
pub(crate) struct CheckArgs {
    /// The device list; `-` for stdin
    file: PathBuf,
    /// The channel whose rules apply: oem-direct, partner-center, intune, store-for-business, m365-business, automatic
    /// [default: intune; with --partner partner-center]
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<Channel>,
    /// Check as this partner would upload it
    #[arg(long)]
    partner: Option<PartnerId>,
    /// Refuse the file when it has more rows than the channel takes at once
    #[arg(long)]
    strict: bool,
    /// Print every problem, not only the first ten; with --json, memory grows with them
    #[arg(long)]
    all: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// How many problems are printed unless all are asked for.
const FIRST: usize = 10;

/// Runs the command.
pub(crate) fn run(args: &CheckArgs, out: &mut Output) -> Result<Exit, Failure> {
    let channel = args.channel.unwrap_or(match args.partner {
        Some(_) => Channel::PartnerCenter,
        None => Channel::Intune,
    });
    for_this_caller(channel, args.partner.as_ref())?;
    let input = Input::open(&args.file)?;
    let (name, size) = (output::path(input.path()), input.size());
    let list = match List::open(input)? {
        Ok(list) => list,
        Err(problem) => return refuse(args.json, &of_file(&name, &problem), out),
    };
    let report = check(args, list, channel, name, size, out)?;
    let limit = u64::from(channel.policy().max_devices);
    if args.strict && report.rows > limit {
        return refuse(args.json, &too_many(&report, limit), out);
    }
    match args.json {
        true => report.json(out)?,
        false => report.show(out)?,
    }
    Ok(Exit::unless(report.failed() > 0))
}

/// A channel is for partners or for tenants; a registration would be refused.
pub(crate) fn for_this_caller(channel: Channel, partner: Option<&PartnerId>) -> Result<(), Failure> {
    let of_partners = matches!(channel.policy().principal, Principal::Oem | Principal::Csp);
    match (of_partners, partner) {
        (true, None) => Err(Failure::new(
            format_args!("the channel {channel} is for partners"),
            "Name the partner with --partner.",
        )),
        (false, Some(_)) => Err(Failure::new(
            format_args!("the channel {channel} is for the tenant itself, not for partners"),
            "Leave --partner off, or use partner-center (oem-direct for an OEM).",
        )),
        _ => Ok(()),
    }
}

fn check(
    args: &CheckArgs,
    mut list: List,
    channel: Channel,
    name: String,
    size: u64,
    out: &mut Output,
) -> Result<Report, Failure> {
    let mut report = Report::new(name, channel, &list.dialect, if args.all { usize::MAX } else { FIRST });
    let mut seen = Seen::new();
    let bar = progress::of_bytes(size);
    // A long list of problems is printed as it is found: memory does not grow with it.
    let print = args.all && !args.json;
    list.for_each(limits(channel), |bytes, batch, dialect| {
        let mut rows = check_rows(bytes, dialect, batch, channel);
        seen.mark(&mut rows);
        report.batch(&rows);
        if print {
            report
                .take_problems()
                .iter()
                .try_for_each(|problem| report::show_problem(problem, out))?;
        }
        bar.set_position(batch.next_start);
        Ok(())
    })?;
    bar.finish_and_clear();
    report.looked_at = seen.rows_until_full();
    Ok(report)
}

fn of_file(name: &str, problem: &FileProblem) -> Refusal {
    Refusal {
        file: name.to_owned(),
        code: problem.code.as_str(),
        line: problem.line,
        column: problem.column,
        detail: format!("{}. {}", problem.what, problem.why),
        remedy: problem.remedy.clone(),
    }
}

fn too_many(report: &Report, limit: u64) -> Refusal {
    Refusal {
        file: report.file.clone(),
        code: "too-many-rows",
        line: None,
        column: None,
        detail: format!(
            "the file has {} rows, more than the {limit} that {} takes at once",
            report.rows, report.channel
        ),
        remedy: "Split the file, or leave --strict off: longer files are cut by themselves.".to_owned(),
    }
}

/// Says why a file as a whole is refused.
pub(crate) fn refuse_file(json: bool, file: &str, problem: &FileProblem, out: &mut Output) -> Result<Exit, Failure> {
    refuse(json, &of_file(file, problem), out)
}

/// Refuses a file without a column of hashes, where nothing else will do.
pub(crate) fn refuse_without_hash(json: bool, file: &str, out: &mut Output) -> Result<Exit, Failure> {
    let refusal = Refusal {
        file: file.to_owned(),
        code: "missing-column",
        line: None,
        column: None,
        detail: "the file has no column \"Hardware Hash\", by which alone a device is registered automatically"
            .to_owned(),
        remedy: "Have the query give the hash, too.".to_owned(),
    };
    refuse(json, &refusal, out)
}

fn refuse(json: bool, refusal: &Refusal, out: &mut Output) -> Result<Exit, Failure> {
    if json {
        out.json(&refusal.as_json())?;
    } else {
        let refused = out.paint(Style::Bad, "refused");
        out.line(format_args!("{}: {refused} ({})", refusal.file, refusal.code))?;
        out.line(format_args!("  {}{}", refusal.place(), output::plain(&refusal.detail)))?;
        out.line(format_args!("  {}", output::plain(&refusal.remedy)))?;
        out.line("Nothing of it would be registered.")?;
    }
    Ok(Exit::Negative)
}
