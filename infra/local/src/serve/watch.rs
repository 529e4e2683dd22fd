//! Requests to a server that may stand still, as one that was suspended does: its machine takes connections for it, and
//! nobody answers. An answer may take as long as it takes; while it is waited for, the server is asked whether it is there.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;
use futures::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;

use crate::seam;

/// How long a server may be silent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Then it is asked whether it is there, and again after as long.
    pub(super) every: Duration,
    /// How long it may take to say that it is.
    pub(super) knock: Duration,
}

/// A minute together, for a machine that is busy.
pub(super) const PATIENCE: Patience = Patience {
    every: Duration::from_secs(20),
    knock: Duration::from_secs(40),
};

/// Whom to ask whether the server is there.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    /// Reaches it, with the key.
    pub(super) http: SharedHttpConnector,
    /// The address of its door.
    pub(super) door: String,
    pub(super) patience: Patience,
}

#[derive(Debug, thiserror::Error)]
#[error("it stands still: for {} seconds it has not answered", .0.as_secs())]
struct StandsStill(Duration);

impl Watch {
    /// `inner`, whose requests are given up when the server stands still. They are not tried again.
    pub(super) fn over(&self, inner: SharedHttpConnector) -> SharedHttpConnector {
        let watch = self.clone();
        seam::connector(move |request| {
            let (watch, answer) = (watch.clone(), inner.call(request));
            HttpConnectorFuture::new(async move {
                let answer = tokio::select! {
                    answer = answer => answer?,
                    silent = watch.silent() => return Err(ConnectorError::other(silent.into(), None)),
                };
                Ok(answer.map(|body| watch.over_body(body)))
            })
        })
    }

    fn over_body(&self, body: SdkBody) -> SdkBody {
        let start = (ByteStream::new(body), self.clone());
        let chunks = stream::try_unfold(start, |(mut body, watch)| async move {
            let chunk: Option<Result<Bytes, s3s::StdError>> = tokio::select! {
                chunk = body.next() => chunk.map(|chunk| chunk.map_err(Into::into)),
                silent = watch.silent() => Some(Err(silent.into())),
            };
            let frame = chunk.transpose()?.map(Frame::data);
            Ok::<_, s3s::StdError>(frame.map(|frame| (frame, (body, watch))))
        });
        SdkBody::from_body_1_x(s3s::Body::http_body_unsync(StreamBody::new(chunks)))
    }

    /// Waits until the server does not say any more that it is there.
    async fn silent(&self) -> StandsStill {
        let Patience { every, knock } = self.patience;
        loop {
            tokio::time::sleep(every).await;
            let mut request = HttpRequest::new(SdkBody::empty());
            if request.set_uri(self.door.as_str()).is_err() {
                continue;
            }
            // Whatever is answered, somebody is there; where nobody can be reached, the request itself fails.
            if tokio::time::timeout(knock, self.http.call(request)).await.is_err() {
                return StandsStill(every + knock);
            }
        }
    }
}
