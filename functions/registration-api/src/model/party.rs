//! Tenants and partners.

use muster_core::Timestamp;
use muster_core::id::TenantId;
use muster_core::party;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A customer organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: TenantId,
    /// The name that people use; unique without regard to case.
    pub name: String,
    /// When it was made known.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl From<party::Tenant> for Tenant {
    fn from(tenant: party::Tenant) -> Self {
        Self {
            id: tenant.id,
            name: tenant.name,
            created_at: tenant.created_at,
        }
    }
}
