//! The checksums that a client may send along with a body, each in base64.

use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::Checksum as _;
use s3s::{S3Result, dto, s3_error};
use serde::{Deserialize, Serialize};

/// Checksums of one body, by algorithm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Checksums {
    pub(super) crc32: Option<String>,
    pub(super) crc32c: Option<String>,
    pub(super) crc64nvme: Option<String>,
    pub(super) sha1: Option<String>,
    pub(super) sha256: Option<String>,
}

impl From<dto::Checksum> for Checksums {
    fn from(sums: dto::Checksum) -> Self {
        Self {
            crc32: sums.checksum_crc32,
            crc32c: sums.checksum_crc32c,
            crc64nvme: sums.checksum_crc64nvme,
            sha1: sums.checksum_sha1,
            sha256: sums.checksum_sha256,
        }
    }
}

/// Copies checksums into any of the protocol's answers.
macro_rules! set_checksums {
    ($output:expr, $checksums:expr) => {{
        let checksums = $checksums;
        $output.checksum_crc32 = checksums.crc32.clone();
        $output.checksum_crc32c = checksums.crc32c.clone();
        $output.checksum_crc64nvme = checksums.crc64nvme.clone();
        $output.checksum_sha1 = checksums.sha1.clone();
        $output.checksum_sha256 = checksums.sha256.clone();
    }};
}
pub(super) use set_checksums;

impl Checksums {
    /// What headers or trailers say.
    pub(super) fn announced(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        Self {
            crc32: text("x-amz-checksum-crc32"),
            crc32c: text("x-amz-checksum-crc32c"),
            crc64nvme: text("x-amz-checksum-crc64nvme"),
            sha1: text("x-amz-checksum-sha1"),
            sha256: text("x-amz-checksum-sha256"),
        }
    }

    /// A hasher for what the headers announce, in a header or a trailer, or merely ask for.
    pub(super) fn hasher(headers: &HeaderMap) -> ChecksumHasher {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let (trailer, algorithm) = (text("x-amz-trailer"), text("x-amz-sdk-checksum-algorithm"));
        let wanted = |name: &str| {
            let header = format!("x-amz-checksum-{name}");
            headers.contains_key(&header)
                || trailer.split(',').any(|t| t.trim().eq_ignore_ascii_case(&header))
                || algorithm.eq_ignore_ascii_case(name)
        };
        ChecksumHasher {
            crc32: wanted("crc32").then(s3s::crypto::Crc32::new),
            crc32c: wanted("crc32c").then(s3s::crypto::Crc32c::new),
            sha1: wanted("sha1").then(s3s::crypto::Sha1::new),
            sha256: wanted("sha256").then(s3s::crypto::Sha256::new),
            crc64nvme: wanted("crc64nvme").then(s3s::crypto::Crc64Nvme::new),
        }
    }

    /// Refuses when anything that was announced is not what the body has.
    pub(super) fn check(&self, computed: &Self) -> S3Result<()> {
        let pairs = [
            ("CRC32", &self.crc32, &computed.crc32),
            ("CRC32C", &self.crc32c, &computed.crc32c),
            ("CRC64NVME", &self.crc64nvme, &computed.crc64nvme),
            ("SHA1", &self.sha1, &computed.sha1),
            ("SHA256", &self.sha256, &computed.sha256),
        ];
        match pairs
            .into_iter()
            .find(|(_, announced, computed)| announced.is_some() && announced != computed)
        {
            Some((name, ..)) => Err(s3_error!(BadDigest, "the {name} is not that of the body that came")),
            None => Ok(()),
        }
    }
}
