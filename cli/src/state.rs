//! What every command on the registry takes, and what it asks first.

use std::path::PathBuf;
use std::sync::OnceLock;

use clap::Args;
use muster_core::Timestamp;
use muster_core::id::PartnerId;
use muster_core::party::{Partner, Tenant};
use muster_local::Clock;
use muster_local::flow::Embedded;
use muster_runtime::env::Env;
use muster_store::Registry;
use uuid::Uuid;

use crate::deployed::Origin;
use crate::failure::Failure;
use crate::here::{self, Here};
use crate::output::plain;

/// What a command takes from its surroundings.
pub(crate) struct Surroundings {
    /// The environment.
    pub(crate) env: Env,
    /// The time.
    pub(crate) clock: Clock,
    /// A new id, never seen before.
    pub(crate) new_id: fn() -> Uuid,
    /// The command as it was typed, for others who want the data directory.
    pub(crate) command: String,
    /// Where the registry is that the command opened.
    pub(crate) origin: OnceLock<Origin>,
}

impl Surroundings {
    /// Where the registry is; on this machine unless it was opened elsewhere.
    pub(crate) fn origin(&self) -> Origin {
        self.origin.get().copied().unwrap_or(Origin::Here)
    }
}

/// Where the state is.
#[derive(Debug, Args)]
pub(crate) struct DataDirArgs {
    /// The directory that holds everything [default: $XDG_DATA_HOME/muster, or ~/.local/share/muster]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// A page of a list.
#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    /// How many to list at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Where to go on; the page before says it
    #[arg(long, value_name = "MARK")]
    pub(crate) from: Option<String>,
}

impl PageArgs {
    /// How many to list at most.
    pub(crate) fn limit(&self) -> usize {
        self.limit.into()
    }

    /// The same as a server is asked for it.
    pub(crate) fn limit_text(&self) -> String {
        self.limit.to_string()
    }
}

impl DataDirArgs {
    /// The directory, absolute: what is told of it shall mean the same everywhere.
    fn path(&self, env: &Env) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.data_dir {
            return Ok(std::path::absolute(path).unwrap_or_else(|_| path.clone()));
        }
        let xdg = env
            .required("XDG_DATA_HOME")
            .map(PathBuf::from)
            .ok()
            .filter(|path| path.is_absolute());
        let home = || {
            env.required("HOME")
                .map(|home| PathBuf::from(home).join(".local/share"))
                .ok()
        };
        let base = xdg.or_else(home);
        base.map(|base| base.join("muster")).ok_or_else(|| {
            Failure::new(
                "there is no place for the data directory: neither XDG_DATA_HOME nor HOME is set",
                "Name one with --data-dir.",
            )
        })
    }

    /// Opens the registry in the directory.
    pub(crate) async fn open(&self, around: &Surroundings) -> Result<Here, Failure> {
        here::open(self.path(&around.env)?, around).await
    }

    /// Takes the directory for a server, as a sandbox if that is wanted, and says where it is.
    pub(crate) async fn take(&self, sandbox: bool, around: &Surroundings) -> Result<(Embedded, PathBuf), Failure> {
        let path = self.path(&around.env)?;
        Ok((here::take(&path, sandbox, around).await?, path))
    }
}

/// The tenant of this id or name.
pub(crate) async fn tenant(registry: &Registry, text: &str) -> Result<Tenant, Failure> {
    let tenant = registry.tenants().find(text).await?;
    tenant.ok_or_else(|| {
        Failure::new(
            format_args!("there is no tenant `{}`", plain(text)),
            "Check its id or name; `muster register` makes a tenant that is new.",
        )
    })
}

/// The partner of this id.
pub(crate) async fn partner(registry: &Registry, id: &PartnerId) -> Result<Partner, Failure> {
    let partner = registry.partners().get(id).await?;
    partner.ok_or_else(|| {
        Failure::new(
            format_args!("there is no partner `{id}`"),
            format_args!("Check its id, or let it ask for consent: muster consent request --tenant … --partner {id} --kind csp-direct"),
        )
    })
}

/// A time for people: to the second, in UTC.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(env: &Env) -> Option<PathBuf> {
        DataDirArgs { data_dir: None }.path(env).ok()
    }

    #[test]
    fn the_data_directory_follows_the_xdg_specification() {
        let home = ("HOME", "/home/ada");
        assert_eq!(path(&Env::from([home])), Some("/home/ada/.local/share/muster".into()));
        assert_eq!(
            path(&Env::from([home, ("XDG_DATA_HOME", "/data")])),
            Some("/data/muster".into())
        );
        // "All paths must be absolute": a relative one is to be ignored.
        assert_eq!(
            path(&Env::from([home, ("XDG_DATA_HOME", "data")])),
            Some("/home/ada/.local/share/muster".into())
        );
        assert_eq!(path(&Env::default()), None);
    }
}
