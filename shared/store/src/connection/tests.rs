//! Whose certificates the clients trust.

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::SdkError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::*;

/// SHA-256 of the certificates, as Amazon Trust Services publishes them.
const FINGERPRINTS: [&str; 5] = [
    "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
];

#[test]
fn the_roots_of_amazon_are_those_that_it_publishes() {
    let found: Vec<String> = AMAZON_ROOTS
        .split("-----BEGIN CERTIFICATE-----")
        .filter_map(|part| part.split_once("-----END CERTIFICATE-----"))
        .map(|(body, _)| STANDARD.decode(body.replace('\n', "")).unwrap())
        .map(|der| Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    assert_eq!(found, FINGERPRINTS);
}

#[tokio::test]
async fn either_kind_of_client_gets_as_far_as_the_network() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for trust in [Trust::System, Trust::Amazon] {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-central-1"))
            .credentials_provider(SdkCredentials::new("test", "test", None, None, "test"))
            .endpoint_url(format!("https://{free}"))
            .retry_config(RetryConfig::disabled())
            .http_client(trust.client())
            .build();
        let answer = aws_sdk_dynamodb::Client::from_conf(config).list_tables().send().await;
        match answer.expect_err("nobody listens there") {
            SdkError::DispatchFailure(failure) => assert!(failure.is_io(), "{trust:?}: {failure:?}"),
            error => panic!("{trust:?}: {error:?}"),
        }
    }
}
