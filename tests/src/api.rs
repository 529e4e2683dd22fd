//! The HTTP functions over a world, and whoever calls them.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use muster_core::access::Role;
use muster_core::id::{PartnerId, TenantId};
use muster_local::flow::Embedded;
use muster_local::issuer::{DevIssuer, TokenRequest};
use muster_local::serve::{Outside, Throttling, apis};
use muster_runtime::auth::Verifier;
use muster_runtime::http::{Acting, Peer, around};
use serde_json::Value;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::world::{Result, World};

/// Where links of these functions lead.
pub const PUBLIC_URL: &str = "https://muster.example";

/// A bucket where nobody listens: whoever follows signed URLs starts a server.
pub const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

/// What is around the functions: this bucket, and ids that differ.
#[must_use]
pub fn outside(s3: SocketAddr) -> Outside {
    let made = AtomicU64::new(0);
    Outside {
        s3_url: format!("http://{s3}"),
        public_url: PUBLIC_URL.to_owned(),
        new_id: Arc::new(move || Uuid::from_u64_pair(1, made.fetch_add(1, Ordering::Relaxed))),
        throttling: Throttling::Off,
    }
}

/// The HTTP functions over the state of a world.
pub struct Api {
    router: Router,
    issuer: DevIssuer,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; null where it is no JSON.
    pub body: Value,
    /// Its body as it came.
    pub bytes: Bytes,
    /// In whose name the door let the request in; none where it did not.
    pub acting: Option<Acting>,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// An administrator or another user of a tenant.
    OfTenant(TenantId, Role),
    /// Somebody who acts for a partner.
    OfPartner(PartnerId, Role),
    /// Who runs the service.
    Service,
}

impl Api {
    /// The functions over this world.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn over(world: &World) -> Result<Self> {
        Self::with_bucket_at(world, NOBODY)
    }

    /// The functions over this world, whose bucket clients reach at this address.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn with_bucket_at(world: &World, s3: SocketAddr) -> Result<Self> {
        Self::over_state(&world.embedded, s3)
    }

    /// The functions over a world's state, as one process sees it.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn over_state(embedded: &Embedded, s3: SocketAddr) -> Result<Self> {
        let issuer = DevIssuer::in_memory()?;
        let verifier = issuer.verifier();
        Ok(Self::of(embedded, issuer, verifier, &outside(s3)))
    }

    /// The functions over this world, which believe this verifier, and whose tokens this issuer gives out.
    #[must_use]
    pub fn with(world: &World, issuer: DevIssuer, verifier: Verifier) -> Self {
        Self::of(&world.embedded, issuer, verifier, &outside(NOBODY))
    }

    fn of(embedded: &Embedded, issuer: DevIssuer, verifier: Verifier, outside: &Outside) -> Self {
        let (router, _) = apis(embedded, verifier, outside);
        let router = around(router, Arc::new(|| Uuid::from_u128(1)));
        Self { router, issuer }
    }

    /// A token for somebody, good for an hour.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, who: &Who, world: &World) -> Result<String> {
        let (tenant, partner, role) = match who {
            Who::OfTenant(tenant, role) => (Some(*tenant), None, *role),
            Who::OfPartner(partner, role) => (None, Some(partner.clone()), *role),
            Who::Service => (None, None, Role::ServiceAdministrator),
        };
        let request = TokenRequest {
            subject: format!("test {role}"),
            tenant,
            partner,
            roles: BTreeSet::from([role]),
            lifetime: SignedDuration::from_hours(1),
        };
        Ok(self.issuer.token(&request, world.now())?)
    }

    /// Asks as somebody: `what` is a method and a path, `headers` are further ones, `body` is JSON where it is not null.
    ///
    /// # Errors
    /// When there is no answer at all.
    pub async fn ask(
        &self,
        who: &Who,
        world: &World,
        what: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Answer> {
        let token = self.token(who, world)?;
        let token = format!("Bearer {token}");
        let mut all = vec![("authorization", token.as_str())];
        all.extend(headers);
        let body = match body {
            Value::Null => Vec::new(),
            body => {
                all.push(("content-type", "application/json"));
                serde_json::to_vec(body)?
            }
        };
        self.send(what, &all, body).await
    }

    /// Sends a request as it is.
    ///
    /// # Errors
    /// When there is no answer at all.
    pub async fn send(&self, what: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer> {
        self.send_from(None, what, headers, body).await
    }

    /// The same over a connection from this address.
    ///
    /// # Errors
    /// When there is no answer at all.
    pub async fn send_from(
        &self,
        peer: Option<IpAddr>,
        what: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer> {
        let (method, path) = what.split_once(' ').ok_or("a method and a path")?;
        let mut request = Request::builder().method(method).uri(path);
        if let Some(address) = peer {
            request = request.extension(Peer(address));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, body) = self
            .router
            .clone()
            .oneshot(request.body(Body::from(body))?)
            .await?
            .into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer {
            status: parts.status,
            acting: parts.extensions.get().cloned(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
            bytes: body,
        })
    }
}
