//! Tenants and partners.

mod directory;
mod edit;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::{Partner, PartnerKind, Tenant};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, StoreError};
use crate::grants::Grants;
use crate::item::{Attributes, Item, key_attributes, read};
use crate::keys::{self, Key};
use crate::table::{Action, Cancelled, Condition, Query, Table, Transacted, Written};

pub(crate) use directory::{Entry, directory_sort};
pub use directory::{Listed, ListingWrite};
pub use edit::{PartnerChange, TenantChange};

/// How often the creation or a change of a tenant is tried when other transactions are in the way.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);
/// The bytes that a name has at most, in lower case: the longest sort key (DynamoDB developer guide, "Constraints").
const MAX_NAME: usize = 1024;
/// How many items a page of a list holds at most.
const PAGE: usize = 1000;

/// The tenants, each with the grant for its own administrators.
///
/// Reading needs `dynamodb:GetItem` and `Query`; creating also needs `PutItem`.
#[derive(Clone)]
pub struct Tenants {
    table: Table,
    grants: Grants,
}

/// What the creation of a tenant came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantCreation {
    /// It is known now.
    Created,
    /// A tenant of this id is known already; it was left as it is.
    Exists,
    /// Another tenant has the name. Names differ by more than letter case.
    NameTaken,
}

/// What the item that reserves a name holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NameOwner {
    pub(crate) tenant: TenantId,
}

/// The item that reserves a name.
pub(crate) fn name_item(name: &str, tenant: TenantId) -> Result<Item, StoreError> {
    Item::new(&keys::tenant_name(name), &NameOwner { tenant })
}

/// The item of a tenant, in the list of all.
fn item(tenant: &Tenant) -> Result<Item, StoreError> {
    let item = Item::new(&keys::tenant(tenant.id), tenant)?;
    Ok(item.listed(keys::TENANT_LIST.to_owned(), tenant.name.to_lowercase()))
}

/// The item of a partner, in the list of all.
fn partner_item(partner: &Partner) -> Result<Item, StoreError> {
    let item = Item::new(&keys::partner(&partner.id), partner)?;
    Ok(item.listed(keys::PARTNER_LIST.to_owned(), partner.id.as_str().to_owned()))
}

impl Tenants {
    /// The tenants in this table.
    #[must_use]
    pub fn new(table: Table) -> Self {
        Self {
            grants: Grants::new(table.clone()),
            table,
        }
    }

    /// Makes a tenant known, with its own grant. The grant comes first: every tenant that can be found has one, whenever
    /// the process dies. What is left behind then, or when another tenant gets the name in the same moment, is the grant
    /// of an id that nobody uses.
    ///
    /// # Errors
    /// When the store fails; `Rejected` when the name is empty or longer than 1,024 bytes in lower case.
    pub async fn create(&self, tenant: &Tenant) -> Result<TenantCreation, StoreError> {
        const OPERATION: &str = "create a tenant";
        let rejected = || StoreError::new(ErrorKind::Rejected, OPERATION, "the store takes no tenant like this");
        let name = tenant.name.to_lowercase();
        if name.is_empty() || name.len() > MAX_NAME {
            let message = format!("a tenant's name has 1 to {MAX_NAME} bytes, this one {}", name.len());
            return Err(StoreError::new(ErrorKind::Rejected, OPERATION, message));
        }
        if self.get(tenant.id).await?.is_some() {
            return Ok(TenantCreation::Exists);
        }
        if self.by_name(&tenant.name).await?.is_some() {
            return Ok(TenantCreation::NameTaken);
        }
        let owner = name_item(&tenant.name, tenant.id)?;
        let actions = [
            Action::Put(item(tenant)?, Some(Condition::absent())),
            Action::Put(owner, Some(Condition::absent())),
        ];
        self.grants.ensure_own(tenant.id, tenant.created_at).await?;
        for _ in 0..TRIES {
            match self.table.transact(&actions).await? {
                Transacted::Done => return Ok(TenantCreation::Created),
                Transacted::Cancelled(reasons) => match reasons.as_slice() {
                    [Cancelled::Condition(_), ..] => return Ok(TenantCreation::Exists),
                    [_, Cancelled::Condition(_)] => return Ok(TenantCreation::NameTaken),
                    reasons if reasons.contains(&Cancelled::Invalid) => return Err(rejected()),
                    _ => tokio::time::sleep(PAUSE).await,
                },
                Transacted::Invalid => return Err(rejected()),
            }
        }
        Err(StoreError::contended(OPERATION))
    }

    /// The tenant of this id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, id: TenantId) -> Result<Option<Tenant>, StoreError> {
        self.table.get(&keys::tenant(id), true).await
    }

    /// The tenant of this name, in whatever letter case.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn by_name(&self, name: &str) -> Result<Option<Tenant>, StoreError> {
        if name.is_empty() || name.to_lowercase().len() > MAX_NAME {
            return Ok(None);
        }
        match self.table.get::<NameOwner>(&keys::tenant_name(name), true).await? {
            Some(owner) => self.get(owner.tenant).await,
            None => Ok(None),
        }
    }

    /// The tenant that a person means by `text`: its id or its name. An id outranks a name that looks like one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, text: &str) -> Result<Option<Tenant>, StoreError> {
        if let Ok(id) = text.parse() {
            let found = self.get(id).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        self.by_name(text).await
    }

    /// At most `limit` (1 to 1,000) tenants by name, behind `after`; may be a moment old. A page that is shorter than
    /// `limit` is the last one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, after: Option<&Tenant>, limit: usize) -> Result<Vec<Tenant>, StoreError> {
        let after = after.map(|t| list_position(&keys::tenant(t.id), keys::TENANT_LIST, t.name.to_lowercase()));
        list(&self.table, keys::TENANT_LIST, after, limit).await
    }
}

/// The partners.
///
/// Reading needs `dynamodb:GetItem` and `Query`; creating also needs `PutItem`.
#[derive(Clone)]
pub struct Partners {
    table: Table,
    grants: Grants,
}

impl Partners {
    /// The partners in this table.
    #[must_use]
    pub fn new(table: Table) -> Self {
        Self {
            grants: Grants::new(table.clone()),
            table,
        }
    }

    /// Makes a partner known. Answers whether it is known as given; one that was known otherwise is left as it is. A
    /// manufacturer gets the grant of its catalogue first, so that each that can be found has one; one of an older Muster gets
    /// it when it is made known again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn create(&self, partner: &Partner) -> Result<bool, StoreError> {
        let item = partner_item(partner)?;
        if partner.kind == PartnerKind::Oem {
            let known = self.get(&partner.id).await?;
            if known.is_none_or(|known| known.kind == PartnerKind::Oem) {
                self.grants.ensure_catalogue(&partner.id, partner.created_at).await?;
            }
        }
        match self.table.put(item, Some(Condition::absent())).await? {
            Written::Done => Ok(true),
            Written::Refused(found) => Ok(found.map(read::<Partner>).transpose()?.as_ref() == Some(partner)),
        }
    }

    /// The partner of this id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, id: &PartnerId) -> Result<Option<Partner>, StoreError> {
        self.table.get(&keys::partner(id), true).await
    }

    /// At most `limit` (1 to 1,000) partners by id, behind `after`; may be a moment old. A page that is shorter than
    /// `limit` is the last one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, after: Option<&PartnerId>, limit: usize) -> Result<Vec<Partner>, StoreError> {
        let after = after.map(|id| list_position(&keys::partner(id), keys::PARTNER_LIST, id.as_str().to_owned()));
        list(&self.table, keys::PARTNER_LIST, after, limit).await
    }
}

/// The place of an item in the list index.
pub(crate) fn list_position(key: &Key, partition: &str, sort: String) -> Attributes {
    let mut position = key_attributes(key);
    position.insert("lpk".to_owned(), AttributeValue::S(partition.to_owned()));
    position.insert("lsk".to_owned(), AttributeValue::S(sort));
    position
}

async fn list<T: DeserializeOwned>(
    table: &Table,
    partition: &str,
    from: Option<Attributes>,
    limit: usize,
) -> Result<Vec<T>, StoreError> {
    let (limit, mut from, mut found) = (limit.clamp(1, PAGE), from, Vec::new());
    // An answer holds 1 MB: of long items it may hold fewer than are wanted, and say that there are more.
    loop {
        let query = Query {
            index: Some("list"),
            partition,
            from,
            limit: Some(limit - found.len()),
            ..Query::default()
        };
        let page = table.query(query).await?;
        for item in page.items {
            found.push(read(item)?);
        }
        match page.next {
            Some(next) if found.len() < limit => from = Some(next),
            _ => return Ok(found),
        }
    }
}
