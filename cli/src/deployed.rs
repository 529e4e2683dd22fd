//! Where the registry is: in a data directory of this machine, in a table and a bucket on AWS, or behind a server's HTTP
//! API.

use std::ops::Deref;

use clap::Args;
use muster_core::id::TenantId;
use muster_store::objects::Objects;
use muster_store::{Connection, Registry, Table, Trust};

use crate::failure::Failure;
use crate::here::Here;
use crate::remote::{Address, Server};
use crate::state::{DataDirArgs, PageArgs, Surroundings};

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
    /// The URL of a server, whose HTTP API is used then; see `muster login`
    #[arg(long, value_name = "URL", conflicts_with_all = ["data_dir", "table"])]
    server: Option<Address>,
}

/// What every list takes.
#[derive(Debug, Args)]
pub(crate) struct ListedArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
}

/// What a command about something of one tenant takes.
#[derive(Debug, Args)]
pub(crate) struct TenantArgs {
    /// The tenant's id or name
    #[arg(long)]
    pub(crate) tenant: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
}

/// What a command takes that looks for a device.
#[derive(Debug, Args)]
pub(crate) struct DeviceArgs {
    /// The device's id, its PKID, or its serial number
    #[arg(value_name = "ID|PKID|SERIAL")]
    pub(crate) device: String,
    /// Look for the serial number in this tenant only; needed with --server where the token is for no tenant of its own
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
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

/// What a command speaks to.
pub(crate) enum Place {
    /// The registry itself.
    Registry(State),
    /// A server, which does what its token may do.
    Server(Server),
}

impl Place {
    /// What a tenant is called, where the caller may know it.
    pub(crate) async fn name_of_tenant(&self, id: TenantId) -> Result<Option<String>, Failure> {
        Ok(match self {
            Self::Registry(registry) => registry.tenants().get(id).await?.map(|tenant| tenant.name),
            Self::Server(server) => server.name_of_tenant(id).await?,
        })
    }
}

impl RegistryArgs {
    /// The server that is named.
    pub(crate) const fn server(&self) -> Option<&Address> {
        self.server.as_ref()
    }

    /// Opens the registry, or the way to a server.
    pub(crate) async fn place(&self, around: &Surroundings) -> Result<Place, Failure> {
        match &self.server {
            Some(address) => Ok(Place::Server(Server::open(address, around)?)),
            None => Ok(Place::Registry(self.open(around).await?)),
        }
    }

    /// Opens the registry itself.
    pub(crate) async fn open(&self, around: &Surroundings) -> Result<State, Failure> {
        if let Some(address) = &self.server {
            return Err(Failure::new(
                format_args!("this needs the registry itself, which {address} lets nobody look into"),
                "Run it where the registry is: with --data-dir there, or with --table and --bucket.",
            ));
        }
        let (Some(table), Some(bucket)) = (&self.table, &self.bucket) else {
            return Ok(State::Here(self.data.open(around).await?));
        };
        _ = around.origin.set(Origin::Aws);
        let connection = Connection::aws(Trust::System).await;
        let (table, objects) = (Table::new(&connection, table), Objects::new(&connection, bucket));
        Ok(State::Deployed(Registry::new(table, objects)))
    }
}
