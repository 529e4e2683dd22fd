//! What is told over HTTP and by the command line's `--json`.

mod party;

pub use party::Tenant;
