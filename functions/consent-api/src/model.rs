//! Consent as it is told over HTTP and by the command line's `--json`.

mod change;
mod consent;
mod directory;
mod permission;

pub use change::{Actor, ConsentChange, ConsentChangePage, Terms};
pub use consent::{AskedConsent, Consent, ConsentPage, ConsentTerms, Hindrance, Nothing, Reason};
pub use directory::{DirectoryEntry, DirectoryPage, DirectoryQuery, ListingBody};
pub use permission::{Permission, PermissionQuery};

pub use change::ChangeQuery;
