//! Devices that come as JSON: stored as a list in the inbox, so that each device has its source, and then worked on like
//! any other upload.

use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use muster_core::channel::Channel;
use muster_core::id::{AnnouncementId, TenantId};
use muster_core::inbox::UploadOptions;
use muster_runtime::http::{Acting, Body, FieldError, Problem, ProblemBody, Query};
use muster_service::inbox::Inbox;
use muster_service::list::{DeviceRow, list_of};
use muster_store::idempotency::Seed;

use super::find::{WaitQuery, view_at_end};
use super::options::Asked;
use super::{Kept, Target, path_of};
use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{NewDevices, Upload};

/// How many devices a request has at most, whatever the channel.
const MAX_DEVICES: usize = 1000;

/// What the list is called.
const NAME: &str = "devices.csv";

/// Register devices
///
/// Up to as many as the channel takes at once. Row 1 of every answer is the first device. With `wait`, the answer comes when
/// the devices are registered, or when the time is up.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/devices",
    operation_id = "registerDevices",
    tag = "uploads",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        WaitQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = NewDevices,
    responses(
        (status = 202, body = Upload, headers(("Location" = String, description = "Where to ask for it"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn register_devices(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path(tenant): Path<TenantId>,
    Query(wait): Query<WaitQuery>,
    headers: HeaderMap,
    Body(new): Body<NewDevices>,
) -> Result<Answer, Problem> {
    let time = wait.time()?;
    let path = format!("/v1/tenants/{tenant}/devices");
    let target = Target::Tenant(tenant, new.channel);
    let run = async |seed: Seed| take(&api, &acting, target, &new, seed).await;
    let taken = idempotent(&api, &acting, &headers, &path, &new, run).await?;
    answer_at_end(&api, &acting, tenant, taken, time).await
}

/// How the upload stands that was taken, at its end or when the time is up.
pub(crate) async fn answer_at_end(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    taken: Answer,
    time: Duration,
) -> Result<Answer, Problem> {
    let Kept { id } = Kept::of(&taken)?;
    let upload = view_at_end(api, acting, tenant, id.as_str(), time).await?;
    let answer = Answer::new(taken.status, taken.location, &upload)?;
    Ok(Answer {
        replayed: taken.replayed,
        ..answer
    })
}

/// Stores devices as a list in the inbox; a repeat with the same seed finds it.
pub(crate) async fn take(
    api: &Api,
    acting: &Acting,
    target: Target<'_>,
    new: &NewDevices,
    seed: Seed,
) -> Result<Answer, Problem> {
    let mut errors = Vec::new();
    let mut options = Asked {
        strict: new.strict,
        on_conflict: new.on_conflict,
        group_tag: new.group_tag.as_deref(),
        validate_only: new.validate_only,
        sha256: None,
    }
    .read(&mut errors);
    errors.extend(check_count(new.devices.len(), None));
    let rows: Vec<DeviceRow> = new.devices.iter().map(DeviceRow::from).collect();
    let list = match list_of(&rows) {
        Ok(list) => list,
        Err(wrong) => {
            errors.extend(wrong);
            Vec::new()
        }
    };
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let (tenant, channel) = (target.owner(), target.admit(api, acting).await?);
    options.intended_for = target.intended_for();
    if let Some(error) = check_count(new.devices.len(), Some(channel)) {
        return Err(Problem::invalid(vec![error]));
    }
    let id = hand_in(api, acting, tenant, (channel, NAME), list, options, seed).await?;
    let location = Some(path_of(tenant, &id));
    Answer::new(StatusCode::ACCEPTED, location, &Kept { id })
}

/// Puts a list that this function wrote into the inbox of a channel, under this name; the id to ask for it by.
pub(crate) async fn hand_in(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    (channel, name): (Channel, &str),
    list: Vec<u8>,
    options: UploadOptions,
    seed: Seed,
) -> Result<AnnouncementId, Problem> {
    let inbox = Inbox {
        objects: &api.function.objects,
        announcements: &api.function.announcements,
        now: api.guard.now(),
    };
    inbox
        .hand_in(acting, tenant, (channel, name), list, options, seed)
        .await
}

/// What is wrong with so many devices.
fn check_count(count: usize, channel: Option<Channel>) -> Option<FieldError> {
    let most = channel
        .and_then(|channel| usize::try_from(channel.policy().max_devices).ok())
        .map_or(MAX_DEVICES, |most| most.min(MAX_DEVICES));
    let detail = match (count, channel) {
        (0, _) => "The list is empty.".to_owned(),
        (count, _) if count <= most => return None,
        (_, Some(channel)) => format!("There are {count} devices, and {channel} takes {most} at once. Upload a file."),
        (_, None) => format!("There are {count} devices, and {most} are taken at once. Upload a file."),
    };
    Some(FieldError {
        path: "devices".to_owned(),
        detail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_as_long_as_its_channel_takes() {
        for (count, channel, fits) in [
            (0, None, false),
            (1, None, true),
            (1000, None, true),
            (1001, None, false),
            (500, Some(Channel::Intune), true),
            (501, Some(Channel::Intune), false),
            (1000, Some(Channel::PartnerCenter), true),
        ] {
            assert_eq!(check_count(count, channel).is_none(), fits, "{count} {channel:?}");
        }
    }
}
