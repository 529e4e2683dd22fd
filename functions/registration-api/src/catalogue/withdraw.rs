//! What a manufacturer takes back.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use muster_core::catalogue::EntryId;
use muster_core::grant::{GrantPin, Verb};
use muster_core::id::PartnerId;
use muster_runtime::http::{Acting, Body, Problem, ProblemBody};
use muster_store::catalogue::{Withdrawal, Withdrawn};
use muster_store::idempotency::Seed;

use super::rights::permit;
use crate::Api;
use crate::devices::named_once;
use crate::idempotent::{Answer, idempotent};
use crate::model::{Refusal, WithdrawEntries, WithdrawalName, WithdrawalOutcome, WithdrawalOutcomes};
use crate::rights::reason;

/// How many are withdrawn at once.
const AT_ONCE: usize = 8;

/// Withdraw entries of a catalogue
///
/// Up to 1,000, each by itself. An entry whose device somebody has registered stays. What is withdrawn already is answered
/// the same way.
#[utoipa::path(
    post,
    path = "/v1/partners/{partner}/catalogue/withdraw",
    operation_id = "withdrawCatalogueEntries",
    tag = "catalogue",
    params(
        ("partner" = String, Path, description = "The manufacturer's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = WithdrawEntries,
    responses(
        (status = 200, body = WithdrawalOutcomes),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn withdraw_catalogue_entries(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path(partner): Path<PartnerId>,
    headers: HeaderMap,
    Body(request): Body<WithdrawEntries>,
) -> Result<Answer, Problem> {
    let path = format!("/v1/partners/{partner}/catalogue/withdraw");
    let run = async |_: Seed| Answer::ok(&all(&api, &partner, &request.ids).await?);
    idempotent(&api, &acting, &headers, &path, &request, run).await
}

async fn all(api: &Api, partner: &PartnerId, ids: &[EntryId]) -> Result<WithdrawalOutcomes, Problem> {
    named_once("ids", ids, |at| format!("ids[{at}]"))?;
    let pin = permit(api, partner, Verb::Release).await?;
    let entries = stream::iter(ids.to_vec())
        .map(|id| one(api, partner, &pin, id))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(WithdrawalOutcomes { entries })
}

async fn one(api: &Api, partner: &PartnerId, pin: &GrantPin, id: EntryId) -> Result<WithdrawalOutcome, Problem> {
    let now = api.guard.now();
    let by = Withdrawal { pin, partner, now };
    let came = match api.function.catalogue.withdraw(id, &by).await {
        Ok(came) => came,
        // What became of the others shall not be lost for this one.
        Err(error) if error.is_transient() => {
            return Ok(told(id, WithdrawalName::Refused, Some(Refusal::unavailable())));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(match came {
        Withdrawn::Done(_) => told(id, WithdrawalName::Withdrawn, None),
        Withdrawn::Absent => told(id, WithdrawalName::NotFound, None),
        Withdrawn::Owned => told(id, WithdrawalName::Refused, Some(Refusal::owned())),
        Withdrawn::Refused => {
            let denial = api.function.grants.denial(pin, now).await?;
            told(id, WithdrawalName::Refused, Some(reason(denial).into()))
        }
    })
}

const fn told(id: EntryId, outcome: WithdrawalName, reason: Option<Refusal>) -> WithdrawalOutcome {
    WithdrawalOutcome { id, outcome, reason }
}
