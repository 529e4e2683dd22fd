//! The functions as in the cloud: queues that remember, deliver at least once and in any order; workers that die alone.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use journeys::world::{Result, World};
use muster_core::message::ObjectsCreated;
use muster_core::upload::ObjectVersion;
use muster_runtime::MAX_RECEIVES;
use muster_runtime::{Delivery, Verdict};
use muster_store::queue::{Outgoing, Queue, QueueName, Sending};
use sweep::Occasion;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::chaos::{Chaos, Process};

/// For how long a message that was taken is hidden.
const HIDDEN: Duration = Duration::from_secs(30);

/// How often the clock calls sweep.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// How long an upload may take, however much goes wrong.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone)]
struct Message {
    id: u64,
    queue: QueueName,
    body: String,
    receives: u32,
    /// From when on it can be taken.
    from: Instant,
}

/// All queues, as SQS would have them.
pub(crate) struct Queues {
    chaos: Option<Arc<Chaos>>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    messages: Vec<Message>,
    sent: u64,
    busy: usize,
    events: Vec<String>,
    put_aside: Vec<String>,
}

impl Queues {
    fn push(&self, queue: QueueName, body: String) {
        // Without mishaps, in the order of sending.
        let later = self.chaos.as_ref().map_or(0, |chaos| chaos.below(50));
        let mut state = self.state.lock().unwrap();
        state.sent += 1;
        let message = Message {
            id: state.sent,
            queue,
            body,
            receives: 0,
            from: Instant::now() + Duration::from_millis(later as u64),
        };
        state.messages.push(message);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Takes any message that can be taken; waits until there is one.
    async fn take(&self) -> Message {
        loop {
            let changed = self.changed.notified();
            let now = Instant::now();
            let next = {
                let mut state = self.state.lock().unwrap();
                let ripe: Vec<usize> = (0..state.messages.len())
                    .filter(|at| state.messages[*at].from <= now)
                    .collect();
                let pick = self.chaos.as_ref().map_or(0, |chaos| chaos.below(ripe.len()));
                if let Some(at) = ripe.get(pick) {
                    state.busy += 1;
                    let message = &mut state.messages[*at];
                    message.receives += 1;
                    message.from = now + HIDDEN;
                    return message.clone();
                }
                state.messages.iter().map(|message| message.from).min()
            };
            match next {
                None => changed.await,
                Some(from) => tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep_until(from) => {}
                },
            }
        }
    }

    /// A message that was taken: `Some` when it comes again, after this time; `None` when it is gone for good.
    fn give_back(&self, id: u64, after: Option<Duration>) {
        let mut state = self.state.lock().unwrap();
        state.busy -= 1;
        match after {
            None => state.messages.retain(|message| message.id != id),
            Some(after) => {
                let from = Instant::now() + after;
                state
                    .messages
                    .iter_mut()
                    .filter(|message| message.id == id)
                    .for_each(|message| message.from = from);
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// A message whose worker died: it is hidden for as long as it was going to be.
    fn abandon(&self) {
        self.state.lock().unwrap().busy -= 1;
        self.changed.notify_waiters();
    }

    fn is_idle(&self) -> bool {
        let state = self.state.lock().unwrap();
        state.busy == 0 && state.messages.is_empty()
    }
}

impl Queue for Queues {
    fn send(&self, queue: QueueName, messages: Vec<Outgoing>) -> Sending<'_> {
        for message in messages {
            if queue == QueueName::Events {
                self.state.lock().unwrap().events.push(message.body);
            } else {
                self.push(queue, message.body);
            }
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn dead_letter(&self, queue: QueueName, _: String, reason: String) -> Sending<'_> {
        self.state.lock().unwrap().put_aside.push(format!("{queue}: {reason}"));
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A world's functions at work.
pub(crate) struct Cloud {
    world: Arc<World>,
    chaos: Option<Arc<Chaos>>,
    queues: Arc<Queues>,
    workers: JoinSet<()>,
}

impl Cloud {
    pub(crate) fn new(world: &Arc<World>, chaos: Option<Arc<Chaos>>) -> Self {
        let queues = Arc::new(Queues {
            chaos: chaos.clone(),
            state: Mutex::default(),
            changed: Notify::new(),
        });
        let mut cloud = Self {
            world: world.clone(),
            chaos,
            queues,
            workers: JoinSet::new(),
        };
        for _ in 0..cloud.chaos.as_ref().map_or(1, |chaos| chaos.workers) {
            let (world, chaos, queues) = (cloud.world.clone(), cloud.chaos.clone(), cloud.queues.clone());
            cloud.workers.spawn(work(world, chaos, queues));
        }
        if let Some(chaos) = cloud.chaos.clone() {
            cloud
                .workers
                .spawn(sweep_on_schedule(cloud.world.clone(), chaos, cloud.queues.clone()));
        }
        cloud
    }

    /// Tells of an object that was dropped, as the bucket does: perhaps twice, perhaps never.
    pub(crate) fn notify(&self, object: &ObjectVersion) -> Result<()> {
        let body = serde_json::to_string(&ObjectsCreated::of(object))?;
        let may_be_lost = self.chaos.as_ref().is_some_and(|chaos| chaos.loses);
        let times = match self.chaos.as_ref().map_or(5, |chaos| chaos.below(20)) {
            0 if may_be_lost => 0,
            1 | 2 => 2,
            _ => 1,
        };
        for _ in 0..times {
            self.queues.push(QueueName::Split, body.clone());
        }
        Ok(())
    }

    /// Waits until these uploads are finished, and, unless the run is hasty, until no message is under way.
    pub(crate) async fn settle(&self, objects: &[ObjectVersion]) -> Result<()> {
        let hasty = self.chaos.as_ref().is_some_and(|chaos| chaos.hasty);
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let changed = self.queues.changed.notified();
            let idle = self.queues.is_idle();
            if (idle || hasty) && super::play::finished(&self.world, objects).await? {
                return Ok(());
            }
            // While all is quiet only the clock can help.
            let wait = if idle || hasty { SWEEP_EVERY / 2 } else { PATIENCE };
            let _ = tokio::time::timeout(wait, changed).await;
        }
        let aside = self.queues.state.lock().unwrap().put_aside.join("; ");
        Err(format!("after {PATIENCE:?} not all uploads are finished; put aside: {aside}").into())
    }

    /// Waits until no message is under way; the events that were sent.
    pub(crate) async fn end(&self) -> Vec<String> {
        loop {
            let changed = self.queues.changed.notified();
            if self.queues.is_idle() {
                return self.queues.state.lock().unwrap().events.clone();
            }
            changed.await;
        }
    }
}

/// One worker after another.
async fn work(world: Arc<World>, chaos: Option<Arc<Chaos>>, queues: Arc<Queues>) {
    let start = || match &chaos {
        Some(chaos) => (None, Some(chaos.process(&world, Some(queues.clone())))),
        None => (Some(world.embedded.clone().sending_through(|_| queues.clone())), None),
    };
    let mut process: (Option<_>, Option<Process>) = start();
    loop {
        let message = queues.take().await;
        if message.receives > MAX_RECEIVES + 1 {
            // What a worker could not put aside itself, the queue does.
            queues
                .state
                .lock()
                .unwrap()
                .put_aside
                .push(format!("{}: received too often", message.queue));
            queues.give_back(message.id, None);
            continue;
        }
        let delivery = Delivery {
            queue: message.queue,
            body: &message.body,
            receives: message.receives,
        };
        let embedded = process
            .0
            .as_ref()
            .or(process.1.as_ref().map(|process| &process.embedded));
        let Some(embedded) = embedded else { return };
        let verdict = embedded.deliver(delivery).await;
        if process.1.as_ref().is_some_and(Process::is_dead) {
            queues.abandon();
            process = start();
            continue;
        }
        let again = match verdict {
            Verdict::Again => Some(Duration::from_millis(500 * u64::from(message.receives))),
            Verdict::Done if chaos.as_ref().is_some_and(|chaos| chaos.again()) => Some(Duration::from_secs(2)),
            Verdict::Done => None,
        };
        queues.give_back(message.id, again);
    }
}

async fn sweep_on_schedule(world: Arc<World>, chaos: Arc<Chaos>, queues: Arc<Queues>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        // Only for what was lost or put aside: the rest goes on by itself.
        if !chaos.loses && queues.state.lock().unwrap().put_aside.is_empty() {
            continue;
        }
        // What fails is tried again by the next one.
        let _ = chaos
            .process(&world, Some(queues.clone()))
            .embedded
            .sweep(Occasion::Schedule)
            .await;
    }
}
