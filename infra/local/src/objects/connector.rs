//! The S3 service behind the SDK's HTTP-client seam, without a socket.

use aws_smithy_runtime_api::client::http::{HttpConnectorFuture, SharedHttpClient};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::{HeaderValue, StatusCode, header};
use s3s::Body;
use s3s::service::S3Service;

use crate::seam;

pub(super) fn http_client(service: S3Service) -> SharedHttpClient {
    seam::client(move |request| {
        let service = service.clone();
        HttpConnectorFuture::new(async move { call(&service, request).await })
    })
}

/// Does what an HTTP connection does on the way there and back.
async fn call(service: &S3Service, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let mut request = request.try_into_http1x().map_err(|e| ConnectorError::user(e.into()))?;
    // The signature covers the host, which a connection would have added.
    let host = request
        .uri()
        .authority()
        .and_then(|a| HeaderValue::from_str(a.as_str()).ok());
    if let (Some(host), false) = (host, request.headers().contains_key(header::HOST)) {
        request.headers_mut().insert(header::HOST, host);
    }
    let is_head = request.method() == http::Method::HEAD;
    let response = service.call(request.map(Body::http_body_unsync)).await;
    let mut response = response.map_err(|e| ConnectorError::other(e.into(), None))?;
    // Some answers have no body on the wire; the SDK would read the error of a HEAD out of it and misname it.
    if is_head || response.status() == StatusCode::NOT_MODIFIED {
        *response.body_mut() = Body::empty();
    }
    HttpResponse::try_from(response.map(SdkBody::from_body_1_x)).map_err(|e| ConnectorError::other(e.into(), None))
}
