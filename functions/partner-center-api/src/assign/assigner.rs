//! Devices put on the lists of their policies, and taken off those of others.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use muster_core::device::{Device, DeviceState};
use muster_core::error_code::ErrorCode;
use muster_core::id::{DeviceId, ProfileId, TenantId};
use muster_core::profile::Side;
use muster_runtime::http::{Acting, Problem};
use muster_service::profiles::ProfileActs;
use muster_store::profiles::{ListOutcome, Placed, Placing};

use crate::{Api, devices};

/// Of how many devices it is read at once which lists they are on.
const AT_ONCE: usize = 16;

/// The policy that a device is to have, as it is asked for.
pub(super) struct Wanted<'a> {
    /// What the request calls the device.
    pub(super) device: &'a str,
    /// The policy; none: no policy any more.
    pub(super) policy: Option<&'a str>,
}

/// The same, of which nothing is wrong so far.
#[derive(Clone, Copy)]
struct Aim {
    /// Its place in the request.
    at: usize,
    device: DeviceId,
    policy: Option<ProfileId>,
}

impl Aim {
    fn of(at: usize, wanted: &Wanted<'_>, policies: &[ProfileId]) -> Result<Self, ErrorCode> {
        let device = wanted.device.parse().map_err(|_| ErrorCode::NotRegistered)?;
        let policy = wanted.policy.map(|policy| {
            let known = policy.parse().ok().filter(|id| policies.contains(id));
            known.ok_or(ErrorCode::ProfileNotRegistered)
        });
        Ok(Self {
            at,
            device,
            policy: policy.transpose()?,
        })
    }
}

/// Of policies, which devices, each with its place in the request.
type Lists = BTreeMap<ProfileId, Vec<(usize, DeviceId)>>;

/// What is wrong with each device of a request, where something is.
type Faults = [Option<ErrorCode>];

/// Somebody who gives devices of a tenant policies, and may.
pub(super) struct Assigner<'a> {
    api: &'a Api,
    tenant: TenantId,
    acts: ProfileActs<'a>,
}

impl<'a> Assigner<'a> {
    pub(super) async fn begin(api: &'a Api, acting: &Acting, tenant: TenantId) -> Result<Self, Problem> {
        Ok(Self {
            acts: api.profile_acts(acting, tenant).await?,
            api,
            tenant,
        })
    }

    /// Puts each device on the list of its policy, and then off those of others; what was wrong with each, in order.
    pub(super) async fn assign(&self, wanted: &[Wanted<'_>]) -> Result<Vec<Option<ErrorCode>>, Problem> {
        let policies = devices::policies(self.api, self.tenant).await?;
        let aims = wanted
            .iter()
            .enumerate()
            .map(|(at, wanted)| Aim::of(at, wanted, &policies));
        let aims: Vec<Result<Aim, ErrorCode>> = aims.collect();
        let mut faults: Vec<Option<ErrorCode>> = aims.iter().map(|aim| aim.err()).collect();
        let mut aims: Vec<Aim> = aims.into_iter().flatten().collect();
        let mut on = Lists::new();
        for aim in &aims {
            if let Some(policy) = aim.policy {
                on.entry(policy).or_default().push((aim.at, aim.device));
            }
        }
        for (policy, devices) in on {
            self.place(policy, &devices, Some(Side::Include), &mut faults).await?;
        }
        aims.retain(|aim| faults.get(aim.at).is_some_and(Option::is_none));
        for (policy, devices) in self.others(&aims, &policies, &mut faults).await? {
            self.place(policy, &devices, None, &mut faults).await?;
        }
        Ok(faults)
    }

    /// The policies that devices are on the lists of beside their own.
    async fn others(&self, aims: &[Aim], policies: &[ProfileId], faults: &mut Faults) -> Result<Lists, Problem> {
        let (devices, profiles) = (&self.api.function.devices, &self.api.function.profiles);
        let read = stream::iter(aims.to_vec()).map(|aim| async move {
            let known = devices.get(aim.device).await?;
            let ids = known.as_ref().map_or_else(|| vec![aim.device], Device::ids);
            Ok::<_, Problem>((aim, profiles.lists(&ids).await?, known))
        });
        let read: Vec<_> = read.buffer_unordered(AT_ONCE).try_collect().await?;
        let mut off = Lists::new();
        for (aim, lists, known) in read {
            let included = lists
                .iter()
                .filter(|(_, side)| **side == Side::Include)
                .map(|(id, _)| *id);
            for other in included.filter(|id| policies.contains(id) && aim.policy != Some(*id)) {
                off.entry(other).or_default().push((aim.at, aim.device));
            }
            // Where it is put on no list, nothing else has looked for the device.
            if aim.policy.is_none() && !known.is_some_and(|device| self.is_registered(&device)) {
                fail(faults, aim.at, ErrorCode::NotRegistered);
            }
        }
        Ok(off)
    }

    async fn place(
        &self,
        policy: ProfileId,
        devices: &[(usize, DeviceId)],
        side: Option<Side>,
        faults: &mut Faults,
    ) -> Result<(), Problem> {
        let wanted = devices.iter().map(|(_, device)| Placing {
            device: *device,
            side,
            moves: true,
        });
        let wanted: Vec<Placing> = wanted.collect();
        let outcomes = match self
            .api
            .function
            .profiles
            .place(policy, &wanted, &self.acts.act())
            .await?
        {
            Placed::Done(outcomes) => outcomes,
            // A policy that is gone meanwhile: nothing is on its list any more.
            Placed::Absent if side.is_none() => return Ok(()),
            Placed::Absent => {
                for (at, _) in devices {
                    fail(faults, *at, ErrorCode::ProfileNotRegistered);
                }
                return Ok(());
            }
            Placed::Refused => return Err(self.acts.denied().await),
        };
        for ((at, _), outcome) in devices.iter().zip(outcomes) {
            match outcome {
                ListOutcome::Added | ListOutcome::Removed | ListOutcome::Unchanged => {}
                // What the tenant registered itself is not there for partners.
                ListOutcome::NotRegistered | ListOutcome::NotOfPartner => fail(faults, *at, ErrorCode::NotRegistered),
                ListOutcome::OnOtherList | ListOutcome::AllDevices => fail(faults, *at, ErrorCode::InvalidRequestBody),
            }
        }
        Ok(())
    }

    /// Whether it is a device of the tenant that whoever acts may know of.
    fn is_registered(&self, device: &Device) -> bool {
        let by = self.acts.act().by;
        device.tenant == self.tenant && by.may_know(device) && device.state == DeviceState::Registered
    }
}

fn fail(faults: &mut Faults, at: usize, code: ErrorCode) {
    if let Some(fault) = faults.get_mut(at) {
        *fault = Some(code);
    }
}
