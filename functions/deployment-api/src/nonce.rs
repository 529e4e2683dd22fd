//! Nonces: each look-up needs one.

use axum::Json;
use axum::extract::State;
use muster_runtime::http::{Body, Problem, ProblemBody};

use crate::Api;
use crate::model::{Nonce, Nothing};

/// Get a nonce
///
/// Good for one look-up, within five minutes.
#[utoipa::path(
    post,
    path = "/v1/deployment/nonce",
    operation_id = "getDeploymentNonce",
    tag = "deployment",
    request_body = Nothing,
    responses(
        (status = 200, body = Nonce, description = "A nonce that nobody else has"),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn give_nonce(
    State(api): State<Api>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Nonce>, Problem> {
    let new_id = &api.function.new_id;
    // Six bits of each id are the same in all of them; of two, every bit is random in one.
    let random = new_id().as_u128() ^ new_id().as_u128().rotate_left(32);
    let given = api.function.nonces.give(random, (api.clock)()).await?;
    Ok(Json(Nonce {
        nonce: given.text,
        expires_at: given.expires_at,
    }))
}
