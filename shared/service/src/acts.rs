//! Changes of devices by hand, one after the other or many at once.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use muster_core::device::{Device, DeviceEdit, DeviceState};
use muster_core::grant::{Denial, GrantPin, Verb};
use muster_core::history::Requester;
use muster_core::id::{DeviceId, TenantId};
use muster_core::record::Record;
use muster_runtime::http::{Acting, FieldError, Guard, Problem};
use muster_store::Grants;
use muster_store::devices::{Act, Devices, Rebound, Released, Updated};

use crate::rights::{self, Rights};

/// How many devices one request may name.
pub const MOST: usize = 1000;
/// How many of them are worked on at once: half as many as the consent has shards, which their transactions hold.
pub const AT_ONCE: usize = 4;

/// What an act on a device came to.
pub enum Came {
    /// It is done.
    Done(Box<Device>),
    /// The device was as asked for before.
    Unchanged(Box<Device>),
    /// There is no such device that the caller may know of.
    Absent,
    /// It is not registered any more.
    Retired(Box<Device>),
    /// It stands at this version, and another one was asked for.
    Overtaken(u64),
    /// The consent ended meanwhile.
    Denied(Denial),
}

/// The acts of a request, all under one consent.
#[derive(Clone)]
pub struct Acts(Arc<Inner>);

struct Inner {
    devices: Devices,
    grants: Grants,
    guard: Guard,
    pin: GrantPin,
    by: Requester,
}

impl Acts {
    /// Acts that do this, if there is consent.
    ///
    /// # Errors
    /// When there is none.
    pub async fn begin(
        rights: Rights<'_>,
        devices: &Devices,
        guard: &Guard,
        acting: &Acting,
        (tenant, verb): (TenantId, Verb),
    ) -> Result<Self, Problem> {
        let pin = rights.permit(acting, tenant, verb).await?;
        Ok(Self(Arc::new(Inner {
            devices: devices.clone(),
            grants: rights.grants.clone(),
            guard: guard.clone(),
            pin,
            by: rights::requester(acting),
        })))
    }

    fn act(&self) -> Act<'_> {
        Act {
            pin: &self.0.pin,
            by: &self.0.by,
            now: self.0.guard.now(),
        }
    }

    /// Changes a device. `version`: only if it stands at this one.
    pub async fn update(self, id: DeviceId, edit: DeviceEdit, version: Option<u64>) -> Result<Came, Problem> {
        let devices = &self.0.devices;
        Ok(match devices.update(id, &edit, version, &self.act()).await? {
            Updated::Done(device) => Came::Done(device),
            Updated::Unchanged(device) => Came::Unchanged(device),
            Updated::Overtaken(version) => Came::Overtaken(version),
            Updated::Refused => self.denied().await?,
            Updated::NotRegistered => self.gone(id).await?,
        })
    }

    /// Releases a device. One that is released already is as asked for.
    pub async fn release(self, id: DeviceId) -> Result<Came, Problem> {
        let devices = &self.0.devices;
        Ok(match devices.release(id, &self.act()).await? {
            Released::Done(device) => Came::Done(device),
            Released::Refused => self.denied().await?,
            Released::NotRegistered => match self.retired(id).await? {
                Some(device) if device.state == DeviceState::Released => Came::Unchanged(device),
                Some(device) => Came::Retired(device),
                None => Came::Absent,
            },
        })
    }

    /// Makes the parts of a capture those of a device. `version`: only if it stands at this one.
    pub async fn rebind(
        self,
        id: DeviceId,
        capture: &Record,
        reason: &str,
        version: Option<u64>,
    ) -> Result<Result<Rebound, Came>, Problem> {
        let devices = &self.0.devices;
        Ok(match devices.rebind(id, capture, reason, version, &self.act()).await? {
            Rebound::Refused => Err(self.denied().await?),
            Rebound::NotRegistered => Err(self.gone(id).await?),
            other => Ok(other),
        })
    }

    async fn denied(&self) -> Result<Came, Problem> {
        let now = self.0.guard.now();
        Ok(Came::Denied(self.0.grants.denial(&self.0.pin, now).await?))
    }

    /// What is to be said of a device that is not registered.
    async fn gone(&self, id: DeviceId) -> Result<Came, Problem> {
        Ok(self.retired(id).await?.map_or(Came::Absent, Came::Retired))
    }

    /// A device that is not registered any more, where the caller may know of it.
    async fn retired(&self, id: DeviceId) -> Result<Option<Box<Device>>, Problem> {
        let found = self.0.devices.get(id).await?;
        let known = found.filter(|device| device.tenant == self.0.pin.tenant && self.0.by.may_know(device));
        Ok(known.map(Box::new))
    }
}

/// Checks how many devices are named, and that none is named twice. `path`: where the id at an index is.
pub fn named_once<T: Eq + Hash>(list: &str, ids: &[T], path: impl Fn(usize) -> String) -> Result<(), Problem> {
    if ids.is_empty() || ids.len() > MOST {
        let detail = format!("It names {} ids; 1 to {MOST} are taken.", ids.len());
        return Err(Problem::at(list, detail));
    }
    let mut seen = HashSet::new();
    let twice = ids.iter().enumerate().filter(|(_, id)| !seen.insert(*id));
    let errors: Vec<FieldError> = twice
        .map(|(at, _)| FieldError {
            path: path(at),
            detail: "The id is named before.".to_owned(),
        })
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid(errors))
    }
}
