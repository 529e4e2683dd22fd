//! An S3 client of a few lines, so that nothing between a test and the socket repeats or hides anything.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use muster_core::id::UploadId;
use sha2::{Digest as _, Sha256};

use super::super::Workshop;

const BUCKET: &str = "muster";

/// An access key and where it is good for.
#[derive(Clone)]
pub(in super::super) struct Client {
    address: String,
    access_key: String,
    secret: String,
}

/// An answer, whole.
#[derive(Debug)]
pub(in super::super) struct Answer {
    pub(in super::super) status: u16,
    head: String,
    pub(in super::super) body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub(in super::super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

impl Client {
    /// By the file that `muster serve` wrote for S3 clients.
    pub(in super::super) fn of(workshop: &Workshop) -> Self {
        let text = std::fs::read_to_string(workshop.path("data/aws.env")).unwrap();
        let words = text.split_whitespace().filter_map(|word| word.split_once('='));
        let words: BTreeMap<&str, &str> = words.collect();
        Self {
            address: words["AWS_ENDPOINT_URL_S3"].trim_start_matches("http://").to_owned(),
            access_key: words["AWS_ACCESS_KEY_ID"].to_owned(),
            secret: words["AWS_SECRET_ACCESS_KEY"].to_owned(),
        }
    }

    /// Puts an object, and says which upload it is.
    ///
    /// # Errors
    /// When it is not acknowledged.
    pub(in super::super) fn put(&self, key: &str, body: &[u8], metadata: &[(&str, &str)]) -> io::Result<UploadId> {
        let mut stream = self.begin("PUT", key, body.len(), metadata)?;
        stream.write_all(body)?;
        let answer = answer(stream)?;
        let version = answer.header("x-amz-version-id").filter(|_| answer.status == 200);
        let version = version.ok_or_else(|| io::Error::other(format!("{answer:?}")))?;
        Ok(UploadId::of_object(BUCKET, key, version))
    }

    /// Gets an object.
    pub(in super::super) fn get(&self, key: &str) -> io::Result<Answer> {
        answer(self.begin("GET", key, 0, &[])?)
    }

    /// Sends the head of a request.
    pub(in super::super) fn begin(
        &self,
        method: &str,
        key: &str,
        length: usize,
        metadata: &[(&str, &str)],
    ) -> io::Result<TcpStream> {
        let now = now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut headers: BTreeMap<String, String> = [
            ("host", self.address.as_str()),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            ("x-amz-date", now.as_str()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let metadata = metadata.iter();
        headers.extend(metadata.map(|(name, value)| (format!("x-amz-meta-{name}"), (*value).to_owned())));
        let path = format!("/{BUCKET}/{key}");
        let authorization = self.sign(method, &path, &headers, &now);
        let mut head = format!("{method} {path} HTTP/1.1\r\ncontent-length: {length}\r\nconnection: close\r\n");
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "authorization: {authorization}\r\n\r\n");
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.write_all(head.as_bytes())?;
        Ok(stream)
    }

    /// Signature version 4.
    fn sign(&self, method: &str, path: &str, headers: &BTreeMap<String, String>, now: &str) -> String {
        let names: Vec<&str> = headers.keys().map(String::as_str).collect();
        let names = names.join(";");
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let request = format!("{method}\n{path}\n\n{lines}\n{names}\nUNSIGNED-PAYLOAD");
        let scope = format!("{}/us-east-1/s3/aws4_request", &now[..8]);
        let text = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{}", hex(&Sha256::digest(request)));
        let secret = format!("AWS4{}", self.secret).into_bytes();
        let key = scope.split('/').fold(secret, |key, part| hmac(&key, part));
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            self.access_key,
            hex(&hmac(&key, &text))
        )
    }
}

/// Reads an answer to its end.
pub(in super::super) fn answer(mut stream: TcpStream) -> io::Result<Answer> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all)?;
    let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(cut)?;
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or_else(cut)?;
    let body = all.split_off(end + 4);
    let answer = Answer { status, head, body };
    let length = answer.header("content-length").and_then(|length| length.parse().ok());
    if length.is_some_and(|length: usize| length != answer.body.len()) {
        return Err(cut());
    }
    Ok(answer)
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[expect(clippy::disallowed_methods, reason = "signatures are checked against the real time")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
