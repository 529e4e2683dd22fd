//! Changes of a tenant: what is recorded of it, and what it allows.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::{MAX_GROUPS, Partner, Tenant, TenantEdit};

use super::{PAUSE, Partners, TRIES, Tenants, item, partner_item};
use crate::error::StoreError;
use crate::table::{Condition, Written};

/// What a change of a tenant came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantChange {
    /// The tenant as it is now, whether or not anything had to be written.
    Done(Tenant),
    /// It stands at this version, which is not the one that was asked for.
    Overtaken(u64),
    /// It would name more groups than it may.
    TooManyGroups,
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
            if new.groups.len() > MAX_GROUPS {
                return Ok(TenantChange::TooManyGroups);
            }
            new.version += 1;
            match self.table.put(item(&new)?, Some(as_seen(tenant.version))).await {
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

/// What a change of a partner came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartnerChange {
    /// The partner as it is now, whether or not anything had to be written.
    Done(Partner),
    /// It stands at this version, which is not the one that was asked for.
    Overtaken(u64),
    /// There is no such partner.
    Absent,
}

impl Partners {
    /// Binds these names of manufacturers to a partner, and no others. Lists that are accepted from then on are held to them.
    /// `version`: only if it stands at this one; a partner that has them already is left alone whatever its version.
    ///
    /// # Errors
    /// When the store fails, or other writers were faster each time.
    pub async fn bind(
        &self,
        id: &PartnerId,
        manufacturers: &BTreeSet<String>,
        version: Option<u64>,
    ) -> Result<PartnerChange, StoreError> {
        for _ in 0..TRIES {
            let Some(partner) = self.get(id).await? else {
                return Ok(PartnerChange::Absent);
            };
            if partner.manufacturers == *manufacturers {
                return Ok(PartnerChange::Done(partner));
            }
            if version.is_some_and(|version| version != partner.version) {
                return Ok(PartnerChange::Overtaken(partner.version));
            }
            let new = Partner {
                manufacturers: manufacturers.clone(),
                version: partner.version + 1,
                ..partner.clone()
            };
            match self
                .table
                .put(partner_item(&new)?, Some(as_seen(partner.version)))
                .await
            {
                Ok(Written::Done) => return Ok(PartnerChange::Done(new)),
                Ok(Written::Refused(_)) => {}
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(StoreError::contended("change a partner"))
    }
}

/// It stands at this version. What an older Muster wrote has none in its item.
fn as_seen(version: u64) -> Condition {
    let seen = match version {
        1 => "attribute_not_exists(#v) OR #v = :seen",
        _ => "#v = :seen",
    };
    Condition::new(&format!("attribute_exists(pk) AND ({seen})"))
        .name("#v", "version")
        .value(":seen", AttributeValue::N(version.to_string()))
}
