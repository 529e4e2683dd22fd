//! All state of Muster, in DynamoDB, S3 and SQS.
//!
//! One implementation: the AWS SDK, everywhere. The embedded default plugs in-process engines in at the SDK's HTTP
//! client ([`Connection::embedded`]). There is one type for each capability; a handler takes those that it uses, and
//! each is one statement of its role in the template. Keys and items: `docs/data-model.md`.

mod connection;
mod error;
mod grants;
mod item;
mod keys;
mod parties;
mod registry;
mod table;

pub mod announcements;
pub mod catalogue;
pub mod contacts;
pub mod device_batches;
pub mod devices;
pub mod fsck;
pub mod idempotency;
pub mod imports;
pub mod nonces;
pub mod objects;
pub mod outcomes;
pub mod presign;
pub mod profiles;
pub mod queue;
pub mod rates;
pub mod receipts;
pub mod reports;
pub mod uploads;
pub mod validated;

pub use connection::{Connection, Credentials, Endpoint, Trust};
pub use error::{ErrorKind, StoreError};
pub use grants::{ChangeMark, ChangePage, Decider, GrantPage, Grants, Permission};
pub use parties::{Listed, ListingWrite, PartnerChange, Partners, TenantChange, TenantCreation, Tenants};
pub use registry::Registry;
pub use table::{TABLE_SCHEMA_VERSION, Table};
