//! What a row came to. Outcomes are values, not errors: retries and duplicates are normal.
//!
//! One enum, [`Outcome`], and one table, [`Outcome::entry`], say for each outcome its code, its meaning and what to do.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error_code::ErrorCode;

/// What a row came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The device is new and belongs to the tenant now.
    Registered,
    /// The tenant had it; group tag, user or identities changed.
    Updated,
    /// The tenant had it; nothing changed.
    Unchanged,
    /// Another row of the same upload stands for the same device.
    DuplicateInUpload,
    /// Another tenant owns the device. Never says which.
    OwnedByOtherTenant,
    /// The identities lead to different devices, or the hardware differs from the registered device.
    Ambiguous,
    /// No catalogue entry knows the tuple or PKID, and the tenant demands one.
    UnknownIdentity,
    /// There is no consent for this.
    ConsentMissing,
    /// The consent was asked for and not decided.
    ConsentPending,
    /// The consent was declined.
    ConsentDeclined,
    /// The consent was revoked.
    ConsentRevoked,
    /// The consent has expired.
    ConsentExpired,
    /// The row could not be read as the columns say.
    MalformedRow,
    /// A value is too long or has the wrong form.
    InvalidValue,
    /// The 4K hash is damaged, or has no manufacturer or serial number.
    InvalidHash,
    /// The hash is of the short kind that old tools made.
    HashNot4k,
    /// The row has nothing that identifies a device.
    MissingIdentity,
    /// What the row says and what its hash says differ.
    IdentityMismatch,
    /// The channel does not accept this kind of identity.
    IdentityNotAccepted,
    /// The row makes a device known of a manufacturer that its sender does not stand for.
    ForeignManufacturer,
    /// The store refused the row.
    StorageError,
    /// The tenant has no such device to change or remove.
    DeviceNotRegistered,
    /// The tenant has no such profile to assign.
    ProfileNotRegistered,
    /// The profile to assign belongs to another tenant.
    ProfileOfOtherTenant,
    /// Somebody of another tenant registered the device that is to be removed.
    RegisteredByOtherTenant,
    /// The tenant's directory has an object for the device already.
    AlreadyInDirectory,
}

/// A row of the table of outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The number that the field's tools know, where there is one.
    pub code: Option<u16>,
    /// The name that goes with it on the wire.
    pub code_name: Option<&'static str>,
    /// What it means, in plain words.
    pub meaning: &'static str,
    /// What to do. Empty where there is nothing to do.
    pub remedy: &'static str,
}

const fn entry(code: Option<ErrorCode>, meaning: &'static str, remedy: &'static str) -> Entry {
    let (number, code_name) = match code {
        Some(code) => (code.number(), Some(code.name())),
        None => (None, None),
    };
    Entry {
        code: number,
        code_name,
        meaning,
        remedy,
    }
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 26] = [
        Self::Registered,
        Self::Updated,
        Self::Unchanged,
        Self::DuplicateInUpload,
        Self::OwnedByOtherTenant,
        Self::Ambiguous,
        Self::UnknownIdentity,
        Self::ConsentMissing,
        Self::ConsentPending,
        Self::ConsentDeclined,
        Self::ConsentRevoked,
        Self::ConsentExpired,
        Self::MalformedRow,
        Self::InvalidValue,
        Self::InvalidHash,
        Self::HashNot4k,
        Self::MissingIdentity,
        Self::IdentityMismatch,
        Self::IdentityNotAccepted,
        Self::ForeignManufacturer,
        Self::StorageError,
        Self::DeviceNotRegistered,
        Self::ProfileNotRegistered,
        Self::ProfileOfOtherTenant,
        Self::RegisteredByOtherTenant,
        Self::AlreadyInDirectory,
    ];

    /// The outcome's row of the table. Codes and names as the field's tools know them (`docs/semantics.md`, "Outcomes").
    #[must_use]
    pub const fn entry(self) -> Entry {
        match self {
            Self::Registered => entry(None, "registered", ""),
            Self::Updated => entry(None, "already yours; updated", ""),
            Self::Unchanged => entry(Some(ErrorCode::AlreadyAssigned), "already yours; nothing to change", ""),
            Self::DuplicateInUpload => entry(
                Some(ErrorCode::Duplicated),
                "another row of this upload stands for the same device",
                "Remove one of the two rows.",
            ),
            Self::OwnedByOtherTenant => entry(
                Some(ErrorCode::AssignedToOtherTenant),
                "the device belongs to another tenant",
                "Its owner must release it first. If you bought it second-hand, ask the seller.",
            ),
            Self::Ambiguous => entry(
                Some(ErrorCode::NotUnique),
                "the identities of this row do not lead to one device",
                "If the board was replaced, rebind the device, or release it and upload the row again. If not, capture the hash again.",
            ),
            Self::UnknownIdentity => entry(
                Some(ErrorCode::NotFound),
                "no known device has this tuple or PKID",
                "Use the 4K hardware hash, or ask the manufacturer to make the device known.",
            ),
            Self::ConsentMissing => entry(
                None,
                "the tenant has given no consent for this",
                "Ask the tenant for consent, then upload the rows again.",
            ),
            Self::ConsentPending => entry(
                None,
                "the tenant has not decided about the consent yet",
                "Wait for the decision, then upload the rows again.",
            ),
            Self::ConsentDeclined => entry(
                None,
                "the tenant declined the consent",
                "Talk to the tenant, then ask again.",
            ),
            Self::ConsentRevoked => entry(
                None,
                "the tenant revoked the consent",
                "Talk to the tenant, then ask for consent anew.",
            ),
            Self::ConsentExpired => entry(None, "the consent has expired", "Ask the tenant for consent anew."),
            Self::MalformedRow => entry(
                Some(ErrorCode::InvalidRequestBody),
                "the row could not be read",
                "Mend the cell that is named.",
            ),
            Self::InvalidValue => entry(
                Some(ErrorCode::InvalidRequestBody),
                "a value has the wrong form",
                "Mend the cell that is named.",
            ),
            Self::InvalidHash => entry(
                Some(ErrorCode::InvalidHardwareHash),
                "the hardware hash is not valid",
                "Capture the hash again and copy it whole.",
            ),
            Self::HashNot4k => entry(
                Some(ErrorCode::HashNot4k),
                "the hardware hash is of the old, short kind",
                "Capture it again with a current tool.",
            ),
            Self::MissingIdentity => entry(
                Some(ErrorCode::MissingSerialNumberAndProductKey),
                "the row does not identify a device",
                "Give what the channel accepts as identity.",
            ),
            Self::IdentityMismatch => entry(
                Some(ErrorCode::InvalidHardwareHash),
                "the row and its hardware hash speak of different devices",
                "Find out which of the two is right; often rows were shifted against each other.",
            ),
            Self::IdentityNotAccepted => entry(
                Some(ErrorCode::InvalidRequestBody),
                "this channel does not accept this identity",
                "Use another identity or another channel.",
            ),
            Self::ForeignManufacturer => entry(
                None,
                "its sender does not stand for the manufacturer of this device",
                "Ask whoever runs the service to bind the manufacturer's name to you, or remove the row.",
            ),
            Self::StorageError => entry(
                Some(ErrorCode::StorageError),
                "the row could not be stored",
                "Upload the row again; if it fails again, report it.",
            ),
            Self::DeviceNotRegistered => entry(
                Some(ErrorCode::NotRegistered),
                "the tenant has no such device",
                "Check that the tenant is the right one, and register the device first.",
            ),
            Self::ProfileNotRegistered => entry(
                Some(ErrorCode::ProfileNotRegistered),
                "the tenant has no such profile",
                "Name a profile that the tenant has.",
            ),
            Self::ProfileOfOtherTenant => entry(
                Some(ErrorCode::ProfileOfOtherTenant),
                "the profile belongs to another tenant",
                "Name a profile that the tenant has.",
            ),
            Self::RegisteredByOtherTenant => entry(
                Some(ErrorCode::RegisteredByOther),
                "somebody of another tenant registered the device",
                "Have it released by whoever registered it.",
            ),
            Self::AlreadyInDirectory => entry(
                Some(ErrorCode::AlreadyInDirectory),
                "the tenant's directory has an object for the device already",
                "Remove the old object from the directory, then upload the row again.",
            ),
        }
    }

    /// The name on the wire and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::DuplicateInUpload => "duplicateInUpload",
            Self::OwnedByOtherTenant => "ownedByOtherTenant",
            Self::Ambiguous => "ambiguous",
            Self::UnknownIdentity => "unknownIdentity",
            Self::ConsentMissing => "consentMissing",
            Self::ConsentPending => "consentPending",
            Self::ConsentDeclined => "consentDeclined",
            Self::ConsentRevoked => "consentRevoked",
            Self::ConsentExpired => "consentExpired",
            Self::MalformedRow => "malformedRow",
            Self::InvalidValue => "invalidValue",
            Self::InvalidHash => "invalidHash",
            Self::HashNot4k => "hashNot4k",
            Self::MissingIdentity => "missingIdentity",
            Self::IdentityMismatch => "identityMismatch",
            Self::IdentityNotAccepted => "identityNotAccepted",
            Self::ForeignManufacturer => "foreignManufacturer",
            Self::StorageError => "storageError",
            Self::DeviceNotRegistered => "deviceNotRegistered",
            Self::ProfileNotRegistered => "profileNotRegistered",
            Self::ProfileOfOtherTenant => "profileOfOtherTenant",
            Self::RegisteredByOtherTenant => "registeredByOtherTenant",
            Self::AlreadyInDirectory => "alreadyInDirectory",
        }
    }

    /// Whether the device is registered for the tenant by this row.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Registered | Self::Updated | Self::Unchanged)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_answer_to_a_row_is_an_outcome() {
        // These answer a request that deletes.
        const OF_REQUESTS: [ErrorCode; 2] = [ErrorCode::DeletionInProgress, ErrorCode::AlreadyDeleted];
        for code in ErrorCode::ALL {
            let given = Outcome::ALL.iter().any(|o| o.entry().code_name == Some(code.name()));
            assert_ne!(given, OF_REQUESTS.contains(&code), "{code:?}");
        }
    }

    #[test]
    fn a_failure_says_what_to_do_and_a_success_does_not() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.is_success(), outcome.entry().remedy.is_empty(), "{outcome}");
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.name());
        }
    }
}
