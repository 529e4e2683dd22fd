//! Microsoft Graph's wire format for Windows Autopilot: devices, their import, and what belongs to them, under `/v1.0` and
//! `/beta`, so that scripts and SDKs work when their base URL is changed and nothing else.
//!
//! This function only translates. What may be done, and what comes of it, is decided where Muster's own API decides it.
//! What works, what differs and what is absent: `docs/graph.md`.

mod asked;
mod batch;
mod binary;
mod body;
mod devices;
mod events;
mod fault;
mod front;
mod imports;
mod limits;
mod odata;
mod profiles;
mod relaxed;
mod settings;
mod wire;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Extension, Router, middleware};
use muster_runtime::http::{Guard, MAX_BODY, NewId, Problem, within};
use muster_service::inbox::Inbox;
use muster_service::rights::Rights;
use muster_store::announcements::Announcements;
use muster_store::contacts::Contacts;
use muster_store::devices::Devices;
use muster_store::imports::Imports;
use muster_store::objects::Objects;
use muster_store::profiles::Profiles;
use muster_store::rates::Rates;
use muster_store::receipts::Receipts;
use muster_store::uploads::Uploads;
use muster_store::validated::ValidatedBatches;
use muster_store::{Grants, Partners, Registry, Tenants};

use batch::Runner;
pub use limits::{Throttling, UnknownThrottling};

/// The function and the capabilities that it uses.
pub struct GraphApi {
    /// Looks tenants up.
    pub tenants: Tenants,
    /// Looks partners up.
    pub partners: Partners,
    /// Looks consent up.
    pub grants: Grants,
    /// Keeps the queue of imports, and when somebody asked for a synchronisation.
    pub imports: Imports,
    /// Looks up what became of uploads.
    pub uploads: Uploads,
    /// Announces lists that are handed in.
    pub announcements: Announcements,
    /// Writes lists that are handed in.
    pub objects: Objects,
    /// Reads what validation made of rows.
    pub validated: ValidatedBatches,
    /// Reads what registration made of rows.
    pub receipts: Receipts,
    /// Lists, shows, changes and releases devices.
    pub devices: Devices,
    /// Looks up when devices booted, and what the MDM service says of them.
    pub contacts: Contacts,
    /// Makes, shows, changes and deletes profiles, and says which one a device has.
    pub profiles: Profiles,
    /// Counts requests.
    pub rates: Rates,
    /// Whether requests are counted and turned away.
    pub throttling: Throttling,
    /// Where new ids come from.
    pub new_id: NewId,
    /// Where clients reach the function, for links.
    pub public_url: String,
}

impl GraphApi {
    /// Over the state of this registry.
    #[must_use]
    pub fn over(registry: &Registry, throttling: Throttling, new_id: NewId, public_url: String) -> Self {
        Self {
            tenants: registry.tenants(),
            partners: registry.partners(),
            grants: registry.grants(),
            imports: registry.imports(),
            uploads: registry.uploads(),
            announcements: registry.announcements(),
            objects: registry.objects(),
            validated: registry.validated(),
            receipts: registry.receipts(),
            devices: registry.devices(),
            contacts: registry.contacts(),
            profiles: registry.profiles(),
            rates: registry.rates(),
            throttling,
            new_id,
            public_url,
        }
    }
}

/// What a handler is given.
#[derive(Clone)]
struct Api {
    function: Arc<GraphApi>,
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

    fn inbox(&self) -> Inbox<'_> {
        Inbox {
            objects: &self.function.objects,
            announcements: &self.function.announcements,
            now: self.guard.now(),
        }
    }
}

/// The routes, whatever the case of the letters of a path.
pub fn router(function: GraphApi, guard: Guard) -> Router {
    let new_id = function.new_id.clone();
    let api = Api {
        function: Arc::new(function),
        guard: guard.clone(),
    };
    // A batch is no request by itself: those inside are counted, each as if it had come alone.
    let limits = middleware::from_fn_with_state(api.clone(), limits::stand);
    let single = told(&api, routes().route_layer(limits));
    let alone = single.clone().fallback_service(front::nowhere(guard.clone()));
    let batch = Router::new().route("/{version}/$batch", post(batch::run));
    let batch = told(&api, batch).layer(Extension(Runner(within(alone, new_id))));
    front::front(single.merge(batch), guard)
}

fn routes() -> Router<Api> {
    Router::new()
        .route(
            "/{version}/deviceManagement/importedWindowsAutopilotDeviceIdentities",
            get(imports::list_imports).post(imports::create_import),
        )
        .route(
            "/{version}/deviceManagement/importedWindowsAutopilotDeviceIdentities/$count",
            get(imports::count_imports),
        )
        .route(
            "/{version}/deviceManagement/importedWindowsAutopilotDeviceIdentities/import",
            post(imports::import),
        )
        .route(
            "/{version}/deviceManagement/importedWindowsAutopilotDeviceIdentities/{import}",
            get(imports::get_import).delete(imports::delete_import),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeviceIdentities",
            get(devices::list_devices).post(devices::create_device),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/$count",
            get(devices::count_devices),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/deleteDevices",
            post(devices::delete_devices),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}",
            get(devices::get_device).delete(devices::delete_device),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/assignUserToDevice",
            post(devices::assign_user),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/unassignUserFromDevice",
            post(devices::unassign_user),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/updateDeviceProperties",
            post(devices::update_properties),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/deploymentProfile",
            get(devices::get_profile),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/intendedDeploymentProfile",
            get(devices::get_profile),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/allowNextEnrollment",
            post(devices::allow_next_enrollment),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/assignResourceAccountToDevice",
            post(devices::resource_account),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/unassignResourceAccountFromDevice",
            post(devices::resource_account),
        )
        .route("/{version}/deviceManagement/autopilotEvents", get(events::list_events))
        .route(
            "/{version}/deviceManagement/autopilotEvents/$count",
            get(events::count_events),
        )
        .route(
            "/{version}/deviceManagement/autopilotEvents/{event}",
            get(events::get_event),
        )
        .merge(profile_routes())
        .route(
            "/{version}/deviceManagement/windowsAutopilotSettings",
            get(settings::get_settings),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotSettings/sync",
            post(settings::sync),
        )
}

fn profile_routes() -> Router<Api> {
    Router::new()
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles",
            get(profiles::list_profiles).post(profiles::create_profile),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}",
            get(profiles::get_profile)
                .patch(profiles::update_profile)
                .delete(profiles::delete_profile),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}/assign",
            post(profiles::assign),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}/assignments",
            get(profiles::list_assignments).post(profiles::add_assignment),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}/assignments/{assignment}",
            get(profiles::get_assignment).delete(profiles::delete_assignment),
        )
        .route(
            "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}/assignedDevices",
            get(profiles::assigned_devices),
        )
}

/// Routes with what stands around them: the door, and refusals in Graph's words.
fn told(api: &Api, routes: Router<Api>) -> Router {
    let door = middleware::from_fn_with_state(api.guard.clone(), Guard::stand);
    routes
        .route_layer(door)
        .with_state(api.clone())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(api.guard.clone(), fault::tell))
}
