//! What is told over HTTP and by the command line's `--json`.

mod new_upload;
mod party;
mod upload;
mod upload_row;

pub use new_upload::{
    AnnouncedUpload, CompleteUpload, Multipart, NewDevice, NewDevices, NewUpload, Nothing, SentPart, SignedPart,
    SignedPut,
};
pub use party::Tenant;
pub use upload::{Reason, Upload, UploadOptions, UploadPage, UploadStage};
pub use upload_row::{Download, UploadRow, UploadRowPage};
