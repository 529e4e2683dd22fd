//! How the SDK's clients are made: for AWS, and for the embedded default.

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{Credentials as SdkCredentials, Region, StalledStreamProtectionConfig};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// What the embedded clients are told; their HTTP clients open no socket.
const ENDPOINT: &str = "http://embedded.invalid";
const REGION: &str = "embedded";

/// Access key and secret of an embedded endpoint.
#[derive(Clone)]
pub struct Credentials {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
}

/// The SDK's clients, made once for each process.
#[derive(Clone)]
pub struct Connection {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
}

impl Connection {
    /// Clients for AWS, configured by the environment (region, credentials, `AWS_ENDPOINT_URL`).
    pub async fn aws() -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        Self::of(
            &aws_config::defaults(BehaviorVersion::latest())
                .http_client(http)
                .load()
                .await,
        )
    }

    /// Clients for in-process engines, each reached through its own HTTP client. There is no SQS in process. How often
    /// they try again depends on their own failures alone, not on those of other connections in this process.
    #[must_use]
    pub fn embedded(dynamodb: SharedHttpClient, s3: SharedHttpClient, credentials: &Credentials) -> Self {
        let secret = SdkCredentials::new(&credentials.access_key, &credentials.secret_key, None, None, "embedded");
        let partition = || RetryPartition::custom("embedded").build();
        // A request that waits for a busy disk shows no bytes for a while; whoever gave it up would only send it again.
        let patient = StalledStreamProtectionConfig::disabled;
        let dynamodb_config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .endpoint_url(ENDPOINT)
            .credentials_provider(secret.clone())
            .stalled_stream_protection(patient())
            .retry_partition(partition())
            .http_client(dynamodb.clone());
        let s3_config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .endpoint_url(ENDPOINT)
            .credentials_provider(secret.clone())
            .http_client(s3)
            .stalled_stream_protection(patient())
            .retry_partition(partition())
            .force_path_style(true);
        let sqs_config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .endpoint_url(ENDPOINT)
            .credentials_provider(secret)
            .stalled_stream_protection(patient())
            .http_client(dynamodb);
        Self {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb_config.build()),
            s3: aws_sdk_s3::Client::from_conf(s3_config.build()),
            sqs: aws_sdk_sqs::Client::from_conf(sqs_config.build()),
        }
    }

    fn of(config: &aws_config::SdkConfig) -> Self {
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            s3: aws_sdk_s3::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
        }
    }
}
