//! What is told over HTTP and by the command line's `--json`.

mod device;
mod party;

pub use device::{
    ChangeAuthor, Comparison, ComparisonPart, Device, DeviceChange, DeviceChangePage, DeviceOutcome, DeviceOutcomes,
    DevicePage, EditDevice, EditDevices, EditOneOfMany, FieldChange, FindDevice, FoundDevice, OutcomeName, Refusal,
    Registrant, ReleaseDevices, Source,
};
pub use party::{CreatePartner, CreateTenant, EditTenant, Partner, PartnerPage, Tenant, TenantPage};

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A body that says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Tells null from absent: `Some(None)` where a member is null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
