//! What Partner Center's clients ask for, in its words: device batches, policies, relationships. It only translates; what
//! is done, and who may do it, is decided where every other function has it decided (`docs/partner-center.md`).
//!
//! A *device batch* is a partner's named list of a tenant's devices; its name is their group tag, and each list that is
//! handed in for it an upload. A *policy* is a profile of the channel `partner-center`, a *relationship* a grant.

mod assign;
mod batches;
mod body;
mod devices;
mod elsewhere;
mod jobs;
mod list;
mod model;
mod names;
mod policies;
mod progress;
mod relationship;
mod tracking;
mod words;

use std::sync::Arc;

use axum::routing::{any, delete, get, patch};
use axum::{Router, middleware};
use muster_core::grant::Verb;
use muster_core::id::{PartnerId, TenantId};
use muster_runtime::http::{Acting, Code, Guard, NewId, Problem};
use muster_service::acts::Acts;
use muster_service::idempotent::Repeats;
use muster_service::inbox::Inbox;
use muster_service::profiles::ProfileActs;
use muster_service::rights::Rights;
use muster_service::uploads::KnownUploads;
use muster_store::announcements::Announcements;
use muster_store::device_batches::DeviceBatches;
use muster_store::devices::Devices;
use muster_store::idempotency::Idempotency;
use muster_store::objects::Objects;
use muster_store::profiles::Profiles;
use muster_store::receipts::Receipts;
use muster_store::uploads::Uploads;
use muster_store::validated::ValidatedBatches;
use muster_store::{Grants, Partners, Registry, Tenants};

use names::Names;

pub use elsewhere::alone;

/// The function and the capabilities that it uses.
pub struct PartnerCenterApi {
    /// Looks tenants up, by name too.
    pub tenants: Tenants,
    /// Looks partners up.
    pub partners: Partners,
    /// Looks consent up, and gives it back.
    pub grants: Grants,
    /// Keeps device batches, and what became of updates of policies.
    pub device_batches: DeviceBatches,
    /// Looks uploads up.
    pub uploads: Uploads,
    /// Announces uploads.
    pub announcements: Announcements,
    /// Writes lists, and reads them again.
    pub objects: Objects,
    /// Reads what validation made of rows.
    pub validated: ValidatedBatches,
    /// Reads what registration made of rows.
    pub receipts: Receipts,
    /// Lists and releases devices.
    pub devices: Devices,
    /// Keeps policies, and says which one a device was given.
    pub profiles: Profiles,
    /// Keeps what was answered under a request's id.
    pub idempotency: Idempotency,
    /// Where new ids come from.
    pub new_id: NewId,
    /// The URL under which clients reach this service, without a slash at its end: invitations begin with it.
    pub public_url: String,
}

impl PartnerCenterApi {
    /// Over the state of this registry.
    #[must_use]
    pub fn over(registry: &Registry, new_id: NewId, public_url: String) -> Self {
        Self {
            tenants: registry.tenants(),
            partners: registry.partners(),
            grants: registry.grants(),
            device_batches: registry.device_batches(),
            uploads: registry.uploads(),
            announcements: registry.announcements(),
            objects: registry.objects(),
            validated: registry.validated(),
            receipts: registry.receipts(),
            devices: registry.devices(),
            profiles: registry.profiles(),
            idempotency: registry.idempotency(),
            new_id,
            public_url,
        }
    }
}

/// The header by which a client knows its own request again.
const REQUEST_ID: &str = "MS-RequestId";

/// What a handler is given.
#[derive(Clone)]
struct Api {
    function: Arc<PartnerCenterApi>,
    guard: Guard,
    names: Names,
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

    fn inbox(&self) -> Inbox<'_> {
        Inbox {
            objects: &self.function.objects,
            announcements: &self.function.announcements,
            now: self.guard.now(),
        }
    }

    fn repeats(&self) -> Repeats<'_> {
        Repeats {
            store: &self.function.idempotency,
            new_id: &self.function.new_id,
            now: self.guard.now(),
            header: REQUEST_ID,
        }
    }

    /// Acts that do this with devices of the tenant, if there is consent.
    async fn acts(&self, acting: &Acting, tenant: TenantId, verb: Verb) -> Result<Acts, Problem> {
        Acts::begin(
            self.rights(),
            &self.function.devices,
            &self.guard,
            acting,
            (tenant, verb),
        )
        .await
    }

    /// Changes of the tenant's profiles, if there is consent.
    async fn profile_acts(&self, acting: &Acting, tenant: TenantId) -> Result<ProfileActs<'_>, Problem> {
        ProfileActs::begin(self.rights(), &self.guard, acting, tenant).await
    }
}

/// The partner that acts: every route is for partners alone.
fn partner(acting: &Acting) -> Result<&PartnerId, Problem> {
    acting
        .partner()
        .ok_or_else(|| Problem::new(Code::Forbidden, "This is for partners."))
}

/// The routes.
pub fn router(function: PartnerCenterApi, guard: Guard) -> Router {
    let guard = guard.naming(function.tenants.clone());
    let door = middleware::from_fn_with_state(guard.clone(), Guard::stand);
    let words = middleware::from_fn_with_state(function.new_id.clone(), words::translate);
    let api = Api {
        function: Arc::new(function),
        guard,
        names: Names::new(),
    };
    Router::new()
        .route("/v1/customers/relationshiprequests", get(relationship::invite))
        .route("/v1/customers/{tenant}", patch(relationship::end))
        .route(
            "/v1/customers/{tenant}/deviceBatches",
            get(batches::list).post(batches::create),
        )
        .route(
            "/v1/customers/{tenant}/deviceBatches/{batch}/devices",
            get(devices::list).post(batches::append),
        )
        .route(
            "/v1/customers/{tenant}/deviceBatches/{batch}/devices/{device}",
            delete(devices::remove).put(assign::one).patch(assign::one),
        )
        .route("/v1/customers/{tenant}/DevicePolicyUpdates", patch(assign::many))
        .route("/v1/customers/{tenant}/batchJobStatus/{job}", get(jobs::status))
        .route(
            "/v1/customers/{tenant}/policies",
            get(policies::list).post(policies::create),
        )
        .route(
            "/v1/customers/{tenant}/policies/{policy}",
            get(policies::get).put(policies::replace).delete(policies::delete),
        )
        .route_layer(door)
        // What is not there is not there in these words, too.
        .route("/v1/customers", any(async || Problem::not_found()))
        .route("/v1/customers/{tenant}/{*rest}", any(async || Problem::not_found()))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(words)
        .with_state(api)
}
