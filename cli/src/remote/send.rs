//! Files to the object store, by URLs that the server signed. The token goes to the server alone.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_smithy_types::body::SdkBody;
use futures::TryStreamExt as _;
use http_body_util::StreamBody;
use hyper::body::Frame;
use indicatif::ProgressBar;
use muster_core::id::{AnnouncementId, TenantId};
use registration_api::model::{AnnouncedUpload, Multipart, SentPart, SignedPut};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::Server;
use super::address::{is_encrypted, is_safe};
use super::http::{Answer, connector, is_busy, send, whole};
use crate::failure::Failure;
use crate::output::plain;

/// How often a part is sent, or a file fetched, at most.
pub(super) const TRIES: u32 = 5;
/// How long to wait before the second try; twice as long before each further one.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
/// After how long without a byte on its way a try is given up.
pub(super) const STALLED: Duration = Duration::from_secs(60);
/// How much of a file is read at once.
const WINDOW: usize = 256 << 10;

/// The request that sends a part of a file.
struct Part<'a> {
    path: &'a Path,
    offset: u64,
    size: u64,
    put: &'a SignedPut,
}

/// What became of a part.
enum Sent {
    /// It is there, under this entity tag.
    Done(String),
    /// It was there before: an earlier try got through, though its answer did not.
    WasThere,
}

impl Server {
    /// Sends a file as it was announced. It is there then, and taken for an upload.
    pub(crate) async fn send_file(
        &self,
        tenant: TenantId,
        announced: &AnnouncedUpload,
        path: &Path,
        size: u64,
        bar: &ProgressBar,
    ) -> Result<(), Failure> {
        match (&announced.put, &announced.multipart) {
            (Some(put), _) => {
                let http = self.way_to(&put.url)?;
                let part = Part {
                    path,
                    offset: 0,
                    size,
                    put,
                };
                part.send(&http, bar).await.map(|_| ())
            }
            (None, Some(parts)) => self.send_parts(tenant, &announced.id, parts, path, bar).await,
            (None, None) => Err(Failure::new(
                format_args!("{} does not say how the file is to be sent", self.address()),
                "See that it is of the version of this command or a newer one.",
            )),
        }
    }

    async fn send_parts(
        &self,
        tenant: TenantId,
        id: &AnnouncementId,
        parts: &Multipart,
        path: &Path,
        bar: &ProgressBar,
    ) -> Result<(), Failure> {
        let (mut offset, mut sent) = (0, Vec::with_capacity(parts.parts.len()));
        for signed in &parts.parts {
            let http = self.way_to(&signed.url)?;
            let put = SignedPut {
                method: signed.method.clone(),
                url: signed.url.clone(),
                headers: signed.headers.clone(),
            };
            let part = Part {
                path,
                offset,
                size: signed.size,
                put: &put,
            };
            let etag = match part.send(&http, bar).await? {
                Sent::Done(etag) => etag,
                // Of a part the store never says so.
                Sent::WasThere => return Err(refused(412, "")),
            };
            sent.push(SentPart {
                part_number: signed.part_number,
                etag,
            });
            offset += signed.size;
        }
        self.complete(tenant, id, sent).await?;
        Ok(())
    }

    /// The way to where a signed URL leads: over the network by HTTPS alone.
    pub(super) fn way_to(&self, url: &str) -> Result<SharedHttpConnector, Failure> {
        match is_safe(url) {
            true if is_encrypted(url) == self.address().is_encrypted() => Ok(self.http.clone()),
            true => Ok(connector(is_encrypted(url), &self.trust)),
            false => Err(Failure::new(
                format_args!(
                    "{} names a place for files that is not reached by https",
                    self.address()
                ),
                "Tell whoever runs the server.",
            )),
        }
    }
}

impl Part<'_> {
    /// Sends it, several times if need be.
    async fn send(&self, http: &SharedHttpConnector, bar: &ProgressBar) -> Result<Sent, Failure> {
        let (mut why, mut pause) = (String::new(), PAUSE);
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            let gone = Arc::new(AtomicU64::new(0));
            let answer = self.once(http, bar, &gone).await?;
            match answer {
                Ok(answer) if (200..300).contains(&answer.status) => {
                    return Ok(Sent::Done(answer.header("etag").unwrap_or_default().to_owned()));
                }
                Ok(answer) if answer.status == 412 => return Ok(Sent::WasThere),
                Ok(answer) if is_busy(answer.status) || matches!(answer.status, 409 | 500) => {
                    why = format!("the store answers with status {}", answer.status);
                }
                Ok(answer) => return Err(refused(answer.status, &String::from_utf8_lossy(&answer.body))),
                Err(error) => why = error,
            }
            bar.dec(gone.load(Ordering::Relaxed));
        }
        Err(Failure::new(
            format_args!("the file cannot be sent to the store: {}", plain(&why)),
            "Run the same command again: it goes on where it stopped.",
        ))
    }

    /// Sends it once. The answer, or in words why there is none; a failure where the file cannot be read.
    async fn once(
        &self,
        http: &SharedHttpConnector,
        bar: &ProgressBar,
        gone: &Arc<AtomicU64>,
    ) -> Result<Result<Answer, String>, Failure> {
        let unreadable = |error: io::Error| Failure::unreadable(self.path, &error);
        let mut file = tokio::fs::File::open(self.path).await.map_err(unreadable)?;
        let length = file.metadata().await.map_err(unreadable)?.len();
        if length < self.offset + self.size {
            return Err(Failure::new(
                format_args!("{} became shorter while it was read", crate::output::path(self.path)),
                "Wait until whoever writes it is done, and run the command again.",
            ));
        }
        file.seek(io::SeekFrom::Start(self.offset)).await.map_err(unreadable)?;
        let chunks = ReaderStream::with_capacity(file.take(self.size), WINDOW);
        let (counter, shown) = (Arc::clone(gone), bar.clone());
        let chunks = chunks.map_ok(move |chunk| {
            counter.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            shown.inc(chunk.len() as u64);
            Frame::data(chunk)
        });
        let body = SdkBody::from_body_1_x(StreamBody::new(chunks));
        let size = self.size.to_string();
        let others = self.put.headers.iter();
        let others = others.filter(|(name, _)| !is_ours(name));
        let headers = [("content-length", size.as_str())].into_iter();
        let headers = headers.chain(others.map(|(name, value)| (name.as_str(), value.as_str())));
        let sent = send(http, &self.put.method, &self.put.url, headers, body);
        let answer = tokio::select! {
            answer = sent => answer,
            () = stalled(gone) => Err(format!("nothing went out for {} seconds", STALLED.as_secs())),
        };
        Ok(match answer {
            Ok(answer) => whole(answer).await,
            Err(why) => Err(why),
        })
    }
}

/// Headers that the connection writes by itself.
fn is_ours(name: &str) -> bool {
    ["content-length", "host"]
        .iter()
        .any(|ours| name.eq_ignore_ascii_case(ours))
}

/// Ends when this count has not moved for a while.
async fn stalled(count: &AtomicU64) {
    let mut before = None;
    loop {
        let now = count.load(Ordering::Relaxed);
        if before == Some(now) {
            return;
        }
        before = Some(now);
        tokio::time::sleep(STALLED).await;
    }
}

/// The store refuses a signed request; it answers in XML.
pub(super) fn refused(status: u16, body: &str) -> Failure {
    let element = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>"))
            .map(|(text, _)| plain(text).into_owned())
    };
    let what = match (element("Code"), element("Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code,
        _ => format!("status {status}"),
    };
    Failure::new(
        format_args!("the store refuses the file: {what}"),
        "Run the same command again. If it is refused again, see that the clock of this machine is right and that nothing \
         between it and the store changes requests.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_says_is_told() {
        let told = |body: &str| match refused(403, body) {
            Failure::Told { what, .. } => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            told("<?xml?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"),
            "the store refuses the file: AccessDenied: Request has expired"
        );
        assert_eq!(told("<html>"), "the store refuses the file: status 403");
        assert_eq!(told("<Code>a\u{1b}b</Code>"), "the store refuses the file: a\u{fffd}b");
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_that_moves_is_not_given_up() {
        let count = AtomicU64::new(0);
        let moving = async {
            for _ in 0..10 {
                tokio::time::sleep(STALLED / 2).await;
                count.fetch_add(1, Ordering::Relaxed);
            }
        };
        tokio::select! {
            biased;
            () = moving => {}
            () = stalled(&count) => panic!("it moves"),
        }
        stalled(&count).await;
    }
}
