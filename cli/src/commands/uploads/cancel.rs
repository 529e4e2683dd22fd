//! Calls an upload off.

use muster_core::upload::{Reason, UploadState};

use super::args::{AnyId, ShowArgs};
use super::show::{Told, none, print};
use crate::deployed::{Place, State};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::remote::Server;
use crate::state::Surroundings;

/// Runs the command. An upload that is called off already is as asked for.
pub(super) async fn run(args: &ShowArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let place = args.registry.place(around).await?;
    let told = match &place {
        Place::Registry(registry) => here(args, registry, around).await?,
        Place::Server(server) => there(args, server).await?,
    };
    match args.json {
        true => out.json(&told)?,
        false => print(&place, &told, out).await?,
    }
    Ok(Exit::Fine)
}

async fn here(args: &ShowArgs, registry: &State, around: &Surroundings) -> Result<Told, Failure> {
    let AnyId::Own(id) = &args.upload else {
        return Err(none(&args.upload));
    };
    let (uploads, now) = (registry.uploads(), (around.clock)());
    let cancelled = uploads.cancel(id, &Reason::cancelled("the command line"), now).await?;
    let status = uploads.get(id).await?.ok_or_else(|| none(&args.upload))?;
    if !cancelled && status.state != UploadState::Cancelled {
        return Err(ended(&args.upload));
    }
    Told::read(registry, status, now).await
}

/// The same through a server.
async fn there(args: &ShowArgs, server: &Server) -> Result<Told, Failure> {
    let tenant = server.tenant_or_own(args.tenant.as_deref()).await?.id;
    match server.cancel_upload(tenant, &args.upload.to_string()).await {
        Ok(upload) => Ok(upload.into()),
        Err(refusal) if refusal.is_absence() => Err(none(&args.upload)),
        Err(refusal) if refusal.is_conflict() => Err(ended(&args.upload)),
        Err(refusal) => Err(refusal.into()),
    }
}

fn ended(id: &AnyId) -> Failure {
    Failure::new(
        format_args!("the upload {id} has come to its end already, so there is nothing to cancel"),
        "`muster uploads show` says what became of it.",
    )
}
