//! URLs that let somebody without credentials of ours read or write one object, for a while.
//!
//! They are dated by the clock of the machine, as every request to S3 is, since S3 holds them against its own.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{ProvideCredentials as _, RequestChecksumCalculation, SharedCredentialsProvider};
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use muster_core::Timestamp;

use crate::error::{ErrorKind, StoreError};
use crate::objects::Objects;

/// Signs URLs of a bucket. What they allow needs the right of whoever signs them: `s3:PutObject` under `inbox/*`, and
/// `s3:GetObject` for reports. Makes no request itself.
#[derive(Clone)]
pub struct Presigner {
    client: Client,
    bucket: String,
    credentials: Option<SharedCredentialsProvider>,
}

const OPERATION: &str = "sign a URL";

/// A signed request that somebody else sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// The method.
    pub method: String,
    /// The URL, which is a secret as long as it is good.
    pub url: String,
    /// The headers to send along, exactly so. Host and length are signed, too, and left out: every client sends them by
    /// itself.
    pub headers: BTreeMap<String, String>,
}

impl Objects {
    /// Signs URLs of this bucket, at the address where its users reach it; without one, that of AWS.
    #[must_use]
    pub fn presigner(&self, endpoint: Option<&str>) -> Presigner {
        let mut config = self
            .client
            .config()
            .to_builder()
            // What is signed here has no body to take a checksum of.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        if let Some(endpoint) = endpoint {
            config = config.endpoint_url(endpoint);
        }
        Presigner {
            client: Client::from_conf(config.build()),
            bucket: self.bucket.clone(),
            credentials: self.credentials.clone(),
        }
    }
}

impl Presigner {
    /// For how long of `wanted` a URL that is signed at `now` is good: a URL dies with the credentials that signed it, as far
    /// as it is known when that is. Those of a Lambda function do not say it; whoever is left with a dead URL asks for
    /// another one.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn lasts(&self, wanted: Duration, now: Timestamp) -> Result<Duration, StoreError> {
        let Some(provider) = &self.credentials else {
            return Ok(wanted);
        };
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|e| StoreError::new(ErrorKind::Transient, OPERATION, e.to_string()))?;
        let end = credentials.expiry().and_then(|end| Timestamp::try_from(end).ok());
        let left = end.map(|end| Duration::try_from(end.duration_since(now)).unwrap_or_default());
        Ok(left.map_or(wanted, |left| left.min(wanted)))
    }

    /// Writes an object of exactly `size` bytes with this metadata, unless there is one under the key.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn put(
        &self,
        key: &str,
        size: u64,
        content_type: &str,
        metadata: &[(String, String)],
        lasts: Duration,
    ) -> Result<SignedRequest, StoreError> {
        let mut request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type)
            .content_length(length(size)?)
            .if_none_match("*");
        for (name, value) in metadata {
            request = request.metadata(name, value);
        }
        let signed = request.presigned(config(lasts)?).await;
        Ok(told(&signed.map_err(|e| StoreError::from_sdk(OPERATION, e))?))
    }

    /// Writes a part of exactly `size` bytes of a multipart upload.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn part(
        &self,
        key: &str,
        upload_id: &str,
        number: i32,
        size: u64,
        lasts: Duration,
    ) -> Result<SignedRequest, StoreError> {
        let request = self
            .client
            .upload_part()
            .bucket(&self.bucket)
            .key(key)
            .upload_id(upload_id)
            .part_number(number)
            .content_length(length(size)?);
        let signed = request.presigned(config(lasts)?).await;
        Ok(told(&signed.map_err(|e| StoreError::from_sdk(OPERATION, e))?))
    }

    /// Reads an object, as a file of this name.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn get(&self, key: &str, file: &str, lasts: Duration) -> Result<SignedRequest, StoreError> {
        let request = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .response_content_disposition(format!("attachment; filename=\"{file}\""));
        let signed = request.presigned(config(lasts)?).await;
        Ok(told(&signed.map_err(|e| StoreError::from_sdk(OPERATION, e))?))
    }
}

fn config(lasts: Duration) -> Result<PresigningConfig, StoreError> {
    PresigningConfig::expires_in(lasts).map_err(|e| StoreError::corrupt(OPERATION, e))
}

fn length(size: u64) -> Result<i64, StoreError> {
    i64::try_from(size).map_err(|_| StoreError::new(ErrorKind::Rejected, OPERATION, "no object is that long"))
}

fn told(request: &PresignedRequest) -> SignedRequest {
    let headers = request.headers();
    SignedRequest {
        method: request.method().to_owned(),
        url: request.uri().to_owned(),
        headers: headers
            .filter(|(name, _)| !["host", "content-length"].contains(&name.to_ascii_lowercase().as_str()))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use aws_sdk_s3::config::{BehaviorVersion, Credentials};

    use super::*;

    #[tokio::test]
    async fn a_url_is_good_for_no_longer_than_what_signed_it() {
        let now = Timestamp::from_second(1_795_251_600).unwrap();
        let client = Client::from_conf(
            aws_sdk_s3::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .build(),
        );
        for (seconds, expected) in [(None, 3600), (Some(7200), 3600), (Some(600), 600), (Some(-5), 0)] {
            let end = seconds.map(|s: i64| SystemTime::from(Timestamp::from_second(now.as_second() + s).unwrap()));
            let presigner = Presigner {
                client: client.clone(),
                bucket: "b".to_owned(),
                credentials: Some(SharedCredentialsProvider::new(Credentials::new(
                    "k", "s", None, end, "test",
                ))),
            };
            let lasts = presigner.lasts(Duration::from_secs(3600), now).await.unwrap();
            assert_eq!(lasts, Duration::from_secs(expected), "{seconds:?}");
        }
    }
}
