//! An upload in full.

use std::borrow::Cow;

use muster_core::Timestamp;
use muster_core::upload::ObjectVersion;
use muster_store::Registry;
use muster_store::reports::{fixit_key, report_key};
use muster_store::uploads::UploadStatus;
use registration_api::model::{Upload, UploadStage};
use serde::Serialize;

use super::args::{AnyId, ShowArgs};
use crate::deployed::{Place, State};
use crate::failure::{Exit, Failure};
use crate::here::Held;
use crate::output::{self, Number, Output, Style, plain};
use crate::state::{self, Surroundings};

/// An upload, and where its file is for those who have the bucket.
#[derive(Serialize)]
pub(super) struct Told {
    #[serde(flatten)]
    pub(super) upload: Upload,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) object: Option<ObjectVersion>,
}

impl From<Upload> for Told {
    fn from(upload: Upload) -> Self {
        Self { upload, object: None }
    }
}

impl Told {
    /// An upload of a registry, and how far it is.
    pub(super) async fn read(registry: &Registry, status: UploadStatus, now: Timestamp) -> Result<Self, Failure> {
        let object = Some(status.object.clone());
        let upload = Upload::read(&registry.uploads(), status, now).await?;
        Ok(Self { upload, object })
    }
}

/// Runs the command.
pub(super) async fn run(args: &ShowArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let place = args.registry.place(around).await?;
    let told = match &place {
        Place::Registry(registry) => {
            let status = match &args.upload {
                AnyId::Own(id) => registry.uploads().get(id).await?,
                AnyId::Announced(_) => None,
            };
            let status = status.ok_or_else(|| none(&args.upload))?;
            Told::read(registry, status, (around.clock)()).await?
        }
        Place::Server(server) => {
            let tenant = server.tenant_or_own(args.tenant.as_deref()).await?.id;
            match server.upload(tenant, &args.upload.to_string()).await {
                Ok(upload) => upload.into(),
                Err(refusal) if refusal.is_absence() => return Err(none(&args.upload)),
                Err(refusal) => return Err(refusal.into()),
            }
        }
    };
    if args.json {
        out.json(&told)?;
        return Ok(Exit::Fine);
    }
    print(&place, &told, out).await?;
    if let Place::Registry(State::Here(here)) = &place {
        let reports = here.directory.join("reports").join(&told.upload.id);
        if reports.is_dir() {
            out.line(format_args!("  Reports: {}", output::path(&reports)))?;
        }
        if !told.upload.state.is_final() && matches!(here.held, Held::ByThis(_)) {
            out.line("  It goes on with the next `muster register`.")?;
        }
    }
    Ok(Exit::Fine)
}

/// There is no such upload, or none that the caller may see.
pub(super) fn none(id: &AnyId) -> Failure {
    Failure::new(
        format_args!("there is no upload {id}"),
        "`muster uploads list` lists them.",
    )
}

/// The stage in a word.
pub(super) const fn stage(stage: UploadStage) -> &'static str {
    match stage {
        UploadStage::Announced => "announced",
        UploadStage::Expired => "expired",
        UploadStage::Processing => "processing",
        UploadStage::Finished => "finished",
        UploadStage::FinishedWithErrors => "finished-with-errors",
        UploadStage::Refused => "refused",
        UploadStage::Failed => "failed",
        UploadStage::Cancelled => "cancelled",
    }
}

/// Prints it.
pub(super) async fn print(place: &Place, told: &Told, out: &mut Output) -> Result<(), Failure> {
    let upload = &told.upload;
    let title = out.paint(Style::Bold, format_args!("Upload {}", upload.id));
    out.line(title)?;
    let tenant = match upload.tenant {
        Some(id) => {
            let name = place.name_of_tenant(id).await?;
            Some(name.map_or_else(|| id.to_string(), |name| format!("{} ({id})", plain(&name))))
        }
        None => None,
    };
    let mut rows: Vec<(Cow<'static, str>, String)> = Vec::new();
    let mut row =
        |name: &'static str, value: Option<String>| rows.extend(value.map(|value| (Cow::Borrowed(name), value)));
    let reason = upload.reason.as_ref();
    row("state", Some(stage(upload.state).to_owned()));
    row(
        "reason",
        reason.map(|reason| format!("{}: {}", plain(&reason.code), plain(&reason.detail))),
    );
    row("remedy", reason.map(|reason| plain(&reason.remedy).into_owned()));
    row("tenant", tenant);
    row("channel", upload.channel.map(|channel| channel.to_string()));
    row("partner", upload.partner.as_ref().map(ToString::to_string));
    row("file", Some(plain(&upload.name).into_owned()));
    row(
        "object",
        told.object.as_ref().map(|object| plain(&object.key).into_owned()),
    );
    row("version", told.object.as_ref().map(|object| object.version.clone()));
    row("bytes", Some(Number(upload.size).to_string()));
    row("received", Some(state::time(upload.created_at)));
    row("ended", upload.finished_at.map(state::time));
    row("rows", upload.rows.map(|rows| Number(rows).to_string()));
    row("rows done", upload.rows.map(|_| Number(upload.rows_done).to_string()));
    if let Place::Registry(registry) = place {
        for (name, at) in files(registry, upload).await? {
            row(name, Some(at));
        }
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

/// Where the files about it are in the bucket.
async fn files(registry: &Registry, upload: &Upload) -> Result<Vec<(&'static str, String)>, Failure> {
    let finished = matches!(upload.state, UploadStage::Finished | UploadStage::FinishedWithErrors);
    let Some(id) = upload.id.parse().ok().filter(|_| finished) else {
        return Ok(Vec::new());
    };
    let (objects, fixit) = (registry.objects(), fixit_key(&id));
    let mut files = vec![("report", format!("{}/{}", objects.bucket(), report_key(&id)))];
    if objects.head(&fixit, None).await?.is_some() {
        files.push(("fix-it file", format!("{}/{fixit}", objects.bucket())));
    }
    Ok(files)
}
