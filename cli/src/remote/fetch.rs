//! Files from the object store, by URLs that the server signed.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use tempfile::NamedTempFile;

use super::http::{cause, is_busy, send, whole};
use super::send::{PAUSE, STALLED, TRIES, refused};
use super::{Refusal, Server};
use crate::failure::Failure;

impl Server {
    /// Copies what is at a signed URL into a file; whole or not at all.
    pub(crate) async fn fetch(&self, url: &str, target: &Path, name: &str) -> Result<PathBuf, Failure> {
        let http = self.way_to(url)?;
        let path = target.join(name);
        std::fs::create_dir_all(target).map_err(|error| Failure::unwritable(&path, &error))?;
        let (mut why, mut pause) = (String::new(), PAUSE);
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            match once(&http, url, target, &path).await? {
                Ok(()) => return Ok(path),
                Err(error) => why = error,
            }
        }
        let why = format!("{name} cannot be fetched: {why}");
        Err(Refusal::unreachable(self.address(), &why).into())
    }
}

/// Fetches it once. In words why it did not come; a failure where that will not change.
async fn once(
    http: &SharedHttpConnector,
    url: &str,
    target: &Path,
    path: &Path,
) -> Result<Result<(), String>, Failure> {
    let unwritable = |error: io::Error| Failure::unwritable(path, &error);
    let mut file = NamedTempFile::new_in(target).map_err(unwritable)?;
    let answer = match send(http, "GET", url, std::iter::empty(), SdkBody::empty()).await {
        Ok(answer) => answer,
        Err(why) => return Ok(Err(why)),
    };
    if !answer.status().is_success() {
        let answer = match whole(answer).await {
            Ok(answer) => answer,
            Err(why) => return Ok(Err(why)),
        };
        return match is_busy(answer.status) || answer.status == 500 {
            true => Ok(Err(format!("the store answers with status {}", answer.status))),
            false => Err(refused(answer.status, &String::from_utf8_lossy(&answer.body))),
        };
    }
    let mut body = ByteStream::new(answer.into_body());
    loop {
        match tokio::time::timeout(STALLED, body.next()).await {
            Ok(Some(Ok(chunk))) => file.write_all(&chunk).map_err(unwritable)?,
            Ok(Some(Err(error))) => return Ok(Err(cause(&error))),
            Ok(None) => break,
            Err(_) => return Ok(Err("nothing more came".to_owned())),
        }
    }
    file.persist(path).map_err(|error| unwritable(error.error))?;
    Ok(Ok(()))
}
