//! `muster uploads`: what was handed in, and what became of it.

use std::borrow::Cow;

use clap::{Args, Subcommand};
use muster_core::id::UploadId;
use muster_core::inbox::InboxKey;
use muster_core::upload::UploadState;
use muster_store::Registry;
use muster_store::reports::{fixit_key, report_key};
use muster_store::uploads::{Stray, UploadStatus};
use serde::Serialize;

use crate::deployed::{RegistryArgs, State};
use crate::failure::{Exit, Failure};
use crate::here::Held;
use crate::output::{self, Number, Output, Style, plain};
use crate::state::{self, PageArgs, Surroundings};
use crate::watch;

/// What `muster uploads` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster uploads list --tenant Contoso
  muster uploads list --unassigned
  muster uploads show <ID> --json | jq .counts
  muster uploads resume <ID>")]
pub(crate) struct UploadsArgs {
    #[command(subcommand)]
    command: UploadsCommand,
}

#[derive(Debug, Subcommand)]
enum UploadsCommand {
    /// List the uploads of a tenant, newest first
    List(ListArgs),
    /// Show an upload
    Show(ShowArgs),
    /// Take up an upload that was given up, and see it through
    Resume(ShowArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// The tenant's id or name
    #[arg(long, required_unless_present = "unassigned", conflicts_with = "unassigned")]
    tenant: Option<String>,
    /// Those that were refused before their tenant was known, and objects in the bucket that are no upload
    #[arg(long)]
    unassigned: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The upload's id
    #[arg(value_name = "ID")]
    upload: UploadId,
    /// Print the upload as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs the command.
pub(crate) async fn run(args: &UploadsArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    match &args.command {
        UploadsCommand::List(args) => list(args, around, out).await,
        UploadsCommand::Show(args) => show(args, around, out).await,
        UploadsCommand::Resume(args) => resume(args, around, out).await,
    }
}

#[derive(Serialize)]
struct Page<'a> {
    uploads: &'a [UploadStatus],
    next: Option<&'a str>,
    /// Objects that are no upload; with `--unassigned`.
    #[serde(skip_serializing_if = "Option::is_none")]
    strays: Option<&'a [Stray]>,
}

async fn list(args: &ListArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let registry = args.registry.open(around).await?;
    let tenant = match &args.tenant {
        Some(text) => Some(state::tenant(&registry, text).await?.id),
        None => None,
    };
    let uploads = registry.uploads();
    let page = uploads
        .list(tenant, args.page.from.as_deref(), args.page.limit())
        .await?;
    let strays = match args.unassigned {
        true => Some(uploads.strays(args.page.limit()).await?),
        false => None,
    };
    if args.json {
        out.json(&Page {
            uploads: &page.uploads,
            next: page.next.as_deref(),
            strays: strays.as_deref(),
        })?;
        return Ok(Exit::Fine);
    }
    match page.uploads.is_empty() {
        true => out.line("There are no uploads.")?,
        false => out.table(table(&page.uploads), 0)?,
    }
    out.more(page.next.as_deref())?;
    show_strays(strays.as_deref().unwrap_or_default(), out)?;
    Ok(Exit::Fine)
}

fn table(uploads: &[UploadStatus]) -> comfy_table::Table {
    let mut table = output::table([
        "ID", "FILE", "CHANNEL", "PARTNER", "STATE", "ROWS", "FAILED", "RECEIVED",
    ]);
    for upload in uploads {
        let key = InboxKey::parse(&upload.object.key);
        let failed: u64 = upload
            .counts
            .iter()
            .filter(|(outcome, _)| !outcome.is_success())
            .map(|(_, rows)| rows)
            .sum();
        let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| Number(number).to_string());
        table.add_row([
            upload.id.to_string(),
            plain(key.as_ref().map_or(upload.object.key.as_str(), |key| key.name)).into_owned(),
            plain(key.as_ref().map_or("-", |key| key.channel)).into_owned(),
            plain(key.as_ref().and_then(|key| key.partner).unwrap_or("-")).into_owned(),
            upload.state.as_str().to_owned(),
            number(upload.rows),
            number(Some(failed).filter(|_| !upload.counts.is_empty())),
            state::time(upload.created_at),
        ]);
    }
    table
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

async fn show(args: &ShowArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let registry = args.registry.open(around).await?;
    let Some(upload) = registry.uploads().get(&args.upload).await? else {
        let what = format!("there is no upload {}", args.upload);
        return Err(Failure::new(what, "`muster uploads list` lists them."));
    };
    if args.json {
        out.json(&upload)?;
        return Ok(Exit::Fine);
    }
    print(&registry, &upload, out).await?;
    if let State::Here(here) = &registry {
        let reports = here.directory.join("reports").join(upload.id.as_str());
        if reports.is_dir() {
            out.line(format_args!("  Reports: {}", output::path(&reports)))?;
        }
        if !upload.state.is_final() && matches!(here.held, Held::ByThis(_)) {
            out.line("  It goes on with the next `muster register`.")?;
        }
    }
    Ok(Exit::Fine)
}

async fn resume(args: &ShowArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let registry = args.registry.open(around).await?;
    let resumed = registry.uploads().resume(&args.upload, (around.clock)()).await?;
    // An earlier run of this command may have resumed it, and was not told what became of it.
    if !resumed && !under_way(&registry, &args.upload).await? {
        return Err(Failure::new(
            format_args!(
                "the upload {} was not given up, so there is nothing to resume",
                args.upload
            ),
            "`muster uploads show` says how it stands.",
        ));
    }
    let State::Here(here) = &registry else {
        output::remark("Sweep finds it within a minute and puts it on again.");
        return Ok(Exit::Fine);
    };
    if let Some(status) = here.uploads().get(&args.upload).await? {
        here.go_on(&status.object).await?;
    }
    if let Held::ByServer(client) = &here.held
        && let Err(failure) = client.sweep().await
    {
        output::remark(format_args!(
            "warning: {failure}; its own sweep finds the upload within 5 minutes."
        ));
    }
    let upload = watch::until_final(here, &args.upload).await?;
    match args.json {
        true => out.json(&upload)?,
        false => print(here, &upload, out).await?,
    }
    Ok(match upload.state {
        UploadState::Finished => Exit::Fine,
        _ => Exit::Negative,
    })
}

async fn under_way(registry: &Registry, id: &UploadId) -> Result<bool, Failure> {
    let status = registry.uploads().get(id).await?;
    Ok(status.is_some_and(|status| !status.state.is_final()))
}

async fn print(registry: &Registry, upload: &UploadStatus, out: &mut Output) -> Result<(), Failure> {
    let title = out.paint(Style::Bold, format_args!("Upload {}", upload.id));
    out.line(title)?;
    let tenant = match upload.tenant {
        Some(id) => registry
            .tenants()
            .get(id)
            .await?
            .map(|tenant| format!("{} ({id})", plain(&tenant.name))),
        None => None,
    };
    let progress = registry.uploads().progress(&upload.id).await?.unwrap_or_default();
    let objects = registry.objects();
    let mut rows: Vec<(Cow<'static, str>, String)> = Vec::new();
    let mut row =
        |name: &'static str, value: Option<String>| rows.extend(value.map(|value| (Cow::Borrowed(name), value)));
    row("state", Some(upload.state.as_str().to_owned()));
    row(
        "reason",
        upload
            .reason
            .as_ref()
            .map(|reason| format!("{}: {}", reason.code, plain(&reason.detail))),
    );
    row(
        "remedy",
        upload.reason.as_ref().map(|reason| plain(&reason.remedy).into_owned()),
    );
    row("tenant", tenant);
    row("channel", upload.channel.map(|channel| channel.to_string()));
    row(
        "partner",
        upload
            .registrant
            .as_ref()
            .and_then(|r| r.partner())
            .map(|partner| partner.to_string()),
    );
    row("object", Some(plain(&upload.object.key).into_owned()));
    row("version", Some(upload.object.version.clone()));
    row("bytes", Some(Number(upload.size).to_string()));
    row("received", Some(state::time(upload.created_at)));
    row("ended", upload.finished_at.map(state::time));
    row("rows", upload.rows.map(|rows| Number(rows).to_string()));
    row(
        "batches",
        progress.total.map(|total| {
            format!(
                "{} of {} done",
                Number(progress.batches_done.into()),
                Number(total.into())
            )
        }),
    );
    if matches!(upload.state, UploadState::Finished | UploadState::FinishedWithErrors) {
        row(
            "report",
            Some(format!("{}/{}", objects.bucket(), report_key(&upload.id))),
        );
        let fixit = fixit_key(&upload.id);
        row(
            "fix-it file",
            objects
                .head(&fixit, None)
                .await?
                .map(|_| format!("{}/{fixit}", objects.bucket())),
        );
    }
    out.table(output::name_table(&rows), 2)?;
    for notice in &upload.notices {
        out.line(format_args!("  notice: {}", plain(notice)))?;
    }
    for (outcome, rows) in &upload.counts {
        out.line(format_args!("  {:>9}  {}", Number(*rows), outcome.entry().meaning))?;
    }
    Ok(())
}
