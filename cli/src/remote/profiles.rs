//! Profiles of a server.

use muster_core::channel::Channel;
use muster_core::id::{DeviceId, ProfileId, TenantId};
use registration_api::model::{
    AssignedDevicePage, Assignment, ConfigurationFile, CreateProfile, DeviceProfile, EditProfile, ListedDevicePage,
    PlaceDevices, PlacedDevices, Profile, ProfilePage,
};

use super::{Refusal, Server};

impl Server {
    /// A page of a tenant's profiles, of this channel and of this name.
    pub(crate) async fn profiles(
        &self,
        tenant: TenantId,
        (channel, name): (Option<Channel>, Option<&str>),
        from: Option<&str>,
        limit: usize,
    ) -> Result<ProfilePage, Refusal> {
        let limit = limit.to_string();
        let query = [
            ("limit", Some(limit.as_str())),
            ("cursor", from),
            ("channel", channel.map(Channel::as_str)),
            ("name", name),
        ];
        self.get(&path(tenant, ""), &query).await
    }

    /// A profile; none where the token sees none of this id.
    pub(crate) async fn profile(&self, tenant: TenantId, id: ProfileId) -> Result<Option<Profile>, Refusal> {
        match self.get(&of(tenant, id, ""), &[]).await {
            Ok(profile) => Ok(Some(profile)),
            Err(refusal) if refusal.is_absence() => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Makes a profile.
    pub(crate) async fn create_profile(&self, tenant: TenantId, new: &CreateProfile) -> Result<Profile, Refusal> {
        self.post(&path(tenant, ""), new).await
    }

    /// Changes what a profile says.
    pub(crate) async fn edit_profile(
        &self,
        tenant: TenantId,
        id: ProfileId,
        edit: &EditProfile,
    ) -> Result<Profile, Refusal> {
        self.patch(&of(tenant, id, ""), edit).await
    }

    /// Says anew for which devices a profile is, only if it stands as it was seen.
    pub(crate) async fn assign_profile(
        &self,
        tenant: TenantId,
        seen: &Profile,
        assignment: &Assignment,
    ) -> Result<Profile, Refusal> {
        self.put(&of(tenant, seen.id, "/assignment"), seen.version, assignment)
            .await
    }

    /// Puts devices on the lists of a profile, or takes them off.
    pub(crate) async fn place_profile_devices(
        &self,
        tenant: TenantId,
        id: ProfileId,
        wanted: &PlaceDevices,
    ) -> Result<PlacedDevices, Refusal> {
        self.post(&of(tenant, id, "/devices"), wanted).await
    }

    /// The first of the devices that a profile names.
    pub(crate) async fn profile_devices(
        &self,
        tenant: TenantId,
        id: ProfileId,
        limit: usize,
    ) -> Result<ListedDevicePage, Refusal> {
        let limit = limit.to_string();
        self.get(&of(tenant, id, "/devices"), &[("limit", Some(limit.as_str()))])
            .await
    }

    /// A page of the devices that have a profile.
    pub(crate) async fn assigned_devices(
        &self,
        tenant: TenantId,
        id: ProfileId,
        from: Option<&str>,
        limit: usize,
    ) -> Result<AssignedDevicePage, Refusal> {
        let limit = limit.to_string();
        let query = [("limit", Some(limit.as_str())), ("cursor", from)];
        self.get(&of(tenant, id, "/assigned-devices"), &query).await
    }

    /// Deletes a profile that is not assigned.
    pub(crate) async fn delete_profile(&self, tenant: TenantId, id: ProfileId) -> Result<(), Refusal> {
        self.delete(&of(tenant, id, "")).await
    }

    /// A profile as the file for devices that are there already.
    pub(crate) async fn configuration_file(
        &self,
        tenant: TenantId,
        id: ProfileId,
    ) -> Result<ConfigurationFile, Refusal> {
        self.get(&of(tenant, id, "/configuration-file"), &[]).await
    }

    /// Which profile a device has, and why.
    pub(crate) async fn device_profile(&self, tenant: TenantId, device: DeviceId) -> Result<DeviceProfile, Refusal> {
        self.get(&format!("/v1/tenants/{tenant}/devices/{device}/profile"), &[])
            .await
    }
}

fn path(tenant: TenantId, more: &str) -> String {
    format!("/v1/tenants/{tenant}/profiles{more}")
}

fn of(tenant: TenantId, id: ProfileId, more: &str) -> String {
    path(tenant, &format!("/{id}{more}"))
}
