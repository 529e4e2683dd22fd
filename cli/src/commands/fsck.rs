//! `muster fsck`: whether what is stored is consistent, and what to do where it is not.

use std::pin::pin;
use std::time::Duration;

use clap::Args;
use muster_core::Timestamp;
use muster_store::StoreError;
use muster_store::fsck::{Code, Counts, Finding, Fsck, Mending, Report};

use crate::deployed::{RegistryArgs, State};
use crate::failure::{Exit, Failure};
use crate::here::Held;
use crate::output::{Number, Output, Style, count, plain};
use crate::progress;
use crate::state::Surroundings;

/// How often the progress is shown anew.
const LOOK: Duration = Duration::from_millis(200);

/// What `muster fsck` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster fsck
  muster fsck --repair
  muster fsck --table muster --bucket muster-uploads --json

Exit code: 0 nothing is wrong any more; 1 findings are left; 2 the registry could not be checked.")]
pub(crate) struct FsckArgs {
    /// Mend what can be mended in one way only
    #[arg(long)]
    repair: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs the command.
pub(crate) async fn run(args: &FsckArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let registry = args.registry.open(around).await?;
    let files = match &registry {
        State::Here(here) => match &here.held {
            Held::ByThis(embedded) => embedded.check_files().await?,
            Held::ByServer(server) => server.check_files().await?,
        },
        State::Deployed(_) => Vec::new(),
    };
    let damaged = files.iter().any(|finding| finding.code == Code::DatabaseDamaged);
    let report = match damaged {
        true => Report::default(),
        false => watched(&registry.fsck(), args.repair, (around.clock)()).await?,
    };
    let report = report.with(files);
    if args.json {
        out.json(&report)?;
    } else {
        out.line(match damaged {
            true => "Checked the files alone.".to_owned(),
            false => looked_at(&report.counts),
        })?;
        tell(&report, out)?;
    }
    Ok(Exit::unless(!report.is_clean()))
}

/// Checks, or repairs, and shows on a terminal how far it is.
async fn watched(fsck: &Fsck, repair: bool, now: Timestamp) -> Result<Report, StoreError> {
    let bar = progress::waiting("checking the registry");
    let mut work = pin!(async {
        match repair {
            true => fsck.repair(now).await,
            false => fsck.check(now).await,
        }
    });
    let report = loop {
        match tokio::time::timeout(LOOK, &mut work).await {
            Ok(report) => break report,
            Err(_) => bar.set_message(format!("{} read", count(fsck.seen(), "item", "items"))),
        }
    };
    bar.finish_and_clear();
    report
}

/// Tells each finding, and at last what it comes to.
fn tell(report: &Report, out: &mut Output) -> Result<(), Failure> {
    if report.counts.under_way > 0 {
        out.line(format_args!(
            "Half done, and going on by itself or with sweep: {}.",
            Number(report.counts.under_way)
        ))?;
    }
    out.line("")?;
    for finding in &report.findings {
        tell_finding(finding, out)?;
    }
    let unlisted = (report.left + report.mended).saturating_sub(report.findings.len() as u64);
    if unlisted > 0 {
        out.line(format_args!("More that are not listed: {}.\n", Number(unlisted)))?;
    }
    let (style, verdict) = verdict(report.left, report.mended);
    let verdict = out.paint(style, verdict);
    out.line(verdict)
}

fn looked_at(counts: &Counts) -> String {
    let entries = match counts.entries {
        0 => String::new(),
        entries => format!("{}, ", count(entries, "catalogue entry", "catalogue entries")),
    };
    format!(
        "Checked {}: {}, {}, {}, {} and {} that are released or merged, {}, {entries}{}.",
        count(counts.items, "item", "items"),
        count(counts.tenants, "tenant", "tenants"),
        count(counts.partners, "partner", "partners"),
        count(counts.grants, "grant", "grants"),
        count(counts.devices, "registered device", "registered devices"),
        Number(counts.retired_devices),
        count(counts.identities, "identity", "identities"),
        count(counts.uploads, "upload", "uploads"),
    )
}

fn tell_finding(finding: &Finding, out: &mut Output) -> Result<(), Failure> {
    let style = match finding.mending {
        Mending::Done => Style::Good,
        Mending::Possible | Mending::Overtaken => Style::Notice,
        Mending::ByHand => Style::Bad,
    };
    let name = out.paint(style, finding.code.name());
    out.line(format_args!(
        "{}: {} ({name})",
        plain(&finding.place),
        plain(&finding.detail)
    ))?;
    out.line(format_args!("  {}", finding.code.words().why))?;
    out.line(format_args!("  {}\n", finding.remedy()))
}

fn verdict(left: u64, mended: u64) -> (Style, String) {
    let found = |number| count(number, "finding", "findings");
    match (left, mended) {
        (0, 0) => (Style::Good, "Nothing is wrong.".to_owned()),
        (0, mended) => (
            Style::Good,
            format!("Nothing is wrong any more: {} mended.", found(mended)),
        ),
        (left, 0) => (Style::Bad, format!("{} left.", found(left))),
        (left, mended) => (Style::Bad, format!("{} left, {} mended.", found(left), Number(mended))),
    }
}
