//! The embedded stand-ins for AWS: one directory on one machine instead of DynamoDB and S3.
//!
//! Nothing here is a second store. The product speaks to both services through the AWS SDK everywhere; this crate
//! plugs in below the SDK, at its HTTP-client seam, so that no socket and no credentials leave the process:
//!
//! * [`dynamodb`]: the DynamoDB API over `dynoxide-rs` (a SQLite file). Its authors call it a development tool.
//! * [`objects`]: S3 over SQLite metadata and files, with versions and an outbox of "object created" events.
//! * [`conflicts`], [`faults`], [`counting`]: decorators of any SDK HTTP client that play what the real services
//!   do and the stand-ins do not: transaction conflicts, throttling, lost answers, a dying process.
//! * [`data_dir`]: the directory that holds it all, owned by one process at a time.
//! * [`flow`]: the loop that plays AWS around the functions.
//! * [`issuer`]: who gives out tokens where there is no identity provider.
//! * [`sandbox`]: who is in a registry that is there to be tried out.
//! * [`serve`]: the flow behind listeners on the loopback interface.
//! * [`tls`]: how these listeners speak TLS.

pub mod conflicts;
pub mod counting;
pub mod data_dir;
mod disk;
pub mod dynamodb;
pub mod faults;
pub mod flow;
pub mod issuer;
mod metrics;
pub mod objects;
pub mod sandbox;
mod seam;
pub mod serve;
pub mod tls;

use std::sync::Arc;

/// Where the stand-ins take the time from: only binaries read the clock.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;
