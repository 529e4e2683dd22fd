//! Every capability over one table and one bucket, for whoever may do everything.

use crate::announcements::Announcements;
use crate::catalogue::Catalogue;
use crate::contacts::Contacts;
use crate::device_batches::DeviceBatches;
use crate::devices::Devices;
use crate::fsck::Fsck;
use crate::idempotency::Idempotency;
use crate::imports::Imports;
use crate::nonces::Nonces;
use crate::objects::Objects;
use crate::profiles::Profiles;
use crate::rates::Rates;
use crate::receipts::Receipts;
use crate::uploads::Uploads;
use crate::validated::ValidatedBatches;
use crate::{Grants, Partners, StoreError, Table, Tenants};

/// All state of a deployment. The command line and the embedded flow take it; a function takes only the capabilities
/// that it uses.
#[derive(Clone)]
pub struct Registry {
    table: Table,
    objects: Objects,
}

impl Registry {
    /// The state in this table and this bucket.
    #[must_use]
    pub const fn new(table: Table, objects: Objects) -> Self {
        Self { table, objects }
    }

    /// Makes table and bucket where they are missing, which on AWS is the template's work.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn create(&self) -> Result<(), StoreError> {
        self.table.create().await?;
        self.objects.create().await
    }

    /// A check of all of it.
    #[must_use]
    pub fn fsck(&self) -> Fsck {
        Fsck::new(self.table.clone(), self.objects.clone())
    }

    /// Tenants.
    #[must_use]
    pub fn tenants(&self) -> Tenants {
        Tenants::new(self.table.clone())
    }

    /// Partners' device batches.
    #[must_use]
    pub fn device_batches(&self) -> DeviceBatches {
        DeviceBatches::new(self.table.clone())
    }

    /// Partners.
    #[must_use]
    pub fn partners(&self) -> Partners {
        Partners::new(self.table.clone())
    }

    /// Grants.
    #[must_use]
    pub fn grants(&self) -> Grants {
        Grants::new(self.table.clone())
    }

    /// Devices.
    #[must_use]
    pub fn devices(&self) -> Devices {
        Devices::new(self.table.clone())
    }

    /// Contacts of devices.
    #[must_use]
    pub fn contacts(&self) -> Contacts {
        Contacts::new(self.table.clone())
    }

    /// Nonces.
    #[must_use]
    pub fn nonces(&self) -> Nonces {
        Nonces::new(self.table.clone())
    }

    /// How often sources ask.
    #[must_use]
    pub fn rates(&self) -> Rates {
        Rates::new(self.table.clone())
    }

    /// Deployment profiles.
    #[must_use]
    pub fn profiles(&self) -> Profiles {
        Profiles::new(self.table.clone())
    }

    /// What manufacturers made known.
    #[must_use]
    pub fn catalogue(&self) -> Catalogue {
        Catalogue::new(self.table.clone())
    }

    /// Uploads.
    #[must_use]
    pub fn uploads(&self) -> Uploads {
        Uploads::new(self.table.clone())
    }

    /// Uploads that were announced.
    #[must_use]
    pub fn announcements(&self) -> Announcements {
        Announcements::new(self.table.clone())
    }

    /// Idempotency keys.
    #[must_use]
    pub fn idempotency(&self) -> Idempotency {
        Idempotency::new(self.table.clone())
    }

    /// Queues of imports.
    #[must_use]
    pub fn imports(&self) -> Imports {
        Imports::new(self.table.clone())
    }

    /// Receipts.
    #[must_use]
    pub fn receipts(&self) -> Receipts {
        Receipts::new(self.table.clone())
    }

    /// The bucket, through the S3 API.
    #[must_use]
    pub fn objects(&self) -> Objects {
        self.objects.clone()
    }

    /// What validation made of batches.
    #[must_use]
    pub fn validated(&self) -> ValidatedBatches {
        ValidatedBatches::new(self.objects.clone())
    }
}
