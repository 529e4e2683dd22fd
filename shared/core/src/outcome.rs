//! What a row came to. Outcomes are values, not errors: retries and duplicates are normal.
//!
//! One enum, [`Outcome`], and one table, [`Outcome::entry`], say for each outcome its code, its meaning and what to do.

use std::fmt;

use serde::{Deserialize, Serialize};

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
    /// The store refused the row.
    StorageError,
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

const fn entry(code: u16, code_name: &'static str, meaning: &'static str, remedy: &'static str) -> Entry {
    Entry {
        code: if code == 0 { None } else { Some(code) },
        code_name: if code_name.is_empty() { None } else { Some(code_name) },
        meaning,
        remedy,
    }
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 20] = [
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
        Self::StorageError,
    ];

    /// The outcome's row of the table. Codes and names as the field's tools know them (`docs/semantics.md`, "Outcomes").
    #[must_use]
    pub const fn entry(self) -> Entry {
        match self {
            Self::Registered => entry(0, "", "registered", ""),
            Self::Updated => entry(0, "", "already yours; updated", ""),
            Self::Unchanged => entry(806, "ZtdDeviceAlreadyAssigned", "already yours; nothing to change", ""),
            Self::DuplicateInUpload => entry(
                0,
                "ZtdDeviceDuplicated",
                "another row of this upload stands for the same device",
                "Remove one of the two rows.",
            ),
            Self::OwnedByOtherTenant => entry(
                808,
                "ZtdDeviceAssignedToOtherTenant",
                "the device belongs to another tenant",
                "Its owner must release it first. If you bought it second-hand, ask the seller.",
            ),
            Self::Ambiguous => entry(
                813,
                "ZtdDeviceIsNotUnique",
                "the identities of this row do not lead to one device",
                "If the board was replaced, rebind the device, or release it and upload the row again. If not, capture the hash again.",
            ),
            Self::UnknownIdentity => entry(
                812,
                "ZtdDeviceNotFound",
                "no known device has this tuple or PKID",
                "Use the 4K hardware hash, or ask the manufacturer to make the device known.",
            ),
            Self::ConsentMissing => entry(
                0,
                "",
                "the tenant has given no consent for this",
                "Ask the tenant for consent, then upload the rows again.",
            ),
            Self::ConsentPending => entry(
                0,
                "",
                "the tenant has not decided about the consent yet",
                "Wait for the decision, then upload the rows again.",
            ),
            Self::ConsentDeclined => entry(
                0,
                "",
                "the tenant declined the consent",
                "Talk to the tenant, then ask again.",
            ),
            Self::ConsentRevoked => entry(
                0,
                "",
                "the tenant revoked the consent",
                "Talk to the tenant, then ask for consent anew.",
            ),
            Self::ConsentExpired => entry(0, "", "the consent has expired", "Ask the tenant for consent anew."),
            Self::MalformedRow => entry(
                801,
                "InvalidZtdRequestBody",
                "the row could not be read",
                "Mend the cell that is named.",
            ),
            Self::InvalidValue => entry(
                801,
                "InvalidZtdRequestBody",
                "a value has the wrong form",
                "Mend the cell that is named.",
            ),
            Self::InvalidHash => entry(
                802,
                "InvalidZtdHardwareHash",
                "the hardware hash is not valid",
                "Capture the hash again and copy it whole.",
            ),
            Self::HashNot4k => entry(
                0,
                "HashNot4k",
                "the hardware hash is of the old, short kind",
                "Capture it again with a current tool.",
            ),
            Self::MissingIdentity => entry(
                803,
                "MissingZtdSerialNumberAndProductKey",
                "the row does not identify a device",
                "Give what the channel accepts as identity.",
            ),
            Self::IdentityMismatch => entry(
                802,
                "InvalidZtdHardwareHash",
                "the row and its hardware hash speak of different devices",
                "Find out which of the two is right; often rows were shifted against each other.",
            ),
            Self::IdentityNotAccepted => entry(
                801,
                "InvalidZtdRequestBody",
                "this channel does not accept this identity",
                "Use another identity or another channel.",
            ),
            Self::StorageError => entry(
                640,
                "StorageError",
                "the row could not be stored",
                "Upload the row again; if it fails again, report it.",
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
            Self::StorageError => "storageError",
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
    use std::collections::HashMap;

    use super::*;

    /// The published table of codes.
    const PUBLISHED: &str = include_str!("../tests/fixtures/error-codes.csv");

    #[test]
    fn every_code_and_name_is_in_the_published_table() {
        let published: HashMap<&str, &str> = PUBLISHED
            .lines()
            .skip(1)
            .filter_map(|l| l.split_once(','))
            .map(|(code, rest)| (rest.split(',').next().unwrap(), code))
            .collect();
        for outcome in Outcome::ALL {
            let entry = outcome.entry();
            if let Some(name) = entry.code_name {
                let code = entry.code.map_or(String::new(), |c| c.to_string());
                assert_eq!(published.get(name), Some(&code.as_str()), "{outcome}");
            }
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
