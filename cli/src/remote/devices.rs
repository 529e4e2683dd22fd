//! Devices of a server.

use muster_core::device::DeviceState;
use muster_core::id::{DeviceId, PartnerId, TenantId, UploadId};
use muster_core::repair::RemediationState;
use registration_api::model::{
    Device, DeviceChangePage, DeviceOutcome, DevicePage, DeviceProfile, EditDevice, FindDevice, FoundDevice,
    RebindDevice, ReboundDevice,
};

use super::{Refusal, Server};

/// Which devices are listed.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) state: DeviceState,
    pub(crate) serial_prefix: Option<&'a str>,
    pub(crate) group_tag: Option<&'a str>,
    pub(crate) partner: Option<&'a PartnerId>,
    pub(crate) upload: Option<&'a UploadId>,
    pub(crate) remediation: Option<RemediationState>,
}

impl Server {
    /// A page of a tenant's devices.
    pub(crate) async fn devices(
        &self,
        tenant: TenantId,
        wanted: &Wanted<'_>,
        from: Option<&str>,
        limit: &str,
    ) -> Result<DevicePage, Refusal> {
        let query = [
            ("limit", Some(limit)),
            ("cursor", from),
            ("state", Some(wanted.state.as_str())),
            ("serialPrefix", wanted.serial_prefix.filter(|prefix| !prefix.is_empty())),
            ("groupTag", wanted.group_tag),
            ("partner", wanted.partner.map(|partner| partner.as_str())),
            ("upload", wanted.upload.map(|upload| upload.as_str())),
            ("remediation", wanted.remediation.map(RemediationState::as_str)),
        ];
        self.get(&path(tenant, ""), &query).await
    }

    /// A device; none where the token sees none of this id.
    pub(crate) async fn device(&self, tenant: TenantId, id: DeviceId) -> Result<Option<Device>, Refusal> {
        match self.get(&path(tenant, &format!("/{id}")), &[]).await {
            Ok(device) => Ok(Some(device)),
            Err(refusal) if refusal.is_absence() => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// The device that an identity leads to.
    pub(crate) async fn find_device(&self, tenant: TenantId, identity: &FindDevice) -> Result<FoundDevice, Refusal> {
        self.post(&path(tenant, "/find"), identity).await
    }

    /// Which profile a device has, once it has one or after so many seconds; none where the device is not registered.
    pub(crate) async fn device_profile_within(
        &self,
        tenant: TenantId,
        id: DeviceId,
        seconds: u64,
    ) -> Result<Option<DeviceProfile>, Refusal> {
        let seconds = seconds.to_string();
        let query = [("wait", Some(seconds.as_str()))];
        match self.get(&path(tenant, &format!("/{id}/profile")), &query).await {
            Ok(profile) => Ok(Some(profile)),
            Err(refusal) if refusal.is_absence() || refusal.is_conflict() => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Changes what is recorded of a device.
    pub(crate) async fn edit_device(
        &self,
        tenant: TenantId,
        id: DeviceId,
        edit: &EditDevice,
    ) -> Result<Device, Refusal> {
        self.patch(&path(tenant, &format!("/{id}")), edit).await
    }

    /// Releases a device; the answer shows nothing of it.
    pub(crate) async fn release_device(&self, tenant: TenantId, id: DeviceId) -> Result<DeviceOutcome, Refusal> {
        self.post(&path(tenant, &format!("/{id}/release")), &serde_json::json!({}))
            .await
    }

    /// Gives a device the parts of its new board.
    pub(crate) async fn rebind_device(
        &self,
        tenant: TenantId,
        id: DeviceId,
        rebind: &RebindDevice,
    ) -> Result<ReboundDevice, Refusal> {
        self.post(&path(tenant, &format!("/{id}/rebind")), rebind).await
    }

    /// A page of what became of a device, newest first.
    pub(crate) async fn device_changes(
        &self,
        tenant: TenantId,
        id: DeviceId,
        from: Option<&str>,
        limit: &str,
    ) -> Result<DeviceChangePage, Refusal> {
        let query = [("limit", Some(limit)), ("cursor", from)];
        self.get(&path(tenant, &format!("/{id}/history")), &query).await
    }
}

fn path(tenant: TenantId, more: &str) -> String {
    format!("/v1/tenants/{tenant}/devices{more}")
}
