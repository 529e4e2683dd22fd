//! Requests to signed URLs, as a client sends them that knows nothing of S3.

use std::collections::BTreeMap;

use journeys::world::Result;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What the object store answered.
pub(crate) struct Sent {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// Sends the request that an answer of the API describes, with this body.
pub(crate) async fn send(request: &Value, body: &[u8]) -> Result<Sent> {
    let text = |name: &str| request[name].as_str().map(str::to_owned);
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        headers.push((
            name.clone(),
            value.as_str().ok_or("a header that is no text")?.to_owned(),
        ));
    }
    let url = text("url").ok_or("an answer without a URL")?;
    plain(
        &text("method").unwrap_or_else(|| "GET".to_owned()),
        &url,
        &headers,
        body,
    )
    .await
}

/// Sends a request over a connection of its own.
pub(crate) async fn plain(method: &str, url: &str, headers: &[(String, String)], body: &[u8]) -> Result<Sent> {
    let rest = url.strip_prefix("http://").ok_or("another scheme than http")?;
    let (host, path) = rest.split_once('/').ok_or("a URL without a path")?;
    let mut head = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    if !body.is_empty() {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(head.as_bytes()).await?;
    // Whoever refuses a request does not read its body to the end.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .ok_or("no answer")?;
    let head = String::from_utf8(answer[..end].to_vec())?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .ok_or("no status")?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Ok(Sent {
        status: status.parse()?,
        headers: headers.collect(),
        body: answer[end + 4..].to_vec(),
    })
}
