//! How the SDK's clients are made: for AWS, and for the embedded default.

#[cfg(test)]
mod tests;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{
    Credentials as SdkCredentials, Region, SharedCredentialsProvider, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// What the embedded clients are told; their HTTP clients open no socket.
const ENDPOINT: &str = "http://embedded.invalid";
const REGION: &str = "embedded";

/// The certificate authorities of AWS (Amazon Trust Services: Amazon Root CA 1 to 4, Starfield Services Root CA G2).
const AMAZON_ROOTS: &str = include_str!("connection/amazon-roots.pem");

/// Whose certificates a client for AWS trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Those that the authorities of this machine signed.
    System,
    /// Those that Amazon signed. Reading the store of a machine takes most of the time in which a function starts.
    Amazon,
}

impl Trust {
    fn client(self) -> SharedHttpClient {
        let store = match self {
            Self::System => TrustStore::default(),
            Self::Amazon => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
        };
        // Building it never fails: certificates are read at the first use.
        let context = TlsContext::builder()
            .with_trust_store(store)
            .build()
            .unwrap_or_default();
        aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .tls_context(context)
            .build_https()
    }
}

/// Access key and secret of an embedded endpoint.
#[derive(Clone)]
pub struct Credentials {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
}

/// A service and the way to it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its URL, which requests are signed for.
    pub url: String,
    /// What carries requests there.
    pub http: SharedHttpClient,
}

/// The SDK's clients, made once for each process.
#[derive(Clone)]
pub struct Connection {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    /// What all of them sign with, for whoever must know how long that is good.
    pub(crate) credentials: Option<SharedCredentialsProvider>,
}

impl Connection {
    /// Clients for AWS, configured by the environment (region, credentials, `AWS_ENDPOINT_URL`).
    pub async fn aws(trust: Trust) -> Self {
        Self::of(
            &aws_config::defaults(BehaviorVersion::latest())
                .http_client(trust.client())
                .load()
                .await,
        )
    }

    /// Clients for in-process engines, each reached through its own HTTP client. There is no SQS in process. How often
    /// they try again depends on their own failures alone, not on those of other connections in this process.
    #[must_use]
    pub fn embedded(dynamodb: SharedHttpClient, s3: SharedHttpClient, credentials: &Credentials) -> Self {
        let endpoint = |http| Endpoint {
            url: ENDPOINT.to_owned(),
            http,
        };
        Self::local(endpoint(dynamodb), endpoint(s3), credentials)
    }

    /// The same for engines that are somewhere on this machine.
    #[must_use]
    pub fn local(dynamodb: Endpoint, s3: Endpoint, credentials: &Credentials) -> Self {
        let secret = SdkCredentials::new(&credentials.access_key, &credentials.secret_key, None, None, "embedded");
        let partition = || RetryPartition::custom("embedded").build();
        // A request that waits for a busy disk shows no bytes for a while; whoever gave it up would only send it again.
        let patient = StalledStreamProtectionConfig::disabled;
        let dynamodb_config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .endpoint_url(&dynamodb.url)
            .credentials_provider(secret.clone())
            .stalled_stream_protection(patient())
            .retry_partition(partition())
            .http_client(dynamodb.http.clone());
        let s3_config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .endpoint_url(s3.url)
            .credentials_provider(secret.clone())
            .http_client(s3.http)
            .stalled_stream_protection(patient())
            .retry_partition(partition())
            .force_path_style(true);
        let sqs_config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .endpoint_url(dynamodb.url)
            .credentials_provider(secret.clone())
            .stalled_stream_protection(patient())
            .http_client(dynamodb.http);
        Self {
            credentials: Some(SharedCredentialsProvider::new(secret)),
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
            credentials: config.credentials_provider(),
        }
    }
}
