//! Where a grant is in its life, and what keeps it there.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::upload::Reason;

/// Where a grant is in its life. `Granting` and `Revoking` are decisions under way, which `sweep` finishes when their
/// worker died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantState {
    /// Asked for, not decided.
    Requested,
    /// Granted; its shards are being written.
    Granting,
    /// In force.
    Granted,
    /// Declined.
    Declined,
    /// Revoked; its shards are being closed, and nothing answered yet.
    Revoking,
    /// Revoked for good.
    Revoked,
}

impl GrantState {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Requested,
        Self::Granting,
        Self::Granted,
        Self::Declined,
        Self::Revoking,
        Self::Revoked,
    ];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Granting => "granting",
            Self::Granted => "granted",
            Self::Declined => "declined",
            Self::Revoking => "revoking",
            Self::Revoked => "revoked",
        }
    }
}

/// What keeps a decision from being carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hindrance {
    /// How often sweep tried in vain.
    pub tries: u32,
    /// When sweep tries again; `None`: it has given up, and a person has to decide once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Timestamp>,
    /// What happened at the last try, and what to do.
    pub reason: Reason,
}
