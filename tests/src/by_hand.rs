//! An upload whose messages a journey delivers by hand, so that it says when, how often and to which process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use muster_core::id::{PartnerId, TenantId, UploadId};
use muster_core::inbox::{InboxKey, NO_TENANT};
use muster_core::message::{BatchMessage, FinishMessage, ObjectsCreated};
use muster_core::upload::ObjectVersion;
use muster_local::faults::{Fault, FaultPoint, Faulty};
use muster_local::flow::Embedded;
use muster_runtime::{Delivery, Verdict};
use muster_store::queue::QueueName;
use serde::Serialize;

use crate::world::{Result, Seen, World};

/// An upload that is validated, and not registered yet.
pub struct ByHand<'a> {
    world: &'a World,
    object: ObjectVersion,
    batches: Vec<BatchMessage>,
}

impl<'a> ByHand<'a> {
    /// Drops a list, splits and validates it. The workers of the world stop for good.
    ///
    /// # Errors
    /// When one of these fails.
    pub async fn validated(
        world: &'a World,
        channel: &str,
        partner: Option<&PartnerId>,
        tenant: TenantId,
        body: Vec<u8>,
    ) -> Result<Self> {
        let place = match channel {
            "catalogue" => NO_TENANT.to_owned(),
            _ => tenant.to_string(),
        };
        let key = InboxKey::format(channel, partner.map(PartnerId::as_str), &place, "list.csv");
        let object = world.drop_file_unseen(&key, body).await?;
        done(deliver(&world.embedded, QueueName::Split, &ObjectsCreated::of(&object)).await?)?;
        let upload = object.upload_id();
        let cuts = world.embedded.uploads().cuts(&upload).await?;
        let batches: Vec<BatchMessage> = (0..)
            .zip(cuts.into_iter().flat_map(|(_, batches)| batches))
            .map(|(number, batch)| BatchMessage {
                upload: upload.clone(),
                tenant,
                number,
                object: object.clone(),
                batch,
                express: false,
            })
            .collect();
        for batch in &batches {
            done(deliver(&world.embedded, QueueName::Validate, batch).await?)?;
        }
        Ok(Self { world, object, batches })
    }

    /// Its id.
    #[must_use]
    pub fn upload(&self) -> UploadId {
        self.object.upload_id()
    }

    /// How many batches there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batches.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Delivers the message of a batch to the function that registers it, in this process.
    ///
    /// # Errors
    /// When there is no such batch.
    pub async fn register(&self, process: &Embedded, number: usize) -> Result<Verdict> {
        let batch = self.batches.get(number).ok_or("there is no such batch")?;
        deliver(process, QueueName::Register, batch).await
    }

    /// Registers all batches in order, and finishes.
    ///
    /// # Errors
    /// When one of these fails.
    pub async fn calmly(&self) -> Result<Seen> {
        for number in 0..self.len() {
            done(self.register(&self.world.embedded, number).await?)?;
        }
        self.finished().await
    }

    /// Finishes the upload, whose batches must all be registered.
    ///
    /// # Errors
    /// When it cannot be finished.
    pub async fn finished(&self) -> Result<Seen> {
        let first = self.batches.first().ok_or("there is no batch")?;
        let message = FinishMessage {
            upload: first.upload.clone(),
            tenant: first.tenant,
        };
        done(deliver(&self.world.embedded, QueueName::Finish, &message).await?)?;
        self.world.seen(&self.object).await
    }
}

async fn deliver(process: &Embedded, queue: QueueName, message: &impl Serialize) -> Result<Verdict> {
    let body = serde_json::to_string(message)?;
    let delivery = Delivery {
        queue,
        body: &body,
        receives: 1,
    };
    Ok(process.deliver(delivery).await)
}

fn done(verdict: Verdict) -> Result<()> {
    match verdict {
        Verdict::Done => Ok(()),
        Verdict::Again => Err("a message failed".into()),
    }
}

/// The same state as a process sees it to which `plan` happens at its n-th transaction, counted from 1.
pub fn at_transactions(embedded: &Embedded, plan: impl Fn(u64) -> Fault + Send + Sync + 'static) -> Embedded {
    let transactions = AtomicU64::new(0);
    let plan: muster_local::faults::Plan = Arc::new(move |point: &FaultPoint| {
        if point.operation != "TransactWriteItems" {
            return Fault::None;
        }
        plan(transactions.fetch_add(1, Ordering::SeqCst) + 1)
    });
    embedded.again(|client: SharedHttpClient| Faulty::new(client, Arc::clone(&plan)).http_client())
}

/// A report without the ids of devices, which hold the object's version.
#[must_use]
pub fn told(seen: &Seen) -> Vec<String> {
    let without_id = |line: &str| {
        let cells = line.split(',').enumerate();
        cells
            .map(|(at, cell)| if at == 6 { "" } else { cell })
            .collect::<Vec<_>>()
            .join(",")
    };
    seen.report.lines().map(without_id).collect()
}
