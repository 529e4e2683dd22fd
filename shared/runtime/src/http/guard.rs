//! The door of the HTTP APIs: who is calling, and whether the table of routes lets it pass.

use std::str::FromStr;

use axum::extract::{FromRequestParts as _, MatchedPath, RawPathParams, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use muster_core::access::{Caller, Party, Pass, Refusal, Route, route_of};
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::Registrant;
use muster_store::{Grants, Tenants};

use super::Clock;
use super::problem::{Code, Problem};
use crate::auth::{AuthError, Verifier};

/// In whose name a request is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acting {
    /// The tenant that the path names acts itself, or nobody in particular does.
    Tenant(Caller),
    /// A partner acts.
    Partner(Caller, PartnerId),
    /// The service's administrator acts.
    Service(Caller),
}

impl Acting {
    /// Who is calling.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        match self {
            Self::Tenant(caller) | Self::Partner(caller, _) | Self::Service(caller) => caller,
        }
    }

    /// The partner that acts.
    #[must_use]
    pub const fn partner(&self) -> Option<&PartnerId> {
        match self {
            Self::Partner(_, partner) => Some(partner),
            _ => None,
        }
    }

    /// Whose grant the act needs.
    #[must_use]
    pub fn registrant(&self) -> Registrant {
        Registrant::from(self.partner().cloned())
    }
}

/// What the door needs.
#[derive(Clone)]
pub struct Guard {
    verifier: Verifier,
    grants: Grants,
    clock: Clock,
    names: Option<Tenants>,
}

impl Guard {
    /// A door that believes this verifier, and sees by these grants which tenants a partner has to do with.
    #[must_use]
    pub const fn new(verifier: Verifier, grants: Grants, clock: Clock) -> Self {
        Self {
            verifier,
            grants,
            clock,
            names: None,
        }
    }

    /// The same door, for paths that may also name a tenant by its name. Handlers find the tenant that the path names among
    /// the request's extensions, as [`TenantId`].
    #[must_use]
    pub fn naming(self, tenants: Tenants) -> Self {
        Self {
            names: Some(tenants),
            ..self
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        (self.clock)()
    }

    /// Stands around routes of the table of routes (`axum::Router::route_layer` with
    /// `axum::middleware::from_fn_with_state`): lets a request pass with its [`Acting`] in its extensions, or answers it.
    pub async fn stand(State(guard): State<Self>, request: Request, next: Next) -> Response {
        match guard.admit(request).await {
            Ok((request, acting)) => {
                let mut response = next.run(request).await;
                // For the layers outside: who was let in.
                response.extensions_mut().insert(acting);
                response
            }
            Err(response) => *response,
        }
    }

    async fn admit(&self, request: Request) -> Result<(Request, Acting), Box<Response>> {
        let refuse = |problem: Problem| Box::new(problem.into_response());
        let matched = request
            .extensions()
            .get::<MatchedPath>()
            .map(|path| path.as_str().to_owned());
        // Routers answer HEAD as GET, without the body.
        let method = match request.method() {
            &Method::HEAD => Method::GET.as_str(),
            method => method.as_str(),
        };
        let Some(route) = matched.and_then(|path| route_of(method, &path)) else {
            return Err(refuse(Problem::not_found()));
        };
        let caller = self
            .verifier
            .caller(request.headers(), self.now())
            .await
            .map_err(|error| Box::new(unauthenticated(error)))?;
        let (mut parts, body) = request.into_parts();
        let Ok(params) = RawPathParams::from_request_parts(&mut parts, &()).await else {
            return Err(refuse(Problem::not_found()));
        };
        let tenant = self.tenant(&params).await.map_err(refuse)?;
        let partner = named::<PartnerId>(&params, "partner");
        let acting = match caller.pass(
            route,
            tenant.ok().flatten(),
            partner.as_ref().ok().and_then(Option::as_ref),
        ) {
            Err(Refusal::Forbidden) => return Err(refuse(forbidden(route.roles))),
            // What is no id names nothing that exists.
            _ if tenant.is_err() || partner.is_err() => return Err(refuse(Problem::not_found())),
            Err(Refusal::Hidden) => return Err(refuse(Problem::not_found())),
            Ok(pass) => self
                .acting(caller, route, pass, tenant.ok().flatten())
                .await
                .map_err(refuse)?,
        };
        if let Ok(Some(tenant)) = tenant {
            parts.extensions.insert(tenant);
        }
        parts.extensions.insert(acting.clone());
        Ok((Request::from_parts(parts, body), acting))
    }

    /// The tenant that the path names; inside, `Err` where there is none of this name.
    async fn tenant(&self, params: &RawPathParams) -> Result<Result<Option<TenantId>, ()>, Problem> {
        let id = named::<TenantId>(params, "tenant");
        let (Err(()), Some(tenants)) = (id, &self.names) else {
            return Ok(id);
        };
        let name = params.iter().find(|(name, _)| *name == "tenant").map(|(_, name)| name);
        let known = match name {
            Some(name) => tenants.by_name(name).await?,
            None => None,
        };
        Ok(known.map(|tenant| Some(tenant.id)).ok_or(()))
    }

    async fn acting(
        &self,
        caller: Caller,
        route: &Route,
        pass: Pass,
        tenant: Option<TenantId>,
    ) -> Result<Acting, Problem> {
        match (pass, tenant) {
            (Pass::IfRelated(partner), Some(tenant)) => {
                self.hold_against_kind(&caller, route, &partner).await?;
                if !self.grants.is_related(tenant, &partner).await? {
                    return Err(Problem::not_found());
                }
                Ok(Acting::Partner(caller, partner))
            }
            (Pass::IfRelated(_), None) => Err(Problem::not_found()),
            (Pass::Direct, _) => {
                let through = |party: Party| {
                    let mut roles = route.roles.iter().filter(|role| role.party() == party);
                    roles.any(|role| caller.roles.contains(role))
                };
                // In the order in which `Caller::pass` tries them.
                if through(Party::Service) {
                    return Ok(Acting::Service(caller));
                }
                let own = tenant.is_none() || caller.tenant == tenant;
                match caller.partner.clone() {
                    _ if through(Party::Tenant) && own => Ok(Acting::Tenant(caller)),
                    Some(partner) => {
                        self.hold_against_kind(&caller, route, &partner).await?;
                        Ok(Acting::Partner(caller, partner))
                    }
                    None => Ok(Acting::Tenant(caller)),
                }
            }
        }
    }

    /// A partner's own administrators may give out its roles: those that its kind cannot have are none.
    async fn hold_against_kind(&self, caller: &Caller, route: &Route, partner: &PartnerId) -> Result<(), Problem> {
        let Some(kind) = self.grants.partner_kind(partner).await? else {
            return Ok(());
        };
        let mut roles = route.roles.iter().filter(|role| role.party() == Party::Partner);
        match roles.any(|role| caller.roles.contains(role) && role.is_of(kind)) {
            true => Ok(()),
            false => Err(forbidden(route.roles)),
        }
    }
}

/// The parameter of this name; `Err` where it is there and cannot be one.
fn named<T: FromStr>(params: &RawPathParams, name: &str) -> Result<Option<T>, ()> {
    match params.iter().find(|(found, _)| *found == name) {
        None => Ok(None),
        Some((_, text)) => text.parse().map(Some).map_err(|_| ()),
    }
}

fn forbidden(roles: &[muster_core::access::Role]) -> Problem {
    let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    Problem::new(
        Code::Forbidden,
        format!("This needs one of the roles {}.", names.join(", ")),
    )
}

/// RFC 6750, section 3.
fn unauthenticated(error: AuthError) -> Response {
    let (problem, challenge) = match error {
        AuthError::Missing => (
            Problem::new(
                Code::Unauthenticated,
                "The request has no header `authorization: Bearer …`.",
            ),
            "Bearer realm=\"muster\"".to_owned(),
        ),
        AuthError::Invalid(why) => (
            Problem::new(Code::Unauthenticated, format!("The token is not good: {why}.")),
            format!("Bearer realm=\"muster\", error=\"invalid_token\", error_description=\"{why}\""),
        ),
        AuthError::Unavailable(why) => {
            let detail = "The keys of the token's issuer cannot be had at the moment.";
            return Problem::new(Code::Unavailable, detail).caused_by(why).into_response();
        }
    };
    let mut response = problem.into_response();
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
