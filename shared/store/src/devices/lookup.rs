//! The device that boots: looked up by what it shows, in as many reads whether it is registered or not.

use muster_core::device::Device;
use muster_core::id::{DeviceId, TenantId, UploadId};
use muster_core::identity::{IdentityKey, KeyKind};

use super::Devices;
use crate::error::StoreError;

/// How many claims are read for a look-up: a hash has an endorsement key, a PKID, a tuple and, where one of the first and
/// the last is missing, a UUID.
const CLAIMS: usize = 4;

/// What a look-up came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// The device, and the strongest identity that led to it.
    pub found: Option<(KeyKind, Device)>,
    /// An id that no device has, to ask further questions about where there is no device.
    pub nobody: DeviceId,
    /// The same of tenants.
    pub no_tenant: TenantId,
}

impl Devices {
    /// The device that the strongest of these identities leads to, as of now. `keys` are sorted, the strongest first. Five
    /// items are read in two requests, whatever there is: what takes the place of identities and of a device that are not
    /// there is asked for all the same.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn lookup(&self, keys: &[IdentityKey]) -> Result<Lookup, StoreError> {
        let shown = keys.first().map(IdentityKey::to_string).unwrap_or_default();
        // No row has an identity with empty names.
        let fillers = (0..).map(|n: usize| IdentityKey::tuple("", &shown, &n.to_string()));
        let wanted: Vec<IdentityKey> = keys.iter().copied().chain(fillers).take(CLAIMS).collect();
        let claims = self.claims(&wanted, true).await?;
        let led = keys
            .iter()
            .take(CLAIMS)
            .find_map(|key| claims.get(key).map(|claim| (key.kind(), claim)));
        let nobody = DeviceId::of_row(&UploadId::of_object("", "", &shown), 0);
        let device = self.get(led.map_or(nobody, |(_, claim)| claim.device)).await?;
        Ok(Lookup {
            found: led.map(|(kind, _)| kind).zip(device),
            nobody,
            no_tenant: TenantId::of_name(&format!("\n{shown}")),
        })
    }
}
