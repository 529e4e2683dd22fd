//! Completes devices from the catalogue: those that were registered by PKID or tuple before their hash was known.

use muster_core::Timestamp;
use muster_core::decide::Change;
use muster_core::grant::GrantPin;

use super::slice::append_change;
use super::{Devices, MAX_ACTIONS};
use crate::catalogue::{EntrySeen, check_listed};
use crate::error::{ErrorKind, StoreError};
use crate::grants::check;
use crate::table::{Cancelled, Transacted};

/// Devices that are to be completed from an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The entry.
    pub entry: EntrySeen,
    /// What becomes of the devices.
    pub change: Box<Change>,
}

/// What a completion came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completed {
    /// It is written.
    Done,
    /// The device, the entry or an identity is not as it was seen. `busy`: another transaction has one of them.
    Stale {
        /// Whether only time will help.
        busy: bool,
    },
    /// The grant does not allow it any more.
    Refused,
}

impl Devices {
    /// Writes a completion: the consent `pin` of whoever has it written, the entry as it was seen, and what any change of a
    /// device holds. It is one transaction, so a repeat finds the device complete.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn complete(
        &self,
        completion: &Completion,
        pin: &GrantPin,
        shard: u32,
        now: Timestamp,
    ) -> Result<Completed, StoreError> {
        let mut actions = vec![check(pin, shard, now), check_listed(completion.entry)];
        append_change(&completion.change, &mut actions)?;
        let invalid = || {
            StoreError::new(
                ErrorKind::Rejected,
                "complete a device",
                "the store refused the transaction",
            )
        };
        // A device with as many identities as it may have, and all the others that it is one with, still fit.
        debug_assert!(actions.len() <= MAX_ACTIONS + 2, "a completion fits one transaction");
        match self.table.transact(&actions).await? {
            Transacted::Done => Ok(Completed::Done),
            Transacted::Invalid => Err(invalid()),
            Transacted::Cancelled(reasons) => {
                if reasons.contains(&Cancelled::Invalid) {
                    return Err(invalid());
                }
                if matches!(reasons.first(), Some(Cancelled::Condition(_))) {
                    return Ok(Completed::Refused);
                }
                let busy = !reasons.iter().any(|reason| matches!(reason, Cancelled::Condition(_)));
                Ok(Completed::Stale { busy })
            }
        }
    }
}
