//! Idempotency keys: what a client was answered, so that it may ask again.
//!
//! A request with a key is begun once: the item is put if absent. While it is worked on, the same key is turned away; once
//! it is answered, the answer is given again. Should its process die in between, the next one takes over when the
//! work's time is up, and is given the same seed: whatever the request makes takes its ids from the seed, so that the
//! second run finds what the first one made.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::ToSpan as _;
use muster_core::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::StoreError;
use crate::item::{Attributes, Item, millis, read};
use crate::keys;
use crate::table::{Condition, Table, Written};

/// Idempotency keys. Needs `dynamodb:GetItem`, `PutItem`, `UpdateItem` and `DeleteItem` on the table.
#[derive(Clone)]
pub struct Idempotency {
    table: Table,
}

/// How long a key is remembered, in hours.
pub const KEPT_HOURS: i64 = 24;

/// How long a request may be worked on, in seconds, before another one takes over; longer than any function runs.
const WORK_SECONDS: i64 = 60;

/// Bytes of an answer that are kept at most: an item holds 400 KB. A longer one is made again.
const MAX_ANSWER: usize = 256 << 10;

/// A request with a key, by digests alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Who asks, for what, and with which key.
    key: String,
    /// What is asked.
    request: String,
}

/// What ids are made of: the same for every run of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 16]);

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Where to look at what was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The entity tag of what was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The body.
    pub body: String,
}

/// What beginning a request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is to be carried out now, with this seed.
    Now(Seed),
    /// It was answered before.
    Answered(GivenAnswer),
    /// The same key came with another request before.
    OtherRequest,
    /// The same request is worked on at this moment.
    UnderWay,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyItem {
    request: String,
    begun_ms: i64,
    /// Until then it is worked on by whoever wrote this.
    until_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<GivenAnswer>,
    ttl: i64,
}

/// What a request resolved before it changed anything.
#[derive(Serialize, Deserialize)]
struct ResolvedItem<T> {
    resolved: T,
    ttl: i64,
}

impl KeyedRequest {
    /// The request that `words` tell apart from others of its caller (who calls, which path, the key itself), with this body.
    #[must_use]
    pub fn new(words: &[&str], body: &[u8]) -> Self {
        let mut sha = Sha256::new();
        for word in words {
            sha.update(u64::try_from(word.len()).unwrap_or(u64::MAX).to_be_bytes());
            sha.update(word);
        }
        Self {
            key: hex(&sha.finalize()),
            request: hex(&Sha256::digest(body)),
        }
    }

    fn seed(&self, begun_ms: i64) -> Seed {
        let mut sha = Sha256::new();
        sha.update(&self.key);
        sha.update(begun_ms.to_be_bytes());
        let digest = sha.finalize();
        Seed(std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default()))
    }
}

impl Idempotency {
    /// The keys in this table.
    #[must_use]
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// Begins a request, or says what became of it.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn begin(&self, keyed: &KeyedRequest, now: Timestamp) -> Result<Begun, StoreError> {
        let fresh = KeyItem {
            request: keyed.request.clone(),
            begun_ms: now.as_millisecond(),
            until_ms: later(now),
            answer: None,
            ttl: kept_until(now),
        };
        // The store deletes what has outlived its time, but not at once.
        let free = Condition::new("attribute_not_exists(pk) OR #ttl <= :now")
            .name("#ttl", "ttl")
            .value(":now", AttributeValue::N(now.as_second().to_string()));
        let item = Item::new(&keys::idempotency(&keyed.key), &fresh)?;
        let known: KeyItem = match self.table.put(item, Some(free)).await? {
            Written::Done => return Ok(Begun::Now(keyed.seed(fresh.begun_ms))),
            Written::Refused(Some(known)) => read(known)?,
            Written::Refused(None) => return Err(StoreError::contended("begin a request")),
        };
        if known.request != keyed.request {
            return Ok(Begun::OtherRequest);
        }
        if let Some(answer) = known.answer {
            return Ok(Begun::Answered(answer));
        }
        if known.until_ms > now.as_millisecond() {
            return Ok(Begun::UnderWay);
        }
        self.take_over(keyed, &known, now).await
    }

    /// Keeps what a request resolved, before it changes anything. A repeat is given what the first run kept: it may find
    /// something else by itself, since the first run changed it. 200 KB at most.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn keep<T>(&self, seed: Seed, resolved: T, now: Timestamp) -> Result<T, StoreError>
    where
        T: Serialize + DeserializeOwned + Send + Sync,
    {
        let fresh = ResolvedItem {
            resolved: &resolved,
            ttl: kept_until(now),
        };
        let item = Item::new(&keys::resolved(&hex(&Sha256::digest(seed.0))), &fresh)?;
        match self.table.put(item, Some(Condition::absent())).await? {
            Written::Done => Ok(resolved),
            Written::Refused(Some(known)) => Ok(read::<ResolvedItem<T>>(known)?.resolved),
            Written::Refused(None) => Err(StoreError::contended("keep what a request resolved")),
        }
    }

    /// Goes on with a request whose process died, unless another one was faster.
    async fn take_over(&self, keyed: &KeyedRequest, seen: &KeyItem, now: Timestamp) -> Result<Begun, StoreError> {
        let condition = Condition::new("#until = :seen AND attribute_not_exists(#answer)")
            .name("#until", "untilMs")
            .name("#answer", "answer")
            .value(":seen", AttributeValue::N(seen.until_ms.to_string()))
            .value(":until", AttributeValue::N(later(now).to_string()));
        Ok(match self.update(keyed, "SET #until = :until", condition).await? {
            Ok(_) => Begun::Now(keyed.seed(seen.begun_ms)),
            Err(_) => Begun::UnderWay,
        })
    }

    /// Keeps the answer of a request that was carried out. One that is too long is not kept, and made again from the same
    /// seed.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn answer(&self, keyed: &KeyedRequest, answer: &GivenAnswer) -> Result<(), StoreError> {
        if answer.body.len() > MAX_ANSWER {
            return self.give_back(keyed).await;
        }
        let value = serde_dynamo::to_attribute_value(answer).map_err(|e| StoreError::corrupt("keep an answer", e))?;
        let condition = of_request(keyed).name("#answer", "answer").value(":answer", value);
        // Where the item is gone or another's, this answer came too late to matter.
        let _ = self.update(keyed, "SET #answer = :answer", condition).await?;
        Ok(())
    }

    /// Lets the next one with this key carry the request out again, with the same seed: this time it may have been carried
    /// out in part.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn give_back(&self, keyed: &KeyedRequest) -> Result<(), StoreError> {
        let condition = of_request(keyed)
            .name("#until", "untilMs")
            .value(":until", millis(Timestamp::UNIX_EPOCH));
        let _ = self.update(keyed, "SET #until = :until", condition).await?;
        Ok(())
    }

    /// Forgets a request of which nothing was carried out, so that its key may be used again, for another one too.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn forget(&self, keyed: &KeyedRequest) -> Result<(), StoreError> {
        let key = keys::idempotency(&keyed.key);
        let condition = of_request(keyed).name("#answer", "answer");
        self.table.delete(&key, condition).await.map(|_| ())
    }

    async fn update(
        &self,
        keyed: &KeyedRequest,
        expression: &str,
        condition: Condition,
    ) -> Result<Result<Attributes, Option<Attributes>>, StoreError> {
        let key = keys::idempotency(&keyed.key);
        self.table.update(&key, expression, condition).await
    }
}

/// The item is there, for this request, and not answered.
fn of_request(keyed: &KeyedRequest) -> Condition {
    Condition::new("#request = :request AND attribute_not_exists(#answer)")
        .name("#request", "request")
        .name("#answer", "answer")
        .value(":request", AttributeValue::S(keyed.request.clone()))
}

fn kept_until(now: Timestamp) -> i64 {
    now.checked_add(KEPT_HOURS.hours()).unwrap_or(now).as_second()
}

fn later(now: Timestamp) -> i64 {
    now.checked_add(WORK_SECONDS.seconds()).unwrap_or(now).as_millisecond()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
