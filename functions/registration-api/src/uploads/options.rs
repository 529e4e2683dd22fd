//! The options of an upload, as they are sent.

use muster_core::inbox::{OnConflict, UploadOptions};
use muster_runtime::http::{FieldError, text};

/// Options before they are looked at.
pub(super) struct Asked<'a> {
    pub(super) strict: Option<bool>,
    pub(super) on_conflict: Option<OnConflict>,
    pub(super) group_tag: Option<&'a str>,
    pub(super) validate_only: Option<bool>,
    pub(super) sha256: Option<&'a str>,
}

impl Asked<'_> {
    /// The options, and what is wrong with them.
    pub(super) fn read(&self, errors: &mut Vec<FieldError>) -> UploadOptions {
        let group_tag = text("groupTag", self.group_tag, 128).unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        let is_digest = |text: &&str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if self.sha256.is_some() && self.sha256.filter(is_digest).is_none() {
            errors.push(FieldError {
                path: "sha256".to_owned(),
                detail: "It has 64 hexadecimal digits.".to_owned(),
            });
        }
        UploadOptions {
            group_tag,
            strict: self.strict.unwrap_or_default(),
            on_conflict: self.on_conflict.unwrap_or_default(),
            sha256: self.sha256.map(str::to_ascii_lowercase),
            validate_only: self.validate_only.unwrap_or_default(),
            intended_for: None,
        }
    }
}
