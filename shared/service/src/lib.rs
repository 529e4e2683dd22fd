//! What HTTP functions do for whoever acts; each puts it into its own words.
//!
//! A function has capabilities as its fields, and lends them to what it uses of this crate. Refusals are
//! [`Problem`](muster_runtime::http::Problem)s: a function with another wire format translates them.

pub mod acts;
mod channel;
pub mod idempotent;
pub mod inbox;
pub mod list;
pub mod profiles;
pub mod rights;
pub mod uploads;
pub mod wait;
