//! The licence flag of a tenant: recorded and told, never enforced.

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::id::TenantId;
use muster_core::party::Tenant;

use super::{PAUSE, TRIES, Tenants, item};
use crate::error::StoreError;
use crate::table::{Condition, Written};

/// What a change of a tenant came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantChange {
    /// The tenant as it is now, whether or not anything had to be written.
    Done(Tenant),
    /// It stands at this version, which is not the one that was asked for.
    Overtaken(u64),
    /// There is no such tenant.
    Absent,
}

impl Tenants {
    /// Records whether a tenant has a licence. `version`: only if it stands at this one; a tenant that is already as asked
    /// for is left alone whatever its version.
    ///
    /// # Errors
    /// When the store fails, or other writers were faster each time.
    pub async fn set_licensed(
        &self,
        id: TenantId,
        licensed: Option<bool>,
        version: Option<u64>,
    ) -> Result<TenantChange, StoreError> {
        for _ in 0..TRIES {
            let Some(tenant) = self.get(id).await? else {
                return Ok(TenantChange::Absent);
            };
            if tenant.licensed == licensed {
                return Ok(TenantChange::Done(tenant));
            }
            if version.is_some_and(|version| version != tenant.version) {
                return Ok(TenantChange::Overtaken(tenant.version));
            }
            // A tenant of an older Muster has no version in its item.
            let seen = if tenant.version == 1 {
                "attribute_not_exists(#v) OR #v = :seen"
            } else {
                "#v = :seen"
            };
            let unchanged = Condition::new(&format!("attribute_exists(pk) AND ({seen})"))
                .name("#v", "version")
                .value(":seen", AttributeValue::N(tenant.version.to_string()));
            let new = Tenant {
                licensed,
                version: tenant.version + 1,
                ..tenant
            };
            match self.table.put(item(&new)?, Some(unchanged)).await {
                Ok(Written::Done) => return Ok(TenantChange::Done(new)),
                Ok(Written::Refused(_)) => {}
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(StoreError::contended("change a tenant"))
    }
}
