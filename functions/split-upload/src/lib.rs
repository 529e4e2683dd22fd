//! split-upload.
