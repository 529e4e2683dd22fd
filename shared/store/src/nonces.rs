//! Nonces: each is given out to whoever asks, and good for one look-up.

use jiff::ToSpan as _;
use muster_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{Item, millis};
use crate::keys;
use crate::table::{Condition, Table, Written};

/// How long a nonce is good, in minutes.
pub const GOOD_MINUTES: i64 = 5;

/// The hexadecimal digits of a nonce: 128 bits.
const LENGTH: usize = 32;

/// Nonces. Needs `dynamodb:PutItem` and `DeleteItem` on the table.
#[derive(Clone)]
pub struct Nonces {
    table: Table,
}

/// A nonce that was given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce {
    /// 32 hexadecimal digits that nobody can guess.
    pub text: String,
    /// From then on it is good for nothing.
    pub expires_at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NonceItem {
    expires_ms: i64,
    ttl: i64,
}

impl Nonces {
    /// The nonces in this table.
    #[must_use]
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// Gives a nonce out. `random`: 128 bits of which nobody knows any.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn give(&self, random: u128, now: Timestamp) -> Result<Nonce, StoreError> {
        let expires_at = now.checked_add(GOOD_MINUTES.minutes()).unwrap_or(now);
        let text = format!("{random:032x}");
        let item = NonceItem {
            expires_ms: expires_at.as_millisecond(),
            ttl: expires_at.as_second(),
        };
        let item = Item::new(&keys::nonce(&text), &item)?;
        match self.table.put(item, Some(Condition::absent())).await? {
            // A put whose answer was lost, and which the SDK repeated; nobody else has the number.
            Written::Done | Written::Refused(_) => Ok(Nonce { text, expires_at }),
        }
    }

    /// Takes a nonce, and says whether it was good: given out, not taken before, and not too old. What cannot be one is
    /// asked for all the same, so that an answer takes as long.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn take(&self, text: &str, now: Timestamp) -> Result<bool, StoreError> {
        let is_one = text.len() == LENGTH && text.bytes().all(|b| b.is_ascii_hexdigit());
        let key = keys::nonce(if is_one { text } else { "-" });
        let good = Condition::new("#expires > :now")
            .name("#expires", "expiresMs")
            .value(":now", millis(now));
        self.table.delete(&key, good).await
    }
}
