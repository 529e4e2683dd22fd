//! Where the registry is: in a data directory of this machine, or in a table and a bucket on AWS.

use std::ops::Deref;

use clap::Args;
use muster_store::objects::Objects;
use muster_store::{Connection, Registry, Table, Trust};

use crate::failure::Failure;
use crate::here::Here;
use crate::state::{DataDirArgs, Surroundings};

/// Where the registry is.
#[derive(Debug, Args)]
pub(crate) struct RegistryArgs {
    #[command(flatten)]
    data: DataDirArgs,
    /// The table of a deployment on AWS, which is used then; credentials and region come from the environment
    #[arg(long, value_name = "NAME", requires = "bucket", conflicts_with = "data_dir")]
    table: Option<String>,
    /// The bucket of that deployment
    #[arg(long, value_name = "NAME", requires = "table")]
    bucket: Option<String>,
}

/// Where a registry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// On this machine.
    Here,
    /// On this machine, behind a server.
    Server,
    /// On AWS.
    Aws,
}

/// A registry that is open.
pub(crate) enum State {
    /// On this machine.
    Here(Here),
    /// On AWS.
    Deployed(Registry),
}

impl Deref for State {
    type Target = Registry;

    fn deref(&self) -> &Registry {
        match self {
            Self::Here(here) => here,
            Self::Deployed(registry) => registry,
        }
    }
}

impl RegistryArgs {
    /// Opens the registry.
    pub(crate) async fn open(&self, around: &Surroundings) -> Result<State, Failure> {
        let (Some(table), Some(bucket)) = (&self.table, &self.bucket) else {
            return Ok(State::Here(self.data.open(around).await?));
        };
        _ = around.origin.set(Origin::Aws);
        let connection = Connection::aws(Trust::System).await;
        let (table, objects) = (Table::new(&connection, table), Objects::new(&connection, bucket));
        Ok(State::Deployed(Registry::new(table, objects)))
    }
}
