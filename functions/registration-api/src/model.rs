//! What is told over HTTP and by the command line's `--json`.

mod device;
mod new_upload;
mod party;
mod upload;
mod upload_row;

pub use device::{
    ChangeAuthor, Comparison, ComparisonPart, Device, DeviceChange, DeviceChangePage, DeviceOutcome, DeviceOutcomes,
    DevicePage, EditDevice, EditDevices, EditOneOfMany, FieldChange, FindDevice, FoundDevice, OutcomeName, Refusal,
    Registrant, ReleaseDevices, Source,
};
pub use new_upload::{
    AnnouncedUpload, CompleteUpload, Multipart, NewDevice, NewDevices, NewUpload, Nothing, SentPart, SignedPart,
    SignedPut,
};
pub use party::{CreatePartner, CreateTenant, EditTenant, Partner, PartnerPage, Tenant, TenantPage};
pub use upload::{FileSeen, Reason, Upload, UploadOptions, UploadPage, UploadStage};
pub use upload_row::{Download, UploadRow, UploadRowPage};

use serde::{Deserialize, Deserializer};

/// Tells null from absent: `Some(None)` where a member is null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
