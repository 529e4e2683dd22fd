//! By what right a manufacturer writes its catalogue.

use muster_core::channel::Channel;
use muster_core::grant::{Grant, GrantPin, Verb};
use muster_core::id::PartnerId;
use muster_core::party::PartnerKind;
use muster_runtime::http::Problem;

use crate::Api;
use crate::rights::denied;

/// Whether there is such a manufacturer.
pub(crate) async fn is_manufacturer(api: &Api, partner: &PartnerId) -> Result<(), Problem> {
    let known = api.function.partners.get(partner).await?;
    match known.filter(|known| known.kind == PartnerKind::Oem) {
        Some(_) => Ok(()),
        None => Err(Problem::not_found()),
    }
}

/// The grant of a manufacturer's catalogue. One that an older Muster made known gets it here.
pub(crate) async fn permit(api: &Api, partner: &PartnerId, verb: Verb) -> Result<GrantPin, Problem> {
    is_manufacturer(api, partner).await?;
    let now = api.guard.now();
    let grant = api.function.grants.ensure_catalogue(partner, now).await?;
    Grant::permit(Some(&grant), verb, Channel::Catalogue, now).map_err(denied)
}

/// Lets only a partner that is known be named.
pub(crate) async fn is_known(api: &Api, path: &str, partner: Option<&PartnerId>) -> Result<(), Problem> {
    let Some(partner) = partner else {
        return Ok(());
    };
    match api.function.partners.get(partner).await? {
        Some(_) => Ok(()),
        None => Err(Problem::at(path, format!("There is no partner `{partner}`."))),
    }
}
