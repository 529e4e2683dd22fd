//! What whoever acts may do with a tenant's devices and profiles, beyond what the table of routes says.

use muster_core::id::TenantId;
use muster_runtime::http::{Acting, Problem};

use crate::Api;

pub(crate) use muster_service::rights::{denied, reason, requester};

/// Lets whoever may see devices of the tenant pass.
pub(crate) async fn may_see(api: &Api, acting: &Acting, tenant: TenantId) -> Result<(), Problem> {
    api.rights().may_see(acting, tenant).await
}
