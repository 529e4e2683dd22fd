//! Device batches: made, added to, listed.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use muster_core::channel::Channel;
use muster_core::id::{AnnouncementId, PartnerId, TenantId};
use muster_core::inbox::{UploadOptions, percent_encode};
use muster_runtime::http::{Acting, Code, Cursor, Problem, text};
use muster_service::idempotent::Answer;
use muster_store::announcements::Announcement;
use muster_store::device_batches::{self, Appended, Ended, MAX_UPLOADS};
use muster_store::idempotency::Seed;
use muster_store::objects::MAX_IN_MEMORY;

use crate::body::AnyCase;
use crate::list::read;
use crate::model::{Attributes, Collection, DeviceBatch, Link, NewBatch, SentDevice, time};
use crate::progress::{self, Progress};
use crate::{Api, partner, tracking, words};

/// How many batches a page has at most.
const PAGE: usize = 100;
/// How many characters a batch's name has at most: it is a group tag.
const MAX_NAME: usize = 128;
/// What the list of a batch is called in the inbox.
const LIST: &str = "device-batch.csv";

/// Makes a batch, and hands its devices in.
pub(crate) async fn create(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
    headers: HeaderMap,
    AnyCase(new): AnyCase<NewBatch>,
) -> Result<Response, Problem> {
    let path = format!("POST /customers/{tenant}/deviceBatches");
    let run = async |seed: Seed| made(&api, &acting, tenant, &new, seed).await;
    let answer = api.repeats().once(&acting, &headers, &path, &new, run).await?;
    Ok(words::accepted(&answer.location.unwrap_or_default()))
}

async fn made(api: &Api, acting: &Acting, tenant: TenantId, new: &NewBatch, seed: Seed) -> Result<Answer, Problem> {
    let name = text("batchId", new.batch_id.as_deref(), MAX_NAME).map_err(|error| Problem::invalid(vec![error]))?;
    let name = name.ok_or_else(|| Problem::at("batchId", "A batch needs a name of its own, 1 to 128 characters."))?;
    if !is_segment(&name) {
        let detail =
            "It is to be a part of a path: without a slash, without % and two digits behind it, and not . or ..";
        return Err(Problem::at("batchId", detail));
    }
    let list = read(new.devices.as_deref().unwrap_or_default(), "devices", &name)?;
    let partner = partner(acting)?;
    api.rights()
        .may_register(acting, tenant, Some(Channel::PartnerCenter))
        .await?;
    let first = AnnouncementId::of_list(seed.0, &list);
    let batch = device_batches::DeviceBatch {
        id: name.clone(),
        tenant,
        partner: partner.clone(),
        created_at: api.guard.now(),
        first: first.clone(),
        uploads: Vec::new(),
        ended: Ended::default(),
    };
    // The name first: of two requests that take the same one, no device of the second is handed in.
    if api.function.device_batches.create(&batch).await?.first != first {
        return Err(Problem::new(Code::Conflict, "There is a batch of this name already.")
            .remedy("Take another name, or add the devices to that batch: POST …/deviceBatches/{batchId}/devices."));
    }
    hand_in(api, acting, (tenant, partner, &name), list, seed).await
}

/// Whether a name can be one part of a path, wherever that is decoded on its way.
fn is_segment(name: &str) -> bool {
    let is_escape = |bytes: &[u8]| matches!(bytes, [b'%', digits @ ..] if digits.iter().all(u8::is_ascii_hexdigit));
    ![".", ".."].contains(&name) && !name.contains('/') && !name.as_bytes().windows(3).any(is_escape)
}

/// Hands more devices in for a batch.
pub(crate) async fn append(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
    Path((_, batch)): Path<(String, String)>,
    headers: HeaderMap,
    AnyCase(devices): AnyCase<Vec<SentDevice>>,
) -> Result<Response, Problem> {
    let path = format!(
        "POST /customers/{tenant}/deviceBatches/{}/devices",
        percent_encode(&batch)
    );
    let run = async |seed: Seed| appended(&api, &acting, tenant, &batch, &devices, seed).await;
    let answer = api.repeats().once(&acting, &headers, &path, &devices, run).await?;
    Ok(words::accepted(&answer.location.unwrap_or_default()))
}

async fn appended(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    batch: &str,
    devices: &[SentDevice],
    seed: Seed,
) -> Result<Answer, Problem> {
    let list = read(devices, "", batch)?;
    api.rights()
        .may_register(acting, tenant, Some(Channel::PartnerCenter))
        .await?;
    let partner = partner(acting)?;
    let known = known(api, tenant, partner, batch).await?;
    if known.uploads.len() >= MAX_UPLOADS {
        return Err(full());
    }
    hand_in(api, acting, (tenant, partner, batch), list, seed).await
}

/// The partner's batch of this name.
pub(crate) async fn known(
    api: &Api,
    tenant: TenantId,
    partner: &PartnerId,
    name: &str,
) -> Result<device_batches::DeviceBatch, Problem> {
    let found = api.function.device_batches.get(tenant, partner, name).await?;
    found.ok_or_else(Problem::not_found)
}

/// Whether it is a list that was handed in here: partners announce other uploads too, which are no jobs, however they call
/// them. What is still to be uploaded has time for it; a list that is handed in has none.
pub(crate) fn is_list(announced: &Announcement) -> bool {
    announced.expires_at == announced.created_at
        && announced.channel == Channel::PartnerCenter
        && announced.name == LIST
        && announced.parts.is_none()
        && !announced.options.validate_only
        && announced.size <= MAX_IN_MEMORY
}

fn full() -> Problem {
    Problem::new(
        Code::Conflict,
        format!("The batch has {MAX_UPLOADS} lists, which is the most."),
    )
    .remedy("Make another batch.")
}

/// Puts the list into the inbox, and notes that it is of this batch.
async fn hand_in(
    api: &Api,
    acting: &Acting,
    (tenant, partner, batch): (TenantId, &PartnerId, &str),
    list: Vec<u8>,
    seed: Seed,
) -> Result<Answer, Problem> {
    let options = UploadOptions {
        group_tag: Some(batch.to_owned()),
        ..UploadOptions::default()
    };
    let place = (Channel::PartnerCenter, LIST);
    let id = api.inbox().hand_in(acting, tenant, place, list, options, seed).await?;
    let failed = |why: &str| Problem::new(Code::Internal, "The service failed.").caused_by(why);
    let announced = api.function.announcements.get(&id).await?;
    let object = announced.and_then(|announced| announced.object);
    let object = object.ok_or_else(|| failed("a list that was handed in has no object"))?;
    let batches = &api.function.device_batches;
    match batches.append(tenant, partner, batch, &object.upload_id()).await? {
        // The list is handed in in any case; that the batch is full was to be known before.
        Appended::Done | Appended::Full => {}
        Appended::Absent => return Err(failed("a device batch is gone")),
    }
    let job = tracking::of_list(&id).ok_or_else(|| failed("an announcement's id is none"))?;
    Answer::new(StatusCode::ACCEPTED, Some(tracking::location(tenant, job)), &())
}

/// Lists the partner's batches for a tenant, by name.
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let partner = partner(&acting)?;
    let cursor = Cursor::of(&["device batches", &tenant.to_string(), partner.as_str()]);
    let after = cursor
        .read(words::continuation(&headers)?)
        .map_err(|_| words::no_continuation())?;
    api.rights().may_see(&acting, tenant).await?;
    let by = api.function.partners.get(partner).await?;
    let by = by.map_or_else(|| partner.to_string(), |known| known.name);
    let batches = &api.function.device_batches;
    let mut page = batches.list(tenant, partner, after.as_deref(), PAGE).await?;
    let progress = progress::of_page(&api, &mut page).await?;
    let told = page.batches.into_iter().zip(&progress);
    let told: Vec<DeviceBatch> = told.map(|(batch, progress)| told_of(batch, progress, &by)).collect();
    Ok(Json(Collection::of(told, page.next.map(|mark| cursor.write(&mark)))).into_response())
}

fn told_of(batch: device_batches::DeviceBatch, progress: &Progress, by: &str) -> DeviceBatch {
    let uri = format!(
        "/customers/{}/deviceBatches/{}/devices",
        batch.tenant,
        percent_encode(&batch.id)
    );
    DeviceBatch {
        created_by: by.to_owned(),
        creation_date: time(batch.created_at),
        status: progress.status,
        devices_count: progress.devices,
        devices_link: Link {
            uri,
            method: "GET",
            headers: Vec::new(),
        },
        attributes: Attributes::of("DeviceBatch"),
        id: batch.id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_a_path() {
        for name in ["a", "50% off", "No. #1?", "a\\b", "...", "100%", "%2", "%zz"] {
            assert!(is_segment(name), "{name}");
        }
        for name in [".", "..", "a/b", "/", "a%2Fb", "100%20"] {
            assert!(!is_segment(name), "{name}");
        }
    }
}
