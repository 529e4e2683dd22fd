//! The registry in a data directory of this machine: this process takes the directory, or speaks to the server that has
//! it.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_core::upload::ObjectVersion;
use muster_local::data_dir::{DataDir, DataDirError, Owner, Stage};
use muster_local::flow::Embedded;
use muster_local::serve::Client;
use muster_store::Registry;
use tokio::time::Instant;

use crate::deployed::Origin;
use crate::failure::Failure;
use crate::output;
use crate::state::Surroundings;

/// A registry in a data directory.
pub(crate) struct Here {
    /// The directory, absolute.
    pub(crate) directory: PathBuf,
    /// Who has it.
    pub(crate) held: Held,
}

/// Who has a data directory.
pub(crate) enum Held {
    /// This process.
    ByThis(Embedded),
    /// A server.
    ByServer(Client),
}

impl Deref for Here {
    type Target = Registry;

    fn deref(&self) -> &Registry {
        match &self.held {
            Held::ByThis(embedded) => embedded,
            Held::ByServer(client) => client,
        }
    }
}

impl Here {
    /// Has the upload that this object is go on, if it stopped.
    pub(crate) async fn go_on(&self, object: &ObjectVersion) -> Result<(), Failure> {
        match &self.held {
            Held::ByThis(embedded) => {
                (embedded.go_on(object).await).map_err(|error| Failure::of_disk_or(embedded, error))
            }
            Held::ByServer(client) => Ok(client.go_on(object).await?),
        }
    }
}

/// How long a directory is asked for: a process that was killed a moment ago may still have it.
const PATIENCE: Duration = Duration::from_millis(500);
/// The same where a server has it, which may be about to start or to stop.
const PATIENCE_WITH_A_SERVER: Duration = Duration::from_secs(3);
/// How long apart.
const PAUSE: Duration = Duration::from_millis(50);

/// Takes the directory, or reaches the server that has it. The lock alone decides which; what the owner file says is
/// tried, and may be of a process that is long gone.
pub(crate) async fn open(directory: PathBuf, around: &Surroundings) -> Result<Here, Failure> {
    let start = Instant::now();
    loop {
        let owner = match DataDir::open(&directory, &around.command, (around.clock)()) {
            Ok(taken) => {
                tell_if_open(&taken);
                let held = Held::ByThis(Embedded::open(taken, around.clock.clone()).await?);
                return Ok(Here { directory, held });
            }
            Err(DataDirError::InUse { owner, .. }) => owner,
            Err(error) => return Err(error.into()),
        };
        let server = owner.as_ref().and_then(|owner| owner.server.as_ref());
        if let Some(Stage::Serving(access)) = server
            && let Some(client) = Client::connect(access).await
        {
            _ = around.origin.set(Origin::Server);
            let held = Held::ByServer(client);
            return Ok(Here { directory, held });
        }
        let patience = match server {
            Some(_) => PATIENCE_WITH_A_SERVER,
            None => PATIENCE,
        };
        if start.elapsed() >= patience {
            return Err(in_use(directory, owner));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn tell_if_open(taken: &DataDir) {
    if taken.was_open_to_others() {
        let path = output::path(taken.path());
        output::remark(format_args!("Other users could read {path}; from now on only you can."));
    }
}

/// Takes the directory for a server; as a sandbox, where that is wanted.
pub(crate) async fn take(directory: &Path, sandbox: bool, around: &Surroundings) -> Result<Embedded, Failure> {
    let start = Instant::now();
    let taken = loop {
        match DataDir::open(directory, &around.command, (around.clock)()) {
            Err(DataDirError::InUse { .. }) if start.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
            other => break other?,
        }
    };
    tell_if_open(&taken);
    if sandbox {
        taken.make_sandbox()?;
    }
    taken.announce(Stage::Starting)?;
    Ok(Embedded::open(taken, around.clock.clone()).await?)
}

/// The directory cannot be had, and no server answers for it.
fn in_use(path: PathBuf, owner: Option<Box<Owner>>) -> Failure {
    let Some(Owner {
        pid,
        command,
        since,
        server: Some(stage),
    }) = owner.as_deref()
    else {
        return DataDirError::InUse { path, owner }.into();
    };
    let server = format!(
        "the server that has {}, `{}` (process {pid}, since {since}),",
        output::path(&path),
        output::plain(command)
    );
    match stage {
        Stage::Starting => Failure::new(
            format_args!("{server} is still starting"),
            "Run the command again in a moment.",
        ),
        Stage::Stopping => Failure::new(
            format_args!("{server} is stopping"),
            "Run the command again when it has ended.",
        ),
        Stage::Serving(access) => Failure::new(
            format_args!("{server} does not answer on port {}", access.http),
            "Run the command again in a moment; should that not help, stop the server and start it again.",
        ),
    }
}
