//! Where a request over HTTP comes from: only this machine is answered, and no web page. A page could not read an answer,
//! unless its own name was made to lead here.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// Answers nothing to a request that names an origin, as pages do, or another host than this machine.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    if is_here(request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "this is for programs on this machine\n").into_response()
    }
}

fn is_here(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    !headers.contains_key(header::ORIGIN) && host.is_some_and(is_this_machine)
}

fn is_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn only_this_machine_and_no_page_is_answered() {
        for (headers, expected) in [
            (&[("host", "127.0.0.1:7270")][..], true),
            (&[("host", "localhost")], true),
            (&[("host", "[::1]:7270")], true),
            (
                &[("host", "127.0.0.1:7270"), ("origin", "http://127.0.0.1:7270")],
                false,
            ),
            (&[("host", "127.0.0.1:7270"), ("origin", "null")], false),
            (&[("host", "muster.example:7270")], false),
            (&[("host", "127.0.0.1.example")], false),
            (&[("host", "localhost@muster.example")], false),
            (&[("host", "192.0.2.1")], false),
            (&[("host", "")], false),
            (&[], false),
        ] {
            let headers: HeaderMap = (headers.iter())
                .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
                .collect();
            assert_eq!(is_here(&headers), expected, "{headers:?}");
        }
    }
}
