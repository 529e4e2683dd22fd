//! Policies given to devices: one device by itself, or many as a job.

mod assigner;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use muster_core::error_code::ErrorCode;
use muster_core::id::TenantId;
use muster_runtime::http::{Acting, FieldError, Problem};
use muster_service::idempotent::Answer;
use muster_store::device_batches::{MAX_DEVICES, MAX_NAMED, PolicyUpdate, UpdatedDevice};
use muster_store::idempotency::Seed;

use crate::body::AnyCase;
use crate::devices::OOBE;
use crate::model::{PolicyUpdates, SentDevice, SentPolicy};
use crate::words::no_word;
use crate::{Api, devices, partner, tracking, words};

use assigner::{Assigner, Wanted};

/// Gives one device of a batch a policy, or takes it away.
pub(crate) async fn one(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
    Path((_, batch, device)): Path<(String, String, String)>,
    AnyCase(sent): AnyCase<SentDevice>,
) -> Result<Response, Problem> {
    let policy = asked(sent.policies.as_deref()).map_err(|detail| Problem::at("policies", detail))??;
    let own = sent.id.as_deref().filter(|id| !id.is_empty());
    if own.is_some_and(|own| !own.eq_ignore_ascii_case(&device)) {
        return Err(Problem::at("id", "It is another device than the path names."));
    }
    let assigner = Assigner::begin(&api, &acting, tenant).await?;
    let known = devices::known(&api, &acting, tenant, &batch, &device).await?;
    let id = known.id.to_string();
    let wanted = [Wanted { device: &id, policy }];
    match assigner.assign(&wanted).await?.first().copied().flatten() {
        None => {}
        Some(code @ ErrorCode::ProfileNotRegistered) => {
            let detail = format!("The customer has no policy of this id: {}.", code.name());
            return Err(Problem::at("policies[0].value", detail));
        }
        Some(_) => return Err(Problem::not_found()),
    }
    let told = devices::told(&api, tenant, vec![known]).await?;
    let told = told.into_iter().next().ok_or_else(Problem::not_found)?;
    Ok(Json(told).into_response())
}

/// Gives many devices policies. What became of each is asked for as of any job.
pub(crate) async fn many(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
    headers: HeaderMap,
    AnyCase(sent): AnyCase<PolicyUpdates>,
) -> Result<Response, Problem> {
    let path = format!("PATCH /customers/{tenant}/DevicePolicyUpdates");
    let run = async |seed: Seed| updated(&api, &acting, tenant, &sent, seed).await;
    let answer = api.repeats().once(&acting, &headers, &path, &sent, run).await?;
    Ok(words::accepted(&answer.location.unwrap_or_default()))
}

async fn updated(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    sent: &PolicyUpdates,
    seed: Seed,
) -> Result<Answer, Problem> {
    let wanted = read(sent.devices.as_deref().unwrap_or_default())?;
    let started_at = api.guard.now();
    let assigner = Assigner::begin(api, acting, tenant).await?;
    let faults = assigner.assign(&wanted).await?;
    let devices = wanted.iter().zip(faults).map(|(wanted, fault)| UpdatedDevice {
        id: wanted.device.to_owned(),
        fault: fault.and_then(ErrorCode::number),
    });
    let update = PolicyUpdate {
        id: tracking::of_update(seed),
        started_at,
        completed_at: api.guard.now(),
        devices: devices.collect(),
    };
    let batches = &api.function.device_batches;
    batches.record(tenant, partner(acting)?, &update).await?;
    Answer::new(StatusCode::ACCEPTED, Some(tracking::location(tenant, update.id)), &())
}

/// What is asked for, if every device is named once and says one policy.
fn read(devices: &[SentDevice]) -> Result<Vec<Wanted<'_>>, Problem> {
    if devices.is_empty() || devices.len() > MAX_DEVICES {
        let detail = format!(
            "There are {} devices; 1 to {MAX_DEVICES} are taken at once.",
            devices.len()
        );
        return Err(Problem::at("devices", detail));
    }
    let (mut wanted, mut errors) = (Vec::with_capacity(devices.len()), Vec::new());
    let mut wrong = |path: String, detail: String| errors.push(FieldError { path, detail });
    for (at, device) in devices.iter().enumerate() {
        let id = device.id.as_deref().map(str::trim).unwrap_or_default();
        if id.is_empty() || id.len() > MAX_NAMED {
            let detail = format!("A device is named by its id, 1 to {MAX_NAMED} bytes.");
            wrong(format!("devices[{at}].id"), detail);
        }
        match asked(device.policies.as_deref()) {
            Ok(policy) => wanted.push(Wanted {
                device: id,
                policy: policy?,
            }),
            Err(detail) => wrong(format!("devices[{at}].policies"), detail),
        }
    }
    for at in devices::twice(wanted.iter().map(|wanted| wanted.device)) {
        wrong(format!("devices[{at}].id"), "The device is named before.".to_owned());
    }
    errors.truncate(100);
    if errors.is_empty() {
        Ok(wanted)
    } else {
        Err(Problem::invalid(errors))
    }
}

/// The policy that is asked for. Outside, what is wrong with how many there are; inside, with the category's name.
fn asked(policies: Option<&[SentPolicy]>) -> Result<Result<Option<&str>, Problem>, String> {
    let [policy] = policies.unwrap_or_default() else {
        return Err("It says one policy of the category o_o_b_e: its id, or null for none.".to_owned());
    };
    let key = policy.key.as_deref().unwrap_or_default();
    if ![OOBE, "oobe"].iter().any(|known| key.eq_ignore_ascii_case(known)) {
        return Ok(Err(no_word("key", key, OOBE)));
    }
    let value = policy.value.as_deref().map(str::trim);
    Ok(Ok(value.filter(|value| !value.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: &str, key: &str, value: Option<&str>) -> SentDevice {
        SentDevice {
            id: Some(id.to_owned()),
            policies: Some(vec![SentPolicy {
                key: Some(key.to_owned()),
                value: value.map(str::to_owned),
            }]),
            ..SentDevice::default()
        }
    }

    fn paths(devices: &[SentDevice]) -> Vec<String> {
        let problem = read(devices).err().unwrap();
        problem.body().errors.into_iter().map(|error| error.path).collect()
    }

    #[test]
    fn every_device_is_named_once_and_says_one_policy() {
        let good = [
            device("a", "o_o_b_e", Some("p")),
            device("b", "OOBE", None),
            device("c", "O_O_B_E", Some(" ")),
        ];
        let read_back: Vec<(&str, Option<&str>)> = read(&good)
            .unwrap()
            .iter()
            .map(|wanted| (wanted.device, wanted.policy))
            .collect();
        assert_eq!(read_back, [("a", Some("p")), ("b", None), ("c", None)]);
        let none = SentDevice {
            policies: None,
            ..device("a", "o_o_b_e", None)
        };
        assert_eq!(paths(&[none]), ["devices[0].policies"]);
        assert_eq!(
            paths(&[device("a", "o_o_b_e", None), device("A", "o_o_b_e", None)]),
            ["devices[1].id"]
        );
        assert_eq!(paths(&[device("", "o_o_b_e", None)]), ["devices[0].id"]);
        assert_eq!(paths(&[]), ["devices"]);
        assert_eq!(paths(&vec![device("a", "o_o_b_e", None); 1001]), ["devices"]);
        let other = read(&[device("a", "none", None)]).err().unwrap().body();
        assert_eq!(other.reason.as_deref(), Some(words::NO_ENUM));
    }
}
