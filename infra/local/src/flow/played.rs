//! What a sandbox does otherwise: rows come to what their serial numbers ask for, and slow ones take their time.

use std::time::Duration;

use muster_core::message::BatchMessage;
use muster_core::record::Checked;
use muster_core::sandbox;
use muster_runtime::Delivery;
use muster_store::queue::QueueName;

use super::Embedded;

impl Embedded {
    /// What becomes of the rows of a batch once they are validated.
    pub(super) fn played(&self) -> fn(&mut [Checked]) {
        if self.is_sandbox() { sandbox::play } else { |_| {} }
    }

    /// How long a message is to wait before it is delivered the first time; nothing where it need not.
    pub(super) async fn slowed(&self, delivery: Delivery<'_>) -> Option<Duration> {
        let registers = matches!(delivery.queue, QueueName::Register | QueueName::RegisterExpress);
        if !self.is_sandbox() || !registers || delivery.receives > 1 {
            return None;
        }
        let message: BatchMessage = serde_json::from_str(delivery.body).ok()?;
        // What cannot be read now is read by the function, which says so.
        let rows = self.validated().get(&message.upload, message.number).await.ok()??;
        Some(sandbox::pause(&rows)).filter(|pause| !pause.is_zero())
    }
}
