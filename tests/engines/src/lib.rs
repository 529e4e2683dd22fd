//! The database and the bucket of one test: embedded, or on another implementation of AWS that the environment names.
//!
//! `MUSTER_TEST_ENDPOINT` (an `http://` address that takes the credentials `test`, `test`) sends the tests elsewhere.
//! `MUSTER_TEST_LOG` names a file that gets the name of each test that had an answer from there, so that
//! `tests/second-engine` can tell. Tables and buckets stay behind.

mod elsewhere;

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use muster_local::Clock;
use muster_local::data_dir::DataDirError;
use muster_local::dynamodb::DynamoDb;
use muster_local::objects::{Objects, Options, random_ids};

use elsewhere::Elsewhere;

/// Why a test has no database or bucket.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The embedded engine does not start.
    Embedded(DataDirError),
    /// `MUSTER_TEST_ENDPOINT` or `MUSTER_TEST_LOG` cannot be used.
    Environment(String),
}

/// An empty DynamoDB, or one in which nobody else uses the table [`Database::table`].
#[derive(Debug, Clone)]
pub struct Database {
    client: SharedHttpClient,
    table: String,
}

/// An empty S3, or one in which nobody else uses the bucket [`Bucket::name`].
#[derive(Debug, Clone)]
pub struct Bucket {
    client: SharedHttpClient,
    name: String,
    keys: (String, String),
    embedded: bool,
}

/// Access key and secret of any engine but the embedded S3, which makes its own.
pub const KEYS: (&str, &str) = ("test", "test");

impl Database {
    /// A database where the environment says.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> Result<Self, Error> {
        let Some(elsewhere) = Elsewhere::of_environment()? else {
            let database = DynamoDb::in_memory().map_err(Error::Embedded)?;
            return Ok(Self {
                client: database.http_client(),
                table: unique(),
            });
        };
        Ok(Self {
            client: elsewhere.http_client(),
            table: unique(),
        })
    }

    /// The HTTP client to give to the SDK.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        self.client.clone()
    }

    /// The name of a table that does not exist yet.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }
}

impl Bucket {
    /// A bucket where the environment says. The embedded one takes the time from `clock`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(clock: Clock) -> Result<Self, Error> {
        if let Some(elsewhere) = Elsewhere::of_environment()? {
            return Ok(Self {
                client: elsewhere.http_client(),
                name: unique().to_ascii_lowercase(),
                keys: (KEYS.0.to_owned(), KEYS.1.to_owned()),
                embedded: false,
            });
        }
        Self::embedded(clock)
    }

    /// The embedded bucket whatever the environment says, for tests whose matter is the database.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn embedded(clock: Clock) -> Result<Self, Error> {
        let options = Options {
            event_prefixes: Vec::new(),
            clock,
            version_ids: random_ids(),
        };
        let objects = Objects::in_memory(options).map_err(Error::Embedded)?;
        let keys = objects.credentials();
        Ok(Self {
            client: objects.http_client(),
            name: unique().to_ascii_lowercase(),
            keys: (keys.access_key.clone(), keys.secret_key.clone()),
            embedded: true,
        })
    }

    /// The HTTP client to give to the SDK.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        self.client.clone()
    }

    /// The name of a bucket that does not exist yet.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Access key and secret.
    #[must_use]
    pub fn keys(&self) -> (&str, &str) {
        (&self.keys.0, &self.keys.1)
    }

    /// Whether it is the embedded one, which goes by the clock that it was given and keeps all versions from the start.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.embedded
    }
}

/// The name of the test that runs, as the test harness names its threads.
fn test() -> String {
    std::thread::current().name().unwrap_or("unnamed").to_owned()
}

/// A name that nobody else has: of bytes that tables and buckets take, and short enough for a bucket.
fn unique() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("muster-test-{}-{number}", std::process::id())
}

/// Adds a line to the log, if there is one.
fn log(line: &str) -> Result<(), Error> {
    let Some(path) = variable("MUSTER_TEST_LOG") else {
        return Ok(());
    };
    let append = std::fs::OpenOptions::new().create(true).append(true).open(&path);
    append
        .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
        .map_err(|error| Error::Environment(format!("MUSTER_TEST_LOG: {path}: {error}")))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests have no main that could read the environment for them"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
