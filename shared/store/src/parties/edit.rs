//! Changes of a tenant: what is recorded of it, and what it allows.

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::id::TenantId;
use muster_core::party::{Tenant, TenantEdit};

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
    /// Changes a tenant. `version`: only if it stands at this one; a tenant that is already as asked for is left alone
    /// whatever its version.
    ///
    /// # Errors
    /// When the store fails, or other writers were faster each time.
    pub async fn edit(
        &self,
        id: TenantId,
        edit: &TenantEdit,
        version: Option<u64>,
    ) -> Result<TenantChange, StoreError> {
        for _ in 0..TRIES {
            let Some(tenant) = self.get(id).await? else {
                return Ok(TenantChange::Absent);
            };
            let mut new = edit.apply(&tenant);
            if new == tenant {
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
            new.version += 1;
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
