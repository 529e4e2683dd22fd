//! Registration over HTTP: tenants and partners, uploads and what became of their rows, registered devices, and the
//! profiles that those are set up by, and the catalogues of manufacturers.

mod catalogue;
mod devices;
pub mod harvests;
mod idempotent;
pub mod model;
mod parties;
mod profiles;
mod rights;
mod uploads;

use std::sync::Arc;

use axum::{Router, middleware};
use muster_core::id::TenantId;
use muster_runtime::http::{Acting, Guard, NewId, Problem};
use muster_service::profiles::ProfileActs;
use muster_service::rights::Rights;
use muster_service::uploads::KnownUploads;
use muster_store::announcements::Announcements;
use muster_store::catalogue::Catalogue;
use muster_store::contacts::Contacts;
use muster_store::devices::Devices;
use muster_store::idempotency::Idempotency;
use muster_store::objects::Objects;
use muster_store::presign::Presigner;
use muster_store::profiles::Profiles;
use muster_store::receipts::Receipts;
use muster_store::uploads::Uploads;
use muster_store::validated::ValidatedBatches;
use muster_store::{Grants, Partners, Registry, Tenants};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// The function and the capabilities that it uses.
pub struct RegistrationApi {
    /// Makes tenants known and lists them.
    pub tenants: Tenants,
    /// Makes partners known and lists them.
    pub partners: Partners,
    /// Looks consent up.
    pub grants: Grants,
    /// Lists, shows, cancels and resumes uploads.
    pub uploads: Uploads,
    /// Announces uploads.
    pub announcements: Announcements,
    /// Writes inline lists; begins and completes multipart uploads; looks objects up.
    pub objects: Objects,
    /// Signs URLs of lists to write and of reports to read.
    pub presigner: Presigner,
    /// Reads what validation made of rows.
    pub validated: ValidatedBatches,
    /// Reads what registration made of rows.
    pub receipts: Receipts,
    /// Keeps what was answered under an idempotency key.
    pub idempotency: Idempotency,
    /// Where new ids come from.
    pub new_id: NewId,
    /// Lists, finds, changes and releases devices.
    pub devices: Devices,
    /// Looks up when devices booted, and records what the MDM service says of them.
    pub contacts: Contacts,
    /// Makes, lists, changes and deletes profiles, and says which one a device has.
    pub profiles: Profiles,
    /// Lists, shows and withdraws entries of catalogues.
    pub catalogue: Catalogue,
}

impl RegistrationApi {
    /// Over the state of this registry, with files where the signed URLs lead.
    #[must_use]
    pub fn over(registry: &Registry, presigner: Presigner, new_id: NewId) -> Self {
        Self {
            tenants: registry.tenants(),
            partners: registry.partners(),
            grants: registry.grants(),
            uploads: registry.uploads(),
            announcements: registry.announcements(),
            objects: registry.objects(),
            presigner,
            validated: registry.validated(),
            receipts: registry.receipts(),
            idempotency: registry.idempotency(),
            new_id,
            devices: registry.devices(),
            contacts: registry.contacts(),
            profiles: registry.profiles(),
            catalogue: registry.catalogue(),
        }
    }
}

/// What a handler is given.
#[derive(Clone)]
struct Api {
    function: Arc<RegistrationApi>,
    guard: Guard,
}

impl Api {
    fn rights(&self) -> Rights<'_> {
        Rights {
            tenants: &self.function.tenants,
            partners: &self.function.partners,
            grants: &self.function.grants,
            now: self.guard.now(),
        }
    }

    fn known_uploads(&self) -> KnownUploads<'_> {
        KnownUploads {
            uploads: &self.function.uploads,
            announcements: &self.function.announcements,
            objects: &self.function.objects,
        }
    }

    /// Changes of the tenant's profiles, if there is consent.
    async fn profile_acts(&self, acting: &Acting, tenant: TenantId) -> Result<ProfileActs<'_>, Problem> {
        ProfileActs::begin(self.rights(), &self.guard, acting, tenant).await
    }
}

/// The routes, and what is told of them.
pub fn router(function: RegistrationApi, guard: Guard) -> (Router, OpenApi) {
    let door = middleware::from_fn_with_state(guard.clone(), Guard::stand);
    let api = Api {
        function: Arc::new(function),
        guard,
    };
    let routes = OpenApiRouter::new()
        .merge(parties::routes())
        .merge(devices::routes())
        .merge(profiles::routes())
        .merge(uploads::routes())
        .merge(harvests::routes())
        .merge(catalogue::routes());
    routes.route_layer(door).with_state(api).split_for_parts()
}
