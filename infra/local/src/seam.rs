//! The SDK's HTTP-client seam: decorating a client, and reading from a request which operation it is.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

/// A client whose every request goes to `call`.
pub(crate) fn client<F>(call: F) -> SharedHttpClient
where
    F: Fn(HttpRequest) -> HttpConnectorFuture + Clone + Send + Sync + 'static,
{
    let connector = connector(call);
    http_client_fn(move |_, _| connector.clone())
}

/// A connector whose every request goes to `call`.
pub(crate) fn connector<F>(call: F) -> SharedHttpConnector
where
    F: Fn(HttpRequest) -> HttpConnectorFuture + Send + Sync + 'static,
{
    SharedHttpConnector::new(Calling(call))
}

/// A client whose every request goes to `call`, together with the connector that `inner` would have used.
pub(crate) fn decorate<F>(inner: SharedHttpClient, call: F) -> SharedHttpClient
where
    F: Fn(SharedHttpConnector, HttpRequest) -> HttpConnectorFuture + Clone + Send + Sync + 'static,
{
    http_client_fn(move |settings, components| {
        let (connector, call) = (inner.http_connector(settings, components), call.clone());
        SharedHttpConnector::new(Calling(move |request| call(connector.clone(), request)))
    })
}

/// A connector that is a function.
struct Calling<F>(F);

impl<F> std::fmt::Debug for Calling<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Calling")
    }
}

impl<F: Fn(HttpRequest) -> HttpConnectorFuture + Send + Sync> HttpConnector for Calling<F> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        (self.0)(request)
    }
}

/// An answer with a JSON body, as DynamoDB and SQS give it.
pub(crate) fn json_response(status: u16, body: impl Into<SdkBody>) -> Result<HttpResponse, ConnectorError> {
    response(status, "application/x-amz-json-1.0", body)
}

/// An answer with the given body.
pub(crate) fn response(
    status: u16,
    content_type: &'static str,
    body: impl Into<SdkBody>,
) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(status).map_err(|e| ConnectorError::other(e.into(), None))?;
    let mut response = HttpResponse::new(status, body.into());
    response.headers_mut().insert("content-type", content_type);
    Ok(response)
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    /// `dynamodb`, `sqs` or `s3`.
    pub(crate) service: &'static str,
    /// The operation by its API name, e.g. `PutItem`.
    pub(crate) name: String,
}

/// Reads the operation from the target header, or for S3 from method, path and query.
pub(crate) fn operation(request: &HttpRequest) -> Operation {
    if let Some((service, name)) = request.headers().get("x-amz-target").and_then(|t| t.split_once('.')) {
        let service = if service.starts_with("DynamoDB") {
            "dynamodb"
        } else {
            "sqs"
        };
        return Operation {
            service,
            name: name.to_owned(),
        };
    }
    let uri = http::Uri::try_from(request.uri()).unwrap_or_default();
    let in_bucket = uri
        .path()
        .trim_start_matches('/')
        .split_once('/')
        .is_some_and(|(_, key)| !key.is_empty());
    let at_root = uri.path().trim_start_matches('/').is_empty();
    let query: Vec<&str> = uri.query().unwrap_or_default().split('&').collect();
    let has = |name: &str| query.iter().any(|q| q.split('=').next() == Some(name));
    let copies = request.headers().get("x-amz-copy-source").is_some();
    let name = match (request.method(), in_bucket) {
        ("PUT", true) if has("uploadId") && copies => "UploadPartCopy",
        ("PUT", true) if has("uploadId") => "UploadPart",
        ("PUT", true) if copies => "CopyObject",
        ("PUT", true) => "PutObject",
        ("GET", true) if has("uploadId") => "ListParts",
        ("GET", true) => "GetObject",
        ("HEAD", true) => "HeadObject",
        ("DELETE", true) if has("uploadId") => "AbortMultipartUpload",
        ("DELETE", true) => "DeleteObject",
        ("POST", true) if has("uploads") => "CreateMultipartUpload",
        ("POST", true) => "CompleteMultipartUpload",
        ("POST", false) => "DeleteObjects",
        ("PUT", false) => "CreateBucket",
        ("HEAD", false) => "HeadBucket",
        ("GET", false) if at_root => "ListBuckets",
        ("GET", false) if has("versions") => "ListObjectVersions",
        ("GET", false) if has("uploads") => "ListMultipartUploads",
        ("GET", false) if has("location") => "GetBucketLocation",
        ("GET", false) if has("versioning") => "GetBucketVersioning",
        ("GET", false) => "ListObjectsV2",
        _ => "Unknown",
    };
    Operation {
        service: "s3",
        name: name.to_owned(),
    }
}
