//! Releases by manufacturers, which know their devices and not whose they are.

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use muster_core::grant::Verb;
use muster_core::id::{DeviceId, TenantId};
use muster_core::identity::IdentityKey;
use muster_runtime::http::{Acting, Body, Code, FieldError, Problem, ProblemBody};
use muster_service::acts::{AT_ONCE, Acts, Came, MOST};
use muster_store::devices::Claim;
use muster_store::idempotency::Seed;

use super::super::{begin, find};
use crate::Api;
use crate::idempotent::{Answer, has_key, idempotent};
use crate::model::{
    FindDevice, IdentifiedDevice, IdentityOutcome, IdentityOutcomes, OutcomeName, Refusal, ReleaseByIdentity,
};

/// How many faults are told at once.
const MAX_ERRORS: usize = 100;

/// Release devices whosever they are
///
/// For manufacturers, which name their devices by what is printed on the box and need not know whose they are. Up to 1,000,
/// each by itself, in the order of the request. A device is released where its tenant's consent lets the manufacturer
/// release, and a partner had registered it. Every other one is `notFound`, whatever the reason: nobody learns here what a
/// tenant has that gave no consent. That holds for a device that is released already, too. A repeat under the same idempotency
/// key tells what this very request released as `released`, also where its first answer was lost, as long as the tenant's consent
/// lasts. `refused` is a device that the store was too busy for: it is to be sent again, under another key.
#[utoipa::path(
    post,
    path = "/v1/devices/release",
    operation_id = "releaseDevicesByIdentity",
    tag = "devices",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = ReleaseByIdentity,
    responses(
        (status = 200, body = IdentityOutcomes),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn release_devices_by_identity(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    headers: HeaderMap,
    Body(request): Body<ReleaseByIdentity>,
) -> Result<Answer, Problem> {
    let keyed = has_key(&headers);
    let run = async |seed: Seed| Answer::ok(&all(&api, &acting, &request.devices, keyed.then_some(seed)).await?);
    idempotent(&api, &acting, &headers, "/v1/devices/release", &request, run).await
}

/// Releases what these identities lead to. `seed`: of a request that may come again.
async fn all(
    api: &Api,
    acting: &Acting,
    named: &[IdentifiedDevice],
    seed: Option<Seed>,
) -> Result<IdentityOutcomes, Problem> {
    let keys = keys(named)?;
    // The store reads nothing twice in one request.
    let each: Vec<IdentityKey> = keys.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let claims = api.function.devices.claims(&each, true).await?;
    let tenants = claims.values().map(|claim| claim.tenant).collect();
    let mut acts = rights(api, acting, tenants).await?;
    let mine = |key: &IdentityKey| claims.get(key).filter(|claim| acts.contains_key(&claim.tenant));
    let mut resolved: Vec<Option<Claim>> = keys.iter().map(|key| mine(key).cloned()).collect();
    if let Some(seed) = seed {
        // A released device is found by none of its identities: a repeat must know what they led to at first.
        resolved = api.function.idempotency.keep(seed, resolved, api.guard.now()).await?;
        let tenants = resolved.iter().flatten().map(|claim| claim.tenant);
        let others = tenants.filter(|tenant| !acts.contains_key(tenant)).collect();
        acts.extend(rights(api, acting, others).await?);
    }
    // Two identities may lead to one device.
    let devices = resolved.iter().flatten();
    let devices = devices.filter_map(|claim| Some((claim.device, acts.get(&claim.tenant)?.clone())));
    let devices: BTreeMap<DeviceId, Acts> = devices.collect();
    let came: BTreeMap<DeviceId, IdentityOutcome> = stream::iter(devices)
        .map(|(id, acts)| async move { (id, one(acts, id).await) })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let outcome = |claim: &Option<Claim>| {
        let came = claim.as_ref().and_then(|claim| came.get(&claim.device));
        came.cloned().unwrap_or(NOT_FOUND)
    };
    Ok(IdentityOutcomes {
        devices: resolved.iter().map(outcome).collect(),
    })
}

/// What is said of every device that is not released, so that nothing is told of it.
const NOT_FOUND: IdentityOutcome = IdentityOutcome {
    outcome: OutcomeName::NotFound,
    reason: None,
};

/// The right to release devices of each of these tenants that gives it.
async fn rights(api: &Api, acting: &Acting, tenants: BTreeSet<TenantId>) -> Result<BTreeMap<TenantId, Acts>, Problem> {
    let begun = stream::iter(tenants).map(|tenant| async move {
        match begin(api, acting, tenant, Verb::Release).await {
            Ok(acts) => Ok(Some((tenant, acts))),
            Err(problem) if problem.code() == Code::ConsentDenied => Ok(None),
            Err(problem) => Err(problem),
        }
    });
    let begun: Vec<Option<(TenantId, Acts)>> = begun.buffered(AT_ONCE).try_collect().await?;
    Ok(begun.into_iter().flatten().collect())
}

async fn one(acts: Acts, id: DeviceId) -> IdentityOutcome {
    match acts.release(id).await {
        // It was registered when its identity was looked up: who released it since was an earlier run of this request, or did
        // at that moment what it asks for.
        Ok(Came::Done(_) | Came::Unchanged(_)) => IdentityOutcome {
            outcome: OutcomeName::Released,
            reason: None,
        },
        Ok(_) => NOT_FOUND,
        Err(problem) => {
            // What became of the others shall not be lost for this one, of a tenant that gave its consent.
            if problem.code() != Code::Unavailable {
                tracing::error!(device = %id, ?problem, "a device could not be released");
            }
            IdentityOutcome {
                outcome: OutcomeName::Refused,
                reason: Some(Refusal::unavailable()),
            }
        }
    }
}

/// The identity of each device.
///
/// # Errors
/// Everything that is none, by its path.
fn keys(named: &[IdentifiedDevice]) -> Result<Vec<IdentityKey>, Problem> {
    if named.is_empty() || named.len() > MOST {
        let detail = format!("It names {} devices; 1 to {MOST} are taken.", named.len());
        return Err(Problem::at("devices", detail));
    }
    let (mut keys, mut errors) = (Vec::with_capacity(named.len()), Vec::new());
    for (at, device) in named.iter().enumerate() {
        match key(device) {
            Ok(key) => keys.push(key),
            Err(faults) => errors.extend(faults.into_iter().map(|fault| FieldError {
                path: match fault.path.as_str() {
                    "body" => format!("devices[{at}]"),
                    member => format!("devices[{at}].{member}"),
                },
                ..fault
            })),
        }
    }
    if errors.is_empty() {
        return Ok(keys);
    }
    errors.truncate(MAX_ERRORS);
    Err(Problem::invalid(errors))
}

fn key(device: &IdentifiedDevice) -> Result<IdentityKey, Vec<FieldError>> {
    let wrong = || {
        vec![FieldError {
            path: "body".to_owned(),
            detail: "It names a device in one way: by serialNumber, manufacturer and model, or by productKeyId."
                .to_owned(),
        }]
    };
    let IdentifiedDevice {
        serial_number,
        manufacturer,
        model,
        product_key_id,
    } = device;
    let tuple = serial_number.is_some() || manufacturer.is_some() || model.is_some();
    if tuple == product_key_id.is_some() {
        return Err(wrong());
    }
    let record = find::record_of(&FindDevice {
        serial_number: serial_number.clone(),
        manufacturer: manufacturer.clone(),
        model: model.clone(),
        product_key_id: product_key_id.clone(),
        hardware_hash: None,
    })?;
    record.keys.first().copied().ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(serial: &str) -> IdentifiedDevice {
        IdentifiedDevice {
            serial_number: Some(serial.to_owned()),
            manufacturer: Some("Contoso".to_owned()),
            model: Some("Book".to_owned()),
            product_key_id: None,
        }
    }

    fn pkid(text: &str) -> IdentifiedDevice {
        IdentifiedDevice {
            product_key_id: Some(text.to_owned()),
            ..IdentifiedDevice::default()
        }
    }

    #[test]
    fn each_device_is_named_in_one_way_and_what_is_none_is_told_by_its_path() {
        let found = keys(&[tuple("S1"), pkid("3303012345678"), tuple(" S1 ")]).unwrap();
        assert_eq!((found.len(), found[0] == found[2]), (3, true));
        let both = IdentifiedDevice {
            product_key_id: Some("3303012345678".to_owned()),
            ..tuple("S1")
        };
        let half = IdentifiedDevice {
            model: None,
            ..tuple("S1")
        };
        let wrong = [
            tuple("S1"),
            IdentifiedDevice::default(),
            both,
            half,
            pkid("33"),
            tuple("To be filled by O.E.M."),
        ];
        let errors = keys(&wrong).unwrap_err().body().errors;
        let paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "devices[1]",
                "devices[2]",
                "devices[3].model",
                "devices[4].productKeyId",
                "devices[5].serialNumber"
            ]
        );
    }

    #[test]
    fn a_list_is_as_long_as_a_request_may_be() {
        for (count, fits) in [(0, false), (1, true), (MOST, true), (MOST + 1, false)] {
            let named: Vec<IdentifiedDevice> = (0..count).map(|n| tuple(&format!("S{n}"))).collect();
            assert_eq!(keys(&named).is_ok(), fits, "{count}");
        }
        let many: Vec<IdentifiedDevice> = (0..MOST).map(|_| IdentifiedDevice::default()).collect();
        assert_eq!(keys(&many).unwrap_err().body().errors.len(), MAX_ERRORS);
    }
}
