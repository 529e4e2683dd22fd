//! `windowsAutopilotSettings`: synchronisation.
//!
//! Intune keeps its own list of devices and pulls registrations into it. Muster has one registry: what is registered is there at
//! once. So a synchronisation is under way as long as uploads are that came before it was asked for.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use muster_core::id::TenantId;

use crate::Api;
use crate::asked::Asked;
use crate::fault::{Fault, Refusal};
use crate::odata::{Entity, Kind, Property, Type};
use crate::wire;

const SETTINGS: Kind = Kind {
    name: "windowsAutopilotSettings",
    properties: &[
        Property::text("id"),
        Property::text("lastSyncDateTime").of(Type::Time),
        Property::text("lastManualSyncTriggerDateTime").of(Type::Time),
        Property::text("syncStatus"),
    ],
    expands: &[],
};

/// How long after one synchronisation the next one may be asked for.
const PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// How many uploads of the tenant are looked at that came before, the newest first. Older ones that are still worked on are in
/// trouble.
const LOOKED_AT: usize = 50;

/// How the tenant's synchronisation stands.
pub(crate) async fn get_settings(State(api): State<Api>, asked: Asked) -> Result<Json<Entity>, Refusal> {
    let options = asked.options(&SETTINGS)?;
    api.rights().may_see(&asked.acting, asked.tenant).await?;
    let now = api.guard.now();
    let triggered = api.function.imports.synchronisation(asked.tenant).await?;
    let running = is_running(&api, asked.tenant, triggered).await?;
    let mut settings = Entity::new();
    settings.insert("id".to_owned(), asked.tenant.to_string().into());
    settings.insert("lastSyncDateTime".to_owned(), wire::moment((!running).then_some(now)));
    settings.insert("lastManualSyncTriggerDateTime".to_owned(), wire::moment(triggered));
    let status = if running { "inProgress" } else { "completed" };
    settings.insert("syncStatus".to_owned(), status.into());
    let set = "deviceManagement/windowsAutopilotSettings";
    Ok(Json(asked.entity(&options, set, settings)))
}

/// Asks for a synchronisation.
pub(crate) async fn sync(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Refusal> {
    api.rights().may_see(&asked.acting, asked.tenant).await?;
    let now = api.guard.now();
    let triggered = api.function.imports.synchronisation(asked.tenant).await?;
    if is_running(&api, asked.tenant, triggered).await? {
        let message = "A synchronisation is under way. Ask for windowsAutopilotSettings until syncStatus is completed.";
        return Err(Fault::new(StatusCode::CONFLICT, "Conflict", message).into());
    }
    let last = now.checked_sub(PAUSE).unwrap_or(now);
    match api.function.imports.synchronise(asked.tenant, last, now).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(before) => {
            let left = before.checked_add(PAUSE).unwrap_or(now).duration_since(now).as_secs();
            let message = "The last synchronisation was asked for less than 10 minutes ago.";
            let fault = Fault::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message);
            Err(fault.retry_after(u64::try_from(left).unwrap_or(0).max(1)).into())
        }
    }
}

/// Whether uploads are worked on that came before the synchronisation was asked for.
async fn is_running(api: &Api, tenant: TenantId, triggered: Option<Timestamp>) -> Result<bool, Refusal> {
    let Some(triggered) = triggered else {
        return Ok(false);
    };
    let uploads = api.function.uploads.until(tenant, triggered, LOOKED_AT).await?;
    let mut uploads = uploads.iter();
    Ok(uploads.any(|upload| !upload.state.is_final() && upload.created_at <= triggered))
}
