//! The address of a server.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

/// Where a server's HTTP API is: a URL by HTTPS, or by HTTP on this machine, without the slash at its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address(String);

impl Address {
    /// The URL.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what is sent there is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        is_encrypted(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "give a URL such as https://muster.example";
        if text.contains(['?', '#', '@']) {
            return Err(format!("a server's URL has no `?`, `#` or `@`; {EXAMPLE}"));
        }
        let uri: Uri = text.parse().map_err(|_| format!("it is no URL; {EXAMPLE}"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(format!("it has no scheme and host; {EXAMPLE}"));
        };
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_str() {
            "https" => {}
            "http" if is_this_machine(authority.host()) => {}
            "http" => {
                return Err("a token is sent by https only; http is for 127.0.0.1, ::1 and localhost".to_owned());
            }
            _ => {
                return Err(format!(
                    "only https, and http on this machine, can be spoken; {EXAMPLE}"
                ));
            }
        }
        let authority = authority.as_str().to_ascii_lowercase();
        let default = if scheme == "https" { ":443" } else { ":80" };
        let authority = authority.strip_suffix(default).unwrap_or(&authority);
        Ok(Self(format!(
            "{scheme}://{authority}{}",
            uri.path().trim_end_matches('/')
        )))
    }
}

/// Whether a URL is one that encrypts.
pub(super) fn is_encrypted(url: &str) -> bool {
    url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
}

/// Whether this host is this machine, whatever the network says.
fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Whether a URL leads to this machine without encryption, or anywhere with it.
pub(super) fn is_safe(url: &str) -> bool {
    url.parse().is_ok_and(|uri: Uri| match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => true,
        (Some("http"), Some(host)) => is_this_machine(host),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_this_machine() {
        for (text, expected) in [
            ("https://muster.example", Some("https://muster.example")),
            ("HTTPS://Muster.Example:443/", Some("https://muster.example")),
            (
                "https://muster.example:8443/base/",
                Some("https://muster.example:8443/base"),
            ),
            ("http://127.0.0.1:7270", Some("http://127.0.0.1:7270")),
            ("http://LOCALHOST:80", Some("http://localhost")),
            ("http://[::1]:7270/", Some("http://[::1]:7270")),
            ("http://muster.example", None),
            ("http://192.0.2.1:7270", None),
            ("http://127.0.0.1.example", None),
            ("https://ada:pw@muster.example", None),
            ("https://muster.example/?x=1", None),
            ("ftp://muster.example", None),
            ("muster.example", None),
            ("/v1", None),
            ("", None),
        ] {
            assert_eq!(
                text.parse::<Address>().ok().as_ref().map(Address::as_str),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_file_is_sent_where_nobody_listens_in() {
        for (url, expected) in [
            ("https://bucket.s3.amazonaws.com/key?X-Amz-Signature=x", true),
            ("http://127.0.0.1:7271/muster/key?x=y", true),
            ("http://bucket.s3.amazonaws.com/key", false),
            ("file:///etc/passwd", false),
            ("", false),
        ] {
            assert_eq!(is_safe(url), expected, "{url}");
        }
    }
}
