//! Where a request comes from, for what is kept of it.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use lambda_http::request::RequestContext;
use muster_core::access::Party;
use muster_core::grant::Actor;

use super::guard::Acting;

/// The other end of a connection. A server that takes connections itself puts it into its requests' extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Where a request comes from, as far as that is known. What a client says of itself in a header such as
/// `x-forwarded-for` is not believed: API Gateway tells the address that it saw, and a server the one that it is
/// connected with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    address: Option<String>,
    user_agent: Option<String>,
}

impl Source {
    /// The address, where it is known.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }
}

impl<S: Sync> FromRequestParts<S> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let address = match parts.extensions.get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
            _ => parts.extensions.get::<Peer>().map(|peer| peer.0.to_string()),
        };
        let user_agent = parts.headers.get(header::USER_AGENT);
        Ok(Self {
            address,
            user_agent: user_agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned()),
        })
    }
}

impl Acting {
    /// Who acts, as it is kept: with where the request came from.
    #[must_use]
    pub fn actor(&self, source: &Source) -> Actor {
        let party = match self {
            Self::Tenant(_) => Party::Tenant,
            Self::Partner(..) => Party::Partner,
            Self::Service(_) => Party::Service,
        };
        Actor::of(self.caller(), party).from_there(source.address.as_deref(), source.user_agent.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn source(request: Request<()>) -> Source {
        let (mut parts, ()) = request.into_parts();
        Source::from_request_parts(&mut parts, &()).await.unwrap_or_default()
    }

    fn gateway(ip: &str) -> RequestContext {
        let context = serde_json::json!({
            "accountId": "1", "apiId": "a", "stage": "$default", "requestId": "r", "timeEpoch": 0,
            "http": { "method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": ip, "userAgent": "x" }
        });
        RequestContext::ApiGatewayV2(serde_json::from_value(context).unwrap())
    }

    #[tokio::test]
    async fn the_address_is_what_the_gateway_or_the_connection_says_and_no_header() {
        let peer = Peer("127.0.0.1".parse().unwrap());
        let request = || {
            Request::builder()
                .header("x-forwarded-for", "203.0.113.9")
                .header("forwarded", "for=203.0.113.9")
                .header("user-agent", "curl/8")
        };
        let nowhere = source(request().body(()).unwrap()).await;
        assert_eq!((nowhere.address, nowhere.user_agent.as_deref()), (None, Some("curl/8")));
        let connected = source(request().extension(peer).body(()).unwrap()).await;
        assert_eq!(connected.address.as_deref(), Some("127.0.0.1"));
        let both = request().extension(peer).extension(gateway("192.0.2.7"));
        assert_eq!(
            source(both.body(()).unwrap()).await.address.as_deref(),
            Some("192.0.2.7")
        );
    }
}
