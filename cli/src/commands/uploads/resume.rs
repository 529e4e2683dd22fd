//! Takes up an upload that was given up, and sees it through.

use muster_core::id::UploadId;
use muster_store::Registry;
use registration_api::model::UploadStage;

use super::args::{AnyId, ShowArgs};
use super::show::{Told, none, print};
use crate::commands::register::until_final;
use crate::deployed::{Place, State};
use crate::failure::{Exit, Failure};
use crate::here::Held;
use crate::output::{self, Output};
use crate::remote::Server;
use crate::state::Surroundings;
use crate::watch;

/// Runs the command.
pub(super) async fn run(args: &ShowArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let place = args.registry.place(around).await?;
    let told = match &place {
        Place::Registry(registry) => match here(args, registry, around).await? {
            Some(told) => told,
            None => return Ok(Exit::Fine),
        },
        Place::Server(server) => there(args, server).await?,
    };
    match args.json {
        true => out.json(&told)?,
        false => print(&place, &told, out).await?,
    }
    Ok(Exit::unless(told.upload.state != UploadStage::Finished))
}

/// The upload at its end; none where others see it through.
async fn here(args: &ShowArgs, registry: &State, around: &Surroundings) -> Result<Option<Told>, Failure> {
    let AnyId::Own(id) = &args.upload else {
        return Err(none(&args.upload));
    };
    let resumed = registry.uploads().resume(id, (around.clock)()).await?;
    // An earlier run of this command may have resumed it, and was not told what became of it.
    if !resumed && !under_way(registry, id).await? {
        return Err(not_given_up(&args.upload));
    }
    let State::Here(here) = registry else {
        output::remark("Sweep finds it within a minute and puts it on again.");
        return Ok(None);
    };
    if let Some(status) = here.uploads().get(id).await? {
        here.go_on(&status.object).await?;
    }
    if let Held::ByServer(client) = &here.held
        && let Err(failure) = client.sweep().await
    {
        output::remark(format_args!(
            "warning: {failure}; its own sweep finds the upload within 5 minutes."
        ));
    }
    let status = watch::until_final(here, id).await?;
    Told::read(registry, status, (around.clock)()).await.map(Some)
}

/// The same through a server.
async fn there(args: &ShowArgs, server: &Server) -> Result<Told, Failure> {
    let tenant = server.tenant_or_own(args.tenant.as_deref()).await?;
    let id = args.upload.to_string();
    match server.resume_upload(tenant.id, &id).await {
        Ok(_) => {}
        Err(refusal) if refusal.is_absence() => return Err(none(&args.upload)),
        Err(refusal) if refusal.is_conflict() => {
            if server.upload(tenant.id, &id).await?.state != UploadStage::Processing {
                return Err(not_given_up(&args.upload));
            }
        }
        Err(refusal) => return Err(refusal.into()),
    }
    Ok(until_final(server, &tenant, &id).await?.into())
}

fn not_given_up(id: &AnyId) -> Failure {
    Failure::new(
        format_args!("the upload {id} was not given up, so there is nothing to resume"),
        "`muster uploads show` says how it stands.",
    )
}

async fn under_way(registry: &Registry, id: &UploadId) -> Result<bool, Failure> {
    let status = registry.uploads().get(id).await?;
    Ok(status.is_some_and(|status| !status.state.is_final()))
}
