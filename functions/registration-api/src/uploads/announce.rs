//! Announces an upload: its file goes straight to the bucket, by URLs that are signed for it alone.

use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use muster_core::Timestamp;
use muster_core::id::{AnnouncementId, TenantId};
use muster_runtime::http::{Acting, Body, Code, FieldError, Problem, ProblemBody};
use muster_service::inbox::key_of;
use muster_store::announcements::{Announcement, CSV, PartsPlan};
use muster_store::idempotency::Seed;
use muster_store::presign::SignedRequest;

use super::options::Asked;
use super::{Kept, Target, path_of};
use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{AnnouncedUpload, FileSeen, Multipart, NewUpload, SignedPart, SignedPut, Upload, UploadStage};

/// The longest object that S3 takes in one request, and the longest part (Amazon S3 user guide, "Uploading objects").
const MAX_PUT: u64 = 5 << 30;

/// How many parts a file has at most: their URLs are one answer.
const MAX_PARTS: u64 = 1000;
const MAX_SIZE: u64 = MAX_PARTS * MAX_PUT;
const LEAST_PART: u64 = 16 << 20;
const MIB: u64 = 1 << 20;

/// How long a file is waited for.
const ONE_REQUEST_LASTS: Duration = Duration::from_secs(3600);
const PARTS_LAST: Duration = Duration::from_secs(12 * 3600);

/// Announce an upload
///
/// The answer holds a URL that takes exactly this file, once: the size is signed, and what is there is never overwritten. A
/// long file is sent in parts, and then completed. Nothing of the file goes through this API. A repeat under the same
/// idempotency key is given new URLs, as long as the file is waited for.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/uploads",
    operation_id = "createUpload",
    tag = "uploads",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = NewUpload,
    responses(
        (status = 201, body = AnnouncedUpload, headers(("Location" = String, description = "Where to ask for it"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_upload(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path(tenant): Path<TenantId>,
    headers: HeaderMap,
    Body(new): Body<NewUpload>,
) -> Result<Answer, Problem> {
    let path = format!("/v1/tenants/{tenant}/uploads");
    let target = Target::Tenant(tenant, new.channel);
    let run = async |seed: Seed| announce(&api, &acting, target, &new, seed).await;
    let kept = idempotent(&api, &acting, &headers, &path, &new, run).await?;
    answer_signed(&api, kept).await
}

/// The announcement that was recorded, with URLs that are signed for this answer.
pub(crate) async fn answer_signed(api: &Api, kept: Answer) -> Result<Answer, Problem> {
    let announcement = api.function.announcements.get(&Kept::of(&kept)?.id).await?;
    let announcement = announcement
        .ok_or_else(|| Problem::new(Code::Internal, "The service failed.").caused_by("an announcement is gone"))?;
    let answer = Answer::new(kept.status, kept.location, &signed(api, announcement).await?)?;
    Ok(Answer {
        replayed: kept.replayed,
        ..answer
    })
}

/// Records an announcement and signs what is to be sent; a repeat with the same seed finds it.
pub(crate) async fn announce(
    api: &Api,
    acting: &Acting,
    target: Target<'_>,
    new: &NewUpload,
    seed: Seed,
) -> Result<Answer, Problem> {
    let mut errors = Vec::new();
    let mut options = Asked {
        strict: new.strict,
        on_conflict: new.on_conflict,
        group_tag: new.group_tag.as_deref(),
        validate_only: new.validate_only,
        sha256: new.sha256.as_deref(),
    }
    .read(&mut errors);
    let name = name_of(&new.name).unwrap_or_else(|error| {
        errors.push(error);
        String::new()
    });
    errors.extend(check_size(new));
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let (tenant, channel) = (target.owner(), target.admit(api, acting).await?);
    options.intended_for = target.intended_for();
    let id = AnnouncementId::of_seed(seed.0);
    let now = api.guard.now();
    let in_parts = new.multipart == Some(true) || new.size > MAX_PUT;
    let lasts = if in_parts { PARTS_LAST } else { ONE_REQUEST_LASTS };
    let mut announcement = Announcement {
        key: key_of(channel, acting, tenant, &id, &name),
        id,
        tenant,
        registrant: acting.registrant(),
        channel,
        options,
        name,
        size: new.size,
        parts: None,
        created_at: now,
        expires_at: after(now, lasts),
        object: None,
        cancelled: None,
    };
    let announcement = match api.function.announcements.get(&announcement.id).await? {
        // By an earlier run of this request, which was not answered.
        Some(known) => known,
        None => {
            if in_parts {
                announcement.parts = Some(begin_parts(api, &announcement).await?);
            }
            record(api, announcement).await?
        }
    };
    let location = Some(path_of(tenant, &announcement.id));
    Answer::new(StatusCode::CREATED, location, &Kept { id: announcement.id })
}

async fn begin_parts(api: &Api, announcement: &Announcement) -> Result<PartsPlan, Problem> {
    let metadata = announcement.options.to_metadata();
    let upload_id = api
        .function
        .objects
        .begin_parts(&announcement.key, CSV, &metadata)
        .await?;
    let part_size = part_size(announcement.size);
    Ok(PartsPlan { upload_id, part_size })
}

/// Records it. Where another run of the same request was faster, its multipart upload counts, and ours goes.
async fn record(api: &Api, announcement: Announcement) -> Result<Announcement, Problem> {
    let stands = api.function.announcements.record(&announcement).await?;
    if let Some(ours) = announcement.parts.filter(|ours| stands.parts.as_ref() != Some(ours)) {
        api.function.objects.abort_parts(&stands.key, &ours.upload_id).await?;
    }
    Ok(stands)
}

/// What is told of an announcement: signed anew each time, for as long as its file is waited for.
async fn signed(api: &Api, announcement: Announcement) -> Result<AnnouncedUpload, Problem> {
    let (presigner, now) = (&api.function.presigner, api.guard.now());
    let file = match &announcement.object {
        Some(_) => FileSeen::Arrived,
        None => FileSeen::Not,
    };
    let mut told = AnnouncedUpload {
        id: announcement.id.clone(),
        state: Upload::announced(announcement.clone(), file, now).state,
        expires_at: announcement.expires_at,
        put: None,
        multipart: None,
    };
    let left = announcement.expires_at.duration_since(now);
    let left = Duration::try_from(left).unwrap_or_default();
    if left.as_secs() == 0 || told.state != UploadStage::Announced {
        return Ok(told);
    }
    let lasts = presigner.lasts(left, now).await?;
    told.expires_at = after(now, lasts);
    let Some(plan) = &announcement.parts else {
        let metadata = announcement.options.to_metadata();
        let put = presigner
            .put(&announcement.key, announcement.size, CSV, &metadata, lasts)
            .await?;
        let SignedRequest { method, url, headers } = put;
        told.put = Some(SignedPut { method, url, headers });
        return Ok(told);
    };
    let mut parts = Vec::new();
    for (part_number, size) in (1..).zip(plan.sizes(announcement.size)) {
        let SignedRequest { method, url, headers } = presigner
            .part(&announcement.key, &plan.upload_id, part_number, size, lasts)
            .await?;
        parts.push(SignedPart {
            part_number,
            size,
            method,
            url,
            headers,
        });
    }
    told.multipart = Some(Multipart {
        part_size: plan.part_size,
        parts,
    });
    Ok(told)
}

/// The time that is so much later.
pub(super) fn after(now: Timestamp, time: Duration) -> Timestamp {
    let time = SignedDuration::try_from(time).unwrap_or_default();
    now.checked_add(time).unwrap_or(now)
}

/// The file's name with its ending, fit for a key.
fn name_of(given: &str) -> Result<String, FieldError> {
    let wrong = |detail: &str| FieldError {
        path: "name".to_owned(),
        detail: detail.to_owned(),
    };
    let name = muster_runtime::http::text("name", Some(given), 120)?.ok_or_else(|| wrong("It is empty."))?;
    if name.contains('/') {
        return Err(wrong("It holds a slash. Give the file's name without its folder."));
    }
    let ending = name.len().checked_sub(4).and_then(|at| name.split_at_checked(at));
    match ending {
        Some((stem, ending)) if ending.eq_ignore_ascii_case(".csv") => match stem.is_empty() {
            true => Err(wrong("There is nothing before `.csv`.")),
            false => Ok(name),
        },
        _ => Ok(format!("{name}.csv")),
    }
}

fn check_size(new: &NewUpload) -> Option<FieldError> {
    let wrong = |path: &str, detail: String| {
        Some(FieldError {
            path: path.to_owned(),
            detail,
        })
    };
    match (new.size, new.multipart) {
        (0, _) => wrong("size", "An empty file holds no device.".to_owned()),
        (size, _) if size > MAX_SIZE => wrong("size", format!("A file has at most {MAX_SIZE} bytes.")),
        (size, Some(false)) if size > MAX_PUT => wrong(
            "multipart",
            format!("A file of more than {MAX_PUT} bytes can only be sent in parts. Leave `multipart` out."),
        ),
        _ => None,
    }
}

/// The parts of a file of this size: few enough, and each as long as S3 asks.
fn part_size(size: u64) -> u64 {
    size.div_ceil(MAX_PARTS).next_multiple_of(MIB).max(LEAST_PART)
}

/// The problem of an upload that is in another state than it must be.
pub(super) fn conflict(detail: &'static str, remedy: &'static str) -> Problem {
    Problem::new(Code::Conflict, detail).remedy(remedy)
}

#[cfg(test)]
mod tests {
    use muster_core::inbox::InboxKey;

    use super::*;

    #[test]
    fn a_name_becomes_one_that_a_key_can_have() {
        for (given, expected) in [
            ("list.csv", Some("list.csv")),
            ("März.CSV", Some("März.CSV")),
            (" list ", Some("list.csv")),
            ("a~b", Some("a~b.csv")),
            ("ü", Some("ü.csv")),
            (".csv", None),
            ("", None),
            ("a/b.csv", None),
            ("a\nb.csv", None),
        ] {
            let found = name_of(given);
            assert_eq!(found.as_deref().ok(), expected, "{given}");
            if let Ok(name) = found {
                let id = AnnouncementId::of_seed([0; 16]);
                let key = InboxKey::format("intune", None, "t", &format!("{id}~{name}"));
                let parsed = InboxKey::parse(&key).unwrap();
                assert_eq!(AnnouncementId::of_file(parsed.name), Some(id));
            }
        }
        assert!(name_of(&"x".repeat(121)).is_err());
    }

    #[test]
    fn parts_are_few_and_long_enough() {
        for size in [1, LEAST_PART, MAX_PUT + 1, 80 << 30, MAX_SIZE] {
            let part = part_size(size);
            assert!((LEAST_PART..=MAX_PUT).contains(&part), "{size}");
            assert!(size.div_ceil(part) <= MAX_PARTS, "{size}");
        }
    }
}
