//! finish-upload.
