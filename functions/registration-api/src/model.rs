//! What is told over HTTP and by the command line's `--json`.

mod catalogue;
mod device;
mod harvest;
mod new_upload;
mod party;
mod profile;
mod upload;
mod upload_row;

pub use catalogue::{
    CatalogueEntry, CataloguePage, NewCatalogueEntries, NewCatalogueEntry, NewCatalogueUpload, ProductKey,
    ProductKeyPage, WithdrawEntries, WithdrawalName, WithdrawalOutcome, WithdrawalOutcomes,
};
pub use device::{
    ChangeAuthor, Comparison, ComparisonPart, Contact, Device, DeviceChange, DeviceChangePage, DeviceOutcome,
    DeviceOutcomes, DevicePage, DownloadedProfile, EditDevice, EditDevices, EditOneOfMany, FieldChange, FindDevice,
    FoundDevice, IdentifiedDevice, IdentityOutcome, IdentityOutcomes, OutcomeName, RebindDevice, RebindNotice,
    ReboundDevice, Refusal, Registrant, ReleaseByIdentity, ReleaseDevices, Source,
};
pub use harvest::{Harvest, HarvestRow, HarvestedDevice, NewHarvest};
pub use new_upload::{
    AnnouncedUpload, CompleteUpload, Multipart, NewDevice, NewDevices, NewUpload, Nothing, SentPart, SignedPart,
    SignedPut,
};
pub use party::{CreatePartner, CreateTenant, EditPartner, EditTenant, Partner, PartnerPage, Tenant, TenantPage};
pub(crate) use profile::ConfigurationFileSchema;
pub use profile::{
    AssignedDevice, AssignedDevicePage, AssignedProfile, Assignment, ConfigurationFile, ConsideredProfile,
    CreateProfile, DeviceProfile, EditOutOfBoxExperience, EditProfile, EnrollmentStatusPage, Eyes, ListedDevice,
    ListedDevicePage, NamedDevices, OutOfBoxExperience, PlaceDevices, PlacedDevice, PlacedDevices, PlacedName, Profile,
    ProfilePage, SetEnrollmentStatusPage, assigned, refused,
};
pub use upload::{FileSeen, Reason, Upload, UploadOptions, UploadPage, UploadStage};
pub use upload_row::{Download, UploadRow, UploadRowPage};

use serde::{Deserialize, Deserializer};

/// Tells null from absent: `Some(None)` where a member is null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
