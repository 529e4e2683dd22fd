//! Registers a list through a server: announced, sent by signed URLs, waited for.
//!
//! A note of the idempotency key outlives a run that is killed, so that the same command goes on with the same upload.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::ProgressBar;
use muster_core::id::{PartnerId, TenantId};
use muster_core::inbox::OnConflict;
use registration_api::model::{AnnouncedUpload, NewCatalogueUpload, NewUpload, Upload, UploadStage};
use tokio::time::Instant;

use super::answer::{Answer, FIXIT, Files, REPORT, SUMMARY, TenantAnswer};
use super::drop::Source;
use super::unanswered::Unanswered;
use super::{RegisterArgs, options, tell};
use crate::commands::check::for_this_caller;
use crate::failure::{Exit, Failure};
use crate::output::{self, Output};
use crate::remote::{self, Named, Refusal, Server};
use crate::state::Surroundings;
use crate::{progress, signals};

/// Above this a file is sent in parts, each of which can be repeated by itself.
const IN_ONE_REQUEST: u64 = 64 << 20;
/// For how long a server may hold an idempotency key whose request ended without an answer, as that of a run that was
/// killed does; and how long apart it is asked.
const HELD: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is asked whether the process is told to stop.
const LOOK: Duration = Duration::from_millis(100);

/// What is sent and where.
struct Sending<'a> {
    size: u64,
    server: &'a Server,
    tenant: Named,
    new: New,
    note: Unanswered,
    around: &'a Surroundings,
}

/// What is announced.
enum New {
    /// A list for a tenant.
    Upload(NewUpload),
    /// A list for this manufacturer's catalogue.
    Catalogue(PartnerId, NewCatalogueUpload),
}

/// Runs the command.
pub(super) async fn run(
    args: &RegisterArgs,
    source: &Source,
    server: &Server,
    around: &Surroundings,
    out: &mut Output,
) -> Result<Exit, Failure> {
    is_of_holder(args, server)?;
    let sending = Sending::new(args, source, server, around).await?;
    let (announced, resumed) = sending.announce().await?;
    if resumed && !args.json {
        output::remark("This file is under way already, or nobody was told what became of it.");
    }
    let (tenant, id) = (&sending.tenant, announced.id.to_string());
    // Of a first run nothing can be there yet.
    let waited_for = !resumed || server.upload(tenant.id, &id).await?.state == UploadStage::Announced;
    if waited_for {
        let bar = progress::of_bytes(sending.size);
        let sent = server.send_file(tenant.id, &announced, source.path(), sending.size, &bar);
        sent.await?;
        bar.finish_and_clear();
    }
    let upload = until_final(server, tenant, &id).await?;
    let files = fetch(server, tenant, &upload).await?;
    let told = (!args.catalogue).then(|| TenantAnswer {
        id: tenant.id,
        name: tenant.name.clone(),
        created: false,
    });
    let answer = Answer::of(upload, told, files, resumed)?;
    tell(&answer, args, out)?;
    sending.note.remove();
    Ok(answer.exit())
}

/// The token decides in whose name a list is registered; what the command line says of it must not contradict.
fn is_of_holder(args: &RegisterArgs, server: &Server) -> Result<(), Failure> {
    let own = server.holder().partner.as_ref();
    if let Some(named) = args.partner.as_ref().filter(|named| Some(*named) != own) {
        return Err(Failure::new(
            format_args!("the token for {} is not one of the partner `{named}`", server.address()),
            format_args!("Use a token of it: muster login --server {}", server.address()),
        ));
    }
    match args.channel {
        Some(channel) if own.is_none() => for_this_caller(channel, None),
        _ => Ok(()),
    }
}

impl<'a> Sending<'a> {
    async fn new(
        args: &RegisterArgs,
        source: &Source,
        server: &'a Server,
        around: &'a Surroundings,
    ) -> Result<Self, Failure> {
        let options = options(args, source)?;
        let catalogue = args.partner.as_ref().filter(|_| args.catalogue);
        let tenant = match (&args.tenant, catalogue) {
            (_, Some(partner)) => Named {
                id: TenantId::of_catalogue(partner),
                name: format!("the catalogue of {partner}"),
            },
            (tenant, None) => server.tenant(tenant.as_deref().unwrap_or_default()).await?,
        };
        let size = std::fs::metadata(source.path()).map_err(|error| Failure::unreadable(&args.file, &error))?;
        let size = size.len();
        let directory = remote::directory(&around.env, "XDG_STATE_HOME", ".local/state").ok_or_else(|| {
            Failure::new(
                "there is no place to note the upload in: neither XDG_STATE_HOME nor HOME is set",
                "Set one of them.",
            )
        })?;
        let channel = args.channel.map(|channel| channel.to_string()).unwrap_or_default();
        let (id, holder) = (tenant.id.to_string(), server.holder());
        let holder = [
            holder.subject.as_deref().unwrap_or_default(),
            holder.partner.as_ref().map_or("-", |partner| partner.as_str()),
        ];
        let place = [
            server.address().as_str(),
            &id,
            &channel,
            source.name(),
            holder[0],
            holder[1],
        ];
        let note = Unanswered::of(&directory, &place, &options.to_metadata().into_iter().collect());
        let multipart = (size > IN_ONE_REQUEST).then_some(true);
        let new = match catalogue {
            Some(partner) => New::Catalogue(
                partner.clone(),
                NewCatalogueUpload {
                    name: source.name().to_owned(),
                    size,
                    multipart,
                    sha256: options.sha256,
                    strict: Some(options.strict),
                    validate_only: options.validate_only.then_some(true),
                    intended_for: options.intended_for,
                },
            ),
            None => New::Upload(NewUpload {
                channel: args.channel,
                name: source.name().to_owned(),
                size,
                multipart,
                sha256: options.sha256,
                strict: Some(options.strict),
                on_conflict: Some(options.on_conflict).filter(|choice| *choice != OnConflict::default()),
                group_tag: options.group_tag,
                validate_only: options.validate_only.then_some(true),
            }),
        };
        Ok(Self {
            size,
            server,
            tenant,
            new,
            note,
            around,
        })
    }

    /// Announces the upload; whether an earlier run did, and nobody was told what became of it.
    async fn announce(&self) -> Result<(AnnouncedUpload, bool), Failure> {
        if let Some(key) = self.note.read()
            && let Some(answer) = self.announced_before(&key).await?
        {
            return Ok(answer);
        }
        let key = (self.around.new_id)().to_string();
        // Before it is announced: no upload is begun without this note.
        self.note.write(&key)?;
        match self.ask(&key).await {
            Ok((announced, _)) => Ok((announced, false)),
            Err(refusal) => {
                // Where no answer came, it may be announced.
                if matches!(refusal, Refusal::Problem(..)) {
                    self.note.remove();
                }
                Err(refusal.into())
            }
        }
    }

    /// Announces it under this key, and waits where an earlier request under it is still worked on.
    async fn ask(&self, key: &str) -> Result<(AnnouncedUpload, bool), Refusal> {
        let (start, mut shown) = (Instant::now(), None);
        let answer = loop {
            let asked = match &self.new {
                New::Upload(new) => self.server.announce(self.tenant.id, new, key).await,
                New::Catalogue(partner, new) => self.server.announce_catalogue(partner, new, key).await,
            };
            match asked {
                Err(refusal) if refusal.is_conflict() && start.elapsed() < HELD => {
                    shown.get_or_insert_with(|| progress::waiting("waiting for the request of an earlier run"));
                    tokio::time::sleep(PAUSE).await;
                }
                answer => break answer,
            }
        };
        shown.iter().for_each(ProgressBar::finish_and_clear);
        answer
    }

    /// What an earlier run announced under this key, if it can still be gone on with; whether it was announced before.
    async fn announced_before(&self, key: &str) -> Result<Option<(AnnouncedUpload, bool)>, Failure> {
        let (announced, replayed) = match self.ask(key).await {
            Ok(answer) => answer,
            // Of another version of this command, or no key at all.
            Err(refusal) if refusal.is_other_request() => return Ok(None),
            Err(refusal) => return Err(refusal.into()),
        };
        if !replayed {
            // That run never came to it, or it is long ago.
            return Ok(Some((announced, false)));
        }
        let state = self.server.upload(self.tenant.id, announced.id.as_str()).await?.state;
        let over = matches!(state, UploadStage::Expired | UploadStage::Cancelled);
        Ok((!over).then_some((announced, true)))
    }
}

/// The upload in its final state, unless this process is told to stop before.
pub(crate) async fn until_final(server: &Server, tenant: &Named, id: &str) -> Result<Upload, Failure> {
    let told = signals::told_to_stop()?;
    let told = async {
        while !told.load(Ordering::SeqCst) {
            tokio::time::sleep(LOOK).await;
        }
    };
    let ended = async {
        let mut shown = Shown::new();
        loop {
            let upload = server.wait_for_upload(tenant.id, id).await?;
            if upload.state.is_final() {
                return Ok(upload);
            }
            shown.look(&upload);
        }
    };
    tokio::select! {
        ended = ended => ended,
        () = told => Err(Failure::new(
            format_args!("this command was stopped; the server goes on with the upload {id}"),
            format_args!(
                "See how it stands: muster uploads show {id} --tenant {} --server {}",
                tenant.id,
                server.address()
            ),
        )),
    }
}

/// What is shown of an upload that is waited for.
struct Shown {
    reading: ProgressBar,
    rows: Option<ProgressBar>,
}

impl Shown {
    fn new() -> Self {
        Self {
            reading: progress::waiting("reading the list"),
            rows: None,
        }
    }

    fn look(&mut self, upload: &Upload) {
        if let Some(all) = upload.rows {
            self.reading.finish_and_clear();
            self.rows
                .get_or_insert_with(|| progress::of_uploaded_rows(all))
                .set_position(upload.rows_done);
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.reading.finish_and_clear();
        self.rows.iter().for_each(ProgressBar::finish_and_clear);
    }
}

/// Copies the files about the upload into a directory below this one.
async fn fetch(server: &Server, tenant: &Named, upload: &Upload) -> Result<Files, Failure> {
    let target = Path::new("reports").join(&upload.id);
    let target = std::path::absolute(&target).unwrap_or(target);
    Ok(Files {
        report: fetch_one(server, tenant, upload, &target, ("report", REPORT)).await?,
        fixit: fetch_one(server, tenant, upload, &target, ("fixit", FIXIT)).await?,
        summary: fetch_one(server, tenant, upload, &target, ("summary", SUMMARY)).await?,
    })
}

async fn fetch_one(
    server: &Server,
    tenant: &Named,
    upload: &Upload,
    target: &Path,
    (name, file): (&str, &str),
) -> Result<Option<PathBuf>, Failure> {
    match server.file_of_upload(tenant.id, &upload.id, name).await? {
        Some(download) => Ok(Some(server.fetch(&download.url, target, file).await?)),
        None => Ok(None),
    }
}
