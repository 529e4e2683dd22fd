//! Throttling at the documented rates, where it is switched on.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use journeys::api::{NOBODY, outside};
use muster_local::issuer::{DevIssuer, TokenRequest};
use muster_local::serve::{Outside, Throttling, apis};
use muster_runtime::http::around;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::*;

fn router(world: &World, issuer: &DevIssuer, throttling: Throttling) -> Router {
    let outside = Outside {
        throttling,
        ..outside(NOBODY)
    };
    let (router, _) = apis(&world.embedded, issuer.verifier(), &outside);
    around(router, Arc::new(|| Uuid::from_u128(7)))
}

/// Sends a body, and gives the status and the body of the answer.
async fn post(router: &Router, token: &str, path: &str, body: &Value) -> Result<(StatusCode, Value)> {
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    let answer = router
        .clone()
        .oneshot(request.body(Body::from(serde_json::to_vec(body)?))?)
        .await?;
    let status = answer.status();
    let bytes = answer.into_body().collect().await?.to_bytes();
    Ok((status, serde_json::from_slice(&bytes)?))
}

async fn ask(router: &Router, token: &str, method: &str) -> Result<(StatusCode, Option<u64>)> {
    let path = format!("/beta/{IMPORTS}/3c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21");
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"));
    let answer = router.clone().oneshot(request.body(Body::empty())?).await?;
    let after = answer
        .headers()
        .get("retry-after")
        .map(|value| value.to_str().map(str::parse));
    Ok((answer.status(), after.transpose()?.transpose()?))
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_beyond_the_documented_rate_are_turned_away() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let issuer = DevIssuer::in_memory()?;
    let token = |subject: &str| {
        issuer.token(
            &TokenRequest {
                subject: subject.to_owned(),
                tenant: Some(tenant),
                partner: None,
                roles: [Role::DeviceAdministrator].into(),
                lifetime: jiff::SignedDuration::from_hours(1),
            },
            world.now(),
        )
    };
    let (one, two, three) = (token("one")?, token("two")?, token("three")?);
    let api = router(&world, &issuer, Throttling::Documented);
    world.wait(5);
    // What is turned away counts for the tenant, too.
    for (caller, answered) in [(&one, 100), (&two, 99)] {
        for n in 0..answered {
            assert_eq!(ask(&api, caller, "DELETE").await?.0, StatusCode::NOT_FOUND, "{n}");
        }
        assert_eq!(
            ask(&api, caller, "DELETE").await?,
            (StatusCode::TOO_MANY_REQUESTS, Some(15))
        );
        assert_eq!(
            ask(&api, caller, "GET").await?.0,
            StatusCode::NOT_FOUND,
            "reading goes on"
        );
    }
    // A batch is let through, and each request inside has its own answer.
    let path = format!("/{IMPORTS}/3c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21");
    let batch = json!({"requests": [
        {"id": "delete", "method": "DELETE", "url": path},
        {"id": "get", "method": "GET", "url": path},
    ]});
    for _ in 0..3 {
        let (status, told) = post(&api, &one, "/beta/$batch", &batch).await?;
        assert_eq!(status, StatusCode::OK, "{told}");
        let responses = &told["responses"];
        assert_eq!(
            (&responses[0]["status"], &responses[1]["status"]),
            (&json!(429), &json!(404))
        );
        assert_eq!(responses[0]["headers"]["Retry-After"], "15", "{told}");
        let mut sample = expected(sample!("error-429.json"));
        for id in ["request-id", "client-request-id"] {
            align(&mut sample, &responses[0]["body"], &format!("/error/innerError/{id}"));
        }
        sample["error"]["innerError"]["date"] = json!("2026-01-01T00:00:05");
        assert_eq!(responses[0]["body"], sample);
    }
    let gone = json!({"requests": [{"id": "1", "method": "DELETE", "url": path}]});
    // 200 of the tenant's are spent, whoever asks.
    assert_eq!(
        ask(&api, &three, "DELETE").await?,
        (StatusCode::TOO_MANY_REQUESTS, Some(15))
    );
    // Batches themselves are none of the changes: they leave all of them for what is inside.
    world.wait(15);
    for n in 0..100 {
        let (status, told) = post(&api, &three, "/beta/$batch", &gone).await?;
        assert_eq!(
            (status, &told["responses"][0]["status"]),
            (StatusCode::OK, &json!(404)),
            "{n}"
        );
    }
    assert_eq!(
        ask(&api, &three, "DELETE").await?,
        (StatusCode::TOO_MANY_REQUESTS, Some(20))
    );
    world.wait(20);
    assert_eq!(ask(&api, &three, "DELETE").await?.0, StatusCode::NOT_FOUND);
    let off = router(&world, &issuer, Throttling::Off);
    for _ in 0..150 {
        assert_eq!(ask(&off, &one, "DELETE").await?.0, StatusCode::NOT_FOUND);
    }
    Ok(())
}
