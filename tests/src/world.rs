//! A world on the embedded engines in memory: tenants, partners, and what they upload.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use hardware_hash::hypervisor::HYPER_V;
use jiff::Timestamp;
use muster_core::channel::Channel;
use muster_core::device::Device;
use muster_core::grant::{Grant, GrantRequest, Verb};
use muster_core::history::Requester;
use muster_core::id::{DeviceId, PartnerId, TenantId};
use muster_core::inbox::{InboxKey, UploadOptions};
use muster_core::message::ObjectsCreated;
use muster_core::party::{Partner, PartnerKind, Registrant, Tenant};
use muster_core::upload::ObjectVersion;
use muster_local::counting::Counting;
use muster_local::flow::{Embedded, Flow};
use muster_runtime::{Delivery, Verdict};
use muster_store::devices::{Act, DeviceFilter, Released};
use muster_store::queue::QueueName;
use muster_store::reports::{fixit_key, report_key};
use muster_store::uploads::UploadStatus;

/// The id of the tenant of most journeys.
pub const FABRIKAM: &str = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10";

/// The id of another tenant.
pub const TAILSPIN: &str = "2c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21";

/// The manufacturers of all synthetic devices, virtual machines included. Each OEM of a world stands for them.
const MANUFACTURERS: [&str; 2] = ["Contoso", HYPER_V.manufacturer];

/// 2026-01-01 in milliseconds.
const NEW_YEAR: i64 = 1_767_225_600_000;

fn at(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(millisecond).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Anything that keeps a journey from going on.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The world.
pub struct World {
    /// Its state.
    pub embedded: Embedded,
    /// Its work.
    pub flow: Flow,
    clock: Arc<AtomicI64>,
    pub(crate) harvests: AtomicU64,
}

/// A finished upload as its sender sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The upload.
    pub status: UploadStatus,
    /// How many rows came to each outcome, by name.
    pub counts: BTreeMap<String, u64>,
    /// `report.csv`; empty where there is none.
    pub report: String,
    /// `fixit.csv`; empty where there is none.
    pub fixit: Vec<u8>,
}

impl World {
    /// A new world; it is 2026-01-01, and the clock stands until it is moved.
    ///
    /// # Errors
    /// When the engines cannot start.
    pub async fn new() -> Result<Self> {
        let clock = Arc::new(AtomicI64::new(NEW_YEAR));
        let read = Arc::clone(&clock);
        let now = move || at(read.load(Ordering::Relaxed));
        let embedded = Embedded::in_memory(Arc::new(now)).await?;
        let flow = Flow::start(&embedded).await?;
        Ok(Self::over(embedded, flow, clock))
    }

    const fn over(embedded: Embedded, flow: Flow, clock: Arc<AtomicI64>) -> Self {
        Self {
            embedded,
            flow,
            clock,
            harvests: AtomicU64::new(0),
        }
    }

    /// A new world that is a sandbox, with everybody in it.
    ///
    /// # Errors
    /// When the engines cannot start.
    pub async fn sandbox() -> Result<Self> {
        let Self {
            embedded, flow, clock, ..
        } = Self::new().await?;
        drop(flow);
        let embedded = embedded.as_sandbox();
        embedded.fill_sandbox().await?;
        let flow = Flow::start(&embedded).await?;
        Ok(Self::over(embedded, flow, clock))
    }

    /// A new world in which nobody works, on a runtime whose clock is paused and is this world's clock, too. The ids of
    /// versions follow from their keys.
    ///
    /// # Errors
    /// When the engines cannot start.
    pub async fn on_paused_clock() -> Result<Self> {
        let clock = Arc::new(AtomicI64::new(NEW_YEAR));
        let (read, start) = (Arc::clone(&clock), tokio::time::Instant::now());
        let now = move || {
            let passed = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
            at(read.load(Ordering::Relaxed).saturating_add(passed))
        };
        let versions = Mutex::new(BTreeMap::<String, u64>::new());
        let version_ids = move |key: &str| {
            let mut versions = versions.lock().unwrap_or_else(PoisonError::into_inner);
            let count = versions.entry(key.to_owned()).or_default();
            *count += 1;
            format!("{count:032}")
        };
        let embedded = Embedded::in_memory_with(Arc::new(now), Arc::new(version_ids)).await?;
        let flow = Flow::work(&embedded);
        flow.stop();
        Ok(Self::over(embedded, flow, clock))
    }

    /// The same world with its process started anew, and with decorators around its engines.
    ///
    /// # Errors
    /// When the engines cannot start.
    pub async fn restarted(self, wrap: impl Fn(SharedHttpClient) -> SharedHttpClient) -> Result<Self> {
        let embedded = self.embedded.again(wrap);
        drop(self.flow);
        let flow = Flow::start(&embedded).await?;
        Ok(Self {
            embedded,
            flow,
            clock: self.clock,
            harvests: self.harvests,
        })
    }

    /// The same state, seen by other processes, whose calls are counted: those of DynamoDB, and those of S3.
    ///
    /// # Errors
    /// When the engines cannot start.
    pub async fn counted(self) -> Result<(Self, [Counting; 2])> {
        let counters: Mutex<Vec<Counting>> = Mutex::default();
        let world = self
            .restarted(|client| {
                let counting = Counting::new(client);
                let client = counting.http_client();
                counters.lock().unwrap_or_else(PoisonError::into_inner).push(counting);
                client
            })
            .await?;
        let counters = counters.into_inner().unwrap_or_else(PoisonError::into_inner);
        let counters = <[Counting; 2]>::try_from(counters).map_err(|_| "there are two clients")?;
        Ok((world, counters))
    }

    /// Lets time pass.
    pub fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.embedded.now()
    }

    /// Makes a tenant known.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn tenant(&self, name: &str, id: &str) -> Result<TenantId> {
        let id: TenantId = id.parse()?;
        let tenant = Tenant::new(id, name, self.now());
        self.embedded.tenants().create(&tenant).await?;
        Ok(id)
    }

    /// Makes a partner known.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn partner(&self, id: &str, kind: PartnerKind, provider: Option<&str>) -> Result<PartnerId> {
        let id: PartnerId = id.parse()?;
        let provider = provider.map(str::parse).transpose()?;
        let names: &[&str] = if kind == PartnerKind::Oem { &MANUFACTURERS } else { &[] };
        let partner = Partner {
            provider,
            manufacturers: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Partner::new(id.clone(), id.to_string(), kind, self.now())
        };
        self.embedded.partners().create(&partner).await?;
        Ok(id)
    }

    /// Asks for consent.
    ///
    /// # Errors
    /// When it cannot be asked for.
    pub async fn request(&self, tenant: TenantId, partner: &PartnerId, expires_at: Option<Timestamp>) -> Result<()> {
        let known = self.embedded.partners().get(partner).await?.ok_or("no such partner")?;
        let request = GrantRequest {
            tenant,
            partner: partner.clone(),
            kind: known.kind,
            verbs: Verb::ALL.to_vec(),
            channels: None,
            expires_at,
            delegated_administration: false,
            by: "partner".into(),
        };
        self.embedded.grants().request(request, self.now()).await??;
        Ok(())
    }

    /// Asks for consent and gives it.
    ///
    /// # Errors
    /// When it cannot be given.
    pub async fn consent(&self, tenant: TenantId, partner: &PartnerId) -> Result<Grant> {
        self.request(tenant, partner, None).await?;
        Ok(self
            .embedded
            .grants()
            .grant(tenant, partner, "admin", self.now())
            .await??)
    }

    /// Drops a file in the inbox. One for the channel `automatic` comes as the list of a harvest does, under a name of its own;
    /// unless its options are none that a harvest could have.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn drop_file(&self, key: &str, body: Vec<u8>, metadata: &[(&str, &str)]) -> Result<ObjectVersion> {
        let options = UploadOptions::from_metadata(metadata.iter().copied());
        let parsed = InboxKey::parse(key).filter(|parsed| parsed.channel == Channel::Automatic.as_str());
        if let (Some(parsed), Ok(options)) = (parsed, options) {
            return self.hand_in(&parsed, body, options).await;
        }
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("list.csv");
        std::fs::write(&path, body)?;
        let metadata: BTreeMap<String, String> = metadata
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Ok(self
            .embedded
            .objects()
            .put_file(key, &path, "text/csv", &metadata)
            .await?)
    }

    /// Drops a file while nobody works: the workers of this world see it only when they are started anew.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn drop_file_unseen(&self, key: &str, body: Vec<u8>) -> Result<ObjectVersion> {
        self.flow.stop();
        self.drop_file(key, body, &[]).await
    }

    /// Splits an upload by hand; then the queues forget its batches, and the bucket its event.
    ///
    /// # Errors
    /// When it cannot be split.
    pub async fn split_and_forget(&self, object: &ObjectVersion) -> Result<()> {
        let body = serde_json::to_string(&ObjectsCreated::of(object))?;
        let delivery = Delivery {
            queue: QueueName::Split,
            body: &body,
            receives: 1,
        };
        if self.embedded.deliver(delivery).await == Verdict::Again {
            return Err("the upload could not be split".into());
        }
        self.embedded.queue().forget();
        Ok(self.embedded.forget_events().await?)
    }

    /// Uploads a list, waits until everything is worked off, and looks at what came of it.
    ///
    /// # Errors
    /// When the store is out of reach, or there is no such upload afterwards.
    pub async fn upload(
        &self,
        channel: &str,
        partner: Option<&PartnerId>,
        tenant: TenantId,
        body: Vec<u8>,
    ) -> Result<Seen> {
        self.upload_with(channel, partner, tenant, body, &[]).await
    }

    /// Uploads a list for a manufacturer's catalogue, as [`Self::upload`].
    ///
    /// # Errors
    /// As there.
    pub async fn catalogue(&self, partner: &PartnerId, body: Vec<u8>) -> Result<Seen> {
        self.catalogue_for(partner, None, body).await
    }

    /// The same, of devices that are meant for a partner.
    ///
    /// # Errors
    /// As there.
    pub async fn catalogue_for(&self, partner: &PartnerId, meant: Option<&PartnerId>, body: Vec<u8>) -> Result<Seen> {
        let key = InboxKey::of_catalogue(partner, "list.csv");
        let options: Vec<(&str, &str)> = meant
            .iter()
            .map(|meant| ("muster-intended-for", meant.as_str()))
            .collect();
        let object = self.drop_file(&key, body, &options).await?;
        self.flow.idle().await;
        self.seen(&object).await
    }

    /// As [`Self::upload`], with options.
    ///
    /// # Errors
    /// As there.
    pub async fn upload_with(
        &self,
        channel: &str,
        partner: Option<&PartnerId>,
        tenant: TenantId,
        body: Vec<u8>,
        options: &[(&str, &str)],
    ) -> Result<Seen> {
        let key = InboxKey::format(channel, partner.map(PartnerId::as_str), &tenant.to_string(), "list.csv");
        let object = self.drop_file(&key, body, options).await?;
        self.flow.idle().await;
        self.seen(&object).await
    }

    /// What came of an object version.
    ///
    /// # Errors
    /// When there is no upload of it.
    pub async fn seen(&self, object: &ObjectVersion) -> Result<Seen> {
        let id = object.upload_id();
        let status = self
            .embedded
            .uploads()
            .get(&id)
            .await?
            .ok_or("there is no such upload")?;
        let counts = status
            .counts
            .iter()
            .map(|(outcome, count)| (outcome.name().to_owned(), *count))
            .collect();
        let objects = self.embedded.objects();
        let report = objects.get_small(&report_key(&id)).await?.unwrap_or_default();
        let fixit = objects.get_small(&fixit_key(&id)).await?.unwrap_or_default();
        Ok(Seen {
            status,
            counts,
            report: String::from_utf8(report.to_vec())?,
            fixit: fixit.to_vec(),
        })
    }

    /// All registered devices of a tenant.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn devices(&self, tenant: TenantId) -> Result<Vec<Device>> {
        let mut all = Vec::new();
        let mut from = None;
        loop {
            let page = self
                .embedded
                .devices()
                .list(tenant, &DeviceFilter::default(), from.as_deref(), 100)
                .await?;
            all.extend(page.devices);
            match page.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        all.sort_by(|a: &Device, b| a.serial.cmp(&b.serial));
        Ok(all)
    }

    /// Releases a device, as the tenant's own administrator.
    ///
    /// # Errors
    /// When the tenant may not, or the store is out of reach.
    pub async fn release(&self, device: DeviceId, tenant: TenantId) -> Result<Released> {
        let (own, verb, now) = (Registrant::Tenant, Verb::Release, self.now());
        let grants = self.embedded.grants();
        let answer = grants.permit(tenant, &own, None, verb, Channel::Intune, now).await?;
        let pin = answer.map_err(|denial| denial.code())?;
        let by = Requester::new("administrator", Registrant::Tenant);
        let act = Act {
            pin: &pin,
            by: &by,
            now,
        };
        Ok(self.embedded.devices().release(device, &act).await?)
    }

    /// Revokes a partner's consent.
    ///
    /// # Errors
    /// When it is not in force.
    pub async fn revoke(&self, tenant: TenantId, partner: &PartnerId) -> Result<()> {
        self.embedded
            .grants()
            .revoke(tenant, partner, "admin", self.now())
            .await??;
        Ok(())
    }
}
