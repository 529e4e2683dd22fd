//! Reads that answer with a part and say what is left, as DynamoDB does with many or large items.

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::{Map, Value};

use crate::seam;

/// How many items a page of a query has.
const PAGE: u64 = 1;

/// Calls `inner`, for half of the keys of a batch read, or for the first page of a query. Any other operation, and whatever
/// cannot be parted, goes through.
pub(super) async fn answer(
    inner: SharedHttpConnector,
    mut request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let Some(mut body) = read(&request) else {
        return inner.call(request).await;
    };
    match seam::operation(&request).name.as_str() {
        "Query" if body.get("Limit").is_none() => {
            body.insert("Limit".to_owned(), PAGE.into());
            ask(&mut request, body);
            inner.call(request).await
        }
        "BatchGetItem" => {
            let left = take_half(&mut body);
            ask(&mut request, body);
            let mut response = inner.call(request).await?;
            let body = std::mem::replace(response.body_mut(), SdkBody::empty());
            let body = ByteStream::new(body).collect().await;
            let mut body = body.map_err(|e| ConnectorError::io(e.into()))?.into_bytes();
            if let (Ok(Value::Object(mut answer)), Some(left)) = (serde_json::from_slice(&body), left) {
                answer.insert("UnprocessedKeys".to_owned(), left);
                body = Value::Object(answer).to_string().into();
                for of_old_body in ["x-amz-crc32", "content-length"] {
                    response.headers_mut().remove(of_old_body);
                }
            }
            *response.body_mut() = body.into();
            Ok(response)
        }
        _ => inner.call(request).await,
    }
}

/// Asks for something else.
fn ask(request: &mut HttpRequest, body: Map<String, Value>) {
    let body = Value::Object(body).to_string();
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = body.into();
}

fn read(request: &HttpRequest) -> Option<Map<String, Value>> {
    serde_json::from_slice(request.body().bytes()?).ok()
}

/// Takes the second half of the keys of the first table out of a batch read.
fn take_half(body: &mut Map<String, Value>) -> Option<Value> {
    let tables = body.get_mut("RequestItems")?.as_object_mut()?;
    let (table, wanted) = tables.iter_mut().next()?;
    let keys = wanted.get_mut("Keys")?.as_array_mut()?;
    let rest = keys.split_off(keys.len().div_ceil(2));
    if rest.is_empty() {
        return None;
    }
    let mut left = wanted.as_object()?.clone();
    left.insert("Keys".to_owned(), rest.into());
    Some(Value::Object(Map::from_iter([(table.clone(), left.into())])))
}
