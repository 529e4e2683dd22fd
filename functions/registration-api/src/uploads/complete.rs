//! Makes the file of an upload whose parts have arrived.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use muster_core::id::TenantId;
use muster_core::upload::ObjectVersion;
use muster_runtime::http::{Acting, Body, FieldError, Problem, ProblemBody};
use muster_store::announcements::{Announcement, PartsPlan};
use muster_store::objects::{ArrivedPart, PartsCompleted};

use super::announce::conflict;
use super::find::{Found, find, object_of, view};
use super::path_of;
use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{CompleteUpload, SentPart, Upload};

/// How many faults are told at once.
const MAX_ERRORS: usize = 100;

/// Complete an upload that was sent in parts
///
/// All parts must be there, each with the size that was announced. A repeat finds the upload and changes nothing.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/uploads/{upload}/complete",
    operation_id = "completeUpload",
    tag = "uploads",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("upload" = String, Path, description = "The id of the announcement"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = CompleteUpload,
    responses(
        (status = 202, body = Upload, headers(("Location" = String, description = "Where to ask for it"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn complete_upload(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, upload)): Path<(TenantId, String)>,
    headers: HeaderMap,
    Body(complete): Body<CompleteUpload>,
) -> Result<Answer, Problem> {
    let path = format!("{}/complete", path_of(tenant, &upload));
    let run = async |_| {
        let found = match find(&api, &acting, tenant, &upload).await? {
            Found::Announced(announced, None) => {
                let object = put_together(&api, &announced, complete.parts.as_deref()).await?;
                api.function.announcements.arrived(&announced.id, &object).await?;
                Found::Announced(announced, Some(object.into()))
            }
            // It was completed before.
            found => found,
        };
        let body = view(&api, found).await?;
        Answer::new(StatusCode::ACCEPTED, Some(path_of(tenant, &upload)), &body)
    };
    idempotent(&api, &acting, &headers, &path, &complete, run).await
}

async fn put_together(
    api: &Api,
    announced: &Announcement,
    named: Option<&[SentPart]>,
) -> Result<ObjectVersion, Problem> {
    let Some(plan) = &announced.parts else {
        return Err(conflict(
            "This upload is sent in one request, so there is nothing to complete.",
            "Send the file to the URL that the announcement was answered with.",
        ));
    };
    if announced.cancelled.is_some() {
        return Err(conflict("The upload was called off.", "Announce it again."));
    }
    let objects = &api.function.objects;
    let Some(arrived) = objects.arrived_parts(&announced.key, &plan.upload_id).await? else {
        return gone(api, announced).await;
    };
    let errors = faults(plan, announced.size, &arrived, named);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let completed = objects
        .complete_parts(&announced.key, &plan.upload_id, &arrived)
        .await?;
    match completed {
        PartsCompleted::Done(version) => Ok(ObjectVersion {
            bucket: objects.bucket().to_owned(),
            key: announced.key.clone(),
            version,
        }),
        PartsCompleted::Exists | PartsCompleted::Gone => gone(api, announced).await,
        PartsCompleted::Differ => Err(conflict(
            "Parts were sent again while the upload was completed.",
            "Complete it again.",
        )),
    }
}

/// The parts are gone: the object is there by now, or somebody removed them.
async fn gone(api: &Api, announced: &Announcement) -> Result<ObjectVersion, Problem> {
    object_of(api, announced).await?.ok_or_else(|| {
        conflict(
            "The parts were removed, since the upload was not completed in time.",
            "Announce it again.",
        )
    })
}

/// What is wrong with the parts that have arrived, held against what was announced and what the sender names.
fn faults(plan: &PartsPlan, size: u64, arrived: &[ArrivedPart], named: Option<&[SentPart]>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut wrong = |at: usize, detail: String| {
        errors.push(FieldError {
            path: format!("parts[{at}]"),
            detail,
        });
    };
    let find = |number: i32| arrived.iter().find(|part| part.number == number);
    let mut count = 0;
    for (number, wanted) in (1..).zip(plan.sizes(size)) {
        let at = count;
        count += 1;
        let Some(part) = find(number) else {
            wrong(
                at,
                format!("Part {number} has not arrived. Send it, then complete again."),
            );
            continue;
        };
        if part.size != wanted {
            let detail = format!(
                "Part {number} has {} bytes, and {wanted} were announced. Send it again.",
                part.size
            );
            wrong(at, detail);
        }
        if let Some(named) = named {
            let bare = |etag: &str| etag.trim_matches('"').to_owned();
            match named.get(at) {
                Some(sent) if sent.part_number == number && bare(&sent.etag) == bare(&part.etag) => {}
                Some(sent) if sent.part_number != number => {
                    wrong(at, format!("Part {number} is to stand here: name all parts, in order."));
                }
                Some(_) => wrong(
                    at,
                    format!("Part {number} arrived with another ETag. Send it again, or name that one."),
                ),
                None => wrong(at, format!("Part {number} is not named: name all parts, in order.")),
            }
        }
    }
    if let Some(named) = named.filter(|named| named.len() > count) {
        wrong(
            count,
            format!("There are {count} parts, and {} are named.", named.len()),
        );
    }
    if let Some(extra) = arrived
        .iter()
        .find(|part| usize::try_from(part.number).is_ok_and(|n| n > count))
    {
        wrong(
            count,
            format!("Part {} arrived, and {count} were announced.", extra.number),
        );
    }
    errors.truncate(MAX_ERRORS);
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrived(parts: &[(i32, u64)]) -> Vec<ArrivedPart> {
        parts
            .iter()
            .map(|(number, size)| ArrivedPart {
                number: *number,
                etag: format!("\"{number}\""),
                size: *size,
            })
            .collect()
    }

    fn sent(parts: &[(i32, &str)]) -> Vec<SentPart> {
        parts
            .iter()
            .map(|(part_number, etag)| SentPart {
                part_number: *part_number,
                etag: (*etag).to_owned(),
            })
            .collect()
    }

    #[test]
    fn parts_must_be_those_that_were_announced() {
        let plan = PartsPlan {
            upload_id: "x".to_owned(),
            part_size: 10,
        };
        let whole = arrived(&[(1, 10), (2, 5)]);
        for (arrived, named, places) in [
            (whole.clone(), None, vec![]),
            (whole.clone(), Some(sent(&[(1, "1"), (2, "\"2\"")])), vec![]),
            (whole.clone(), Some(sent(&[(1, "1")])), vec!["parts[1]"]),
            (
                whole.clone(),
                Some(sent(&[(2, "2"), (1, "1")])),
                vec!["parts[0]", "parts[1]"],
            ),
            (whole.clone(), Some(sent(&[(1, "1"), (2, "x")])), vec!["parts[1]"]),
            (
                whole.clone(),
                Some(sent(&[(1, "1"), (2, "2"), (3, "3")])),
                vec!["parts[2]"],
            ),
            (arrived(&[(1, 10)]), None, vec!["parts[1]"]),
            (arrived(&[(1, 10), (2, 6)]), None, vec!["parts[1]"]),
            (arrived(&[(1, 10), (2, 5), (3, 1)]), None, vec!["parts[2]"]),
            (arrived(&[]), None, vec!["parts[0]", "parts[1]"]),
        ] {
            let found = faults(&plan, 15, &arrived, named.as_deref());
            let found: Vec<&str> = found.iter().map(|error| error.path.as_str()).collect();
            assert_eq!(found, places, "{arrived:?} {named:?}");
        }
    }
}
