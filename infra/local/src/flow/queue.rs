//! The queues in memory. They may forget: the table remembers, and sweep puts things on again.
//!
//! Fair as SQS's fair queues are: within a queue, tenants take turns.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use muster_core::id::UploadId;
use muster_store::queue::{Outgoing, Queue, QueueName, Sending};
use muster_store::{ErrorKind, StoreError};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::stops::{self, Stops};
use crate::metrics::Metrics;

/// How many events, dead letters and reasons are kept for whoever asks.
const KEPT: usize = 1000;

/// A message that was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The queue that it was in.
    pub queue: QueueName,
    /// The message.
    pub body: String,
    /// Why.
    pub reason: String,
}

/// All queues of a process.
#[derive(Debug, Default)]
pub struct InProcess {
    state: Mutex<State>,
    changed: Notify,
    /// Where dead letters are kept, a JSON line each; in memory alone where there is no directory.
    dead_letters: Option<PathBuf>,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct State {
    lanes: BTreeMap<QueueName, Lanes>,
    /// Messages that were taken and neither done nor given back.
    in_hand: BTreeMap<QueueName, Vec<String>>,
    events: VecDeque<String>,
    dead: VecDeque<DeadLetter>,
    stops: Stops,
}

/// One queue: a lane for each tenant, which take turns; and what waits for another try.
#[derive(Debug, Default)]
struct Lanes {
    turns: VecDeque<Option<String>>,
    ready: BTreeMap<Option<String>, VecDeque<Message>>,
    later: Vec<(Instant, Message)>,
}

/// A message that was taken from a queue.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) body: String,
    pub(super) group: Option<String>,
    /// How often it was taken, this time included.
    pub(super) receives: u32,
}

impl Lanes {
    fn push(&mut self, message: Message) {
        let lane = self.ready.entry(message.group.clone()).or_default();
        if lane.is_empty() {
            self.turns.push_back(message.group.clone());
        }
        lane.push_back(message);
    }

    fn pop(&mut self, now: Instant) -> Option<Message> {
        let (ripe, later) = std::mem::take(&mut self.later)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.later = later;
        let ripe: Vec<(Instant, Message)> = ripe;
        ripe.into_iter().for_each(|(_, message)| self.push(message));
        let group = self.turns.pop_front()?;
        let lane = self.ready.get_mut(&group)?;
        let message = lane.pop_front();
        if lane.is_empty() {
            self.ready.remove(&group);
        } else {
            self.turns.push_back(group);
        }
        message.map(|message| Message {
            receives: message.receives + 1,
            ..message
        })
    }

    fn bodies(&self) -> impl Iterator<Item = &String> {
        let ready = self.ready.values().flatten();
        ready
            .chain(self.later.iter().map(|(_, message)| message))
            .map(|message| &message.body)
    }

    fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.later.is_empty()
    }

    fn len(&self) -> usize {
        self.ready.values().map(VecDeque::len).sum::<usize>() + self.later.len()
    }
}

impl State {
    /// A message of this queue is not worked on any more.
    fn put_down(&mut self, queue: QueueName, body: &str) {
        if let Entry::Occupied(mut in_hand) = self.in_hand.entry(queue) {
            let bodies = in_hand.get_mut();
            if let Some(at) = bodies.iter().position(|of| of == body) {
                bodies.swap_remove(at);
            }
            if bodies.is_empty() {
                in_hand.remove();
            }
        }
    }
}

impl InProcess {
    /// Queues whose dead letters are kept in this file, and counted.
    pub(super) fn new(dead_letters: Option<PathBuf>, metrics: Arc<Metrics>) -> Self {
        Self {
            dead_letters,
            metrics,
            ..Self::default()
        }
    }

    /// Writes a dead letter where a person will find it.
    fn record(&self, letter: &DeadLetter) -> Result<(), StoreError> {
        let Some(path) = &self.dead_letters else {
            return Ok(());
        };
        let failed = |e: std::io::Error| {
            let message = format!("{}: {e}", path.display());
            StoreError::new(ErrorKind::Transient, "keep a dead letter", message)
        };
        let DeadLetter { queue, body, reason } = letter;
        let line = serde_json::json!({ "queue": queue.as_str(), "reason": reason, "body": body });
        let mut file = File::options().create(true).append(true).open(path).map_err(failed)?;
        writeln!(file, "{line}").map_err(failed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing here can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next message of a queue; waits until there is one.
    pub(super) async fn take(&self, queue: QueueName) -> Message {
        loop {
            let changed = self.changed.notified();
            let wait = {
                let mut state = self.state();
                let lanes = state.lanes.entry(queue).or_default();
                if let Some(message) = lanes.pop(Instant::now()) {
                    state.in_hand.entry(queue).or_default().push(message.body.clone());
                    return message;
                }
                lanes.later.iter().map(|(at, _)| *at).min()
            };
            match wait {
                None => changed.await,
                Some(at) => tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep_until(at) => {}
                },
            }
        }
    }

    /// A message that was taken is done with.
    pub(super) fn done(&self, queue: QueueName, message: &Message) {
        self.state().put_down(queue, &message.body);
        self.changed.notify_waiters();
    }

    /// A message that was taken comes again, after a while.
    pub(super) fn again(&self, queue: QueueName, message: Message, after: Duration) {
        let mut state = self.state();
        state.put_down(queue, &message.body);
        state
            .lanes
            .entry(queue)
            .or_default()
            .later
            .push((Instant::now() + after, message));
        drop(state);
        self.changed.notify_waiters();
    }

    /// The uploads of which a message waits or is worked on.
    pub(super) fn uploads(&self) -> BTreeSet<UploadId> {
        let messages: Vec<(QueueName, String)> = {
            let state = self.state();
            let waiting = state
                .lanes
                .iter()
                .flat_map(|(queue, lanes)| lanes.bodies().map(|body| (*queue, body)));
            let in_hand = state
                .in_hand
                .iter()
                .flat_map(|(queue, bodies)| bodies.iter().map(|body| (*queue, body)));
            waiting
                .chain(in_hand)
                .map(|(queue, body)| (queue, body.clone()))
                .collect()
        };
        messages
            .iter()
            .flat_map(|(queue, body)| stops::uploads(*queue, body))
            .collect()
    }

    /// Whether nothing waits and nothing is worked on.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state();
        state.in_hand.is_empty() && state.lanes.values().all(Lanes::is_empty)
    }

    /// Waits until nothing waits and nothing is worked on.
    pub(super) async fn idle(&self) {
        loop {
            let changed = self.changed.notified();
            if self.is_idle() {
                return;
            }
            changed.await;
        }
    }

    /// Forgets all messages, as the end of the process does; says how many there were.
    pub fn forget(&self) -> usize {
        let lanes = std::mem::take(&mut self.state().lanes);
        lanes.values().map(Lanes::len).sum()
    }

    /// For each queue the messages that wait, and those that are worked on.
    pub(crate) fn depths(&self) -> Vec<(QueueName, usize, usize)> {
        let state = self.state();
        let depth = |queue| {
            let waiting = state.lanes.get(&queue).map_or(0, Lanes::len);
            (queue, waiting, state.in_hand.get(&queue).map_or(0, Vec::len))
        };
        let queues = QueueName::ALL.into_iter().filter(|queue| *queue != QueueName::Events);
        queues.map(depth).collect()
    }

    /// The newest events, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<String> {
        self.state().events.iter().cloned().collect()
    }

    /// Why an upload stopped, if it did.
    pub(super) fn stopped(&self, id: &UploadId) -> Option<String> {
        self.state().stops.reason(id).map(str::to_owned)
    }

    /// An upload comes to no end, for this reason.
    pub(super) fn note_stop(&self, id: UploadId, reason: &str) {
        self.state().stops.insert(id, reason);
    }

    /// An upload is put on again.
    pub(super) fn forget_stop(&self, id: &UploadId) {
        self.state().stops.forget(id);
    }

    /// Uploads are put on again with these messages. [`send`](Queue::send) does not say so: what one batch hands on says
    /// nothing of another batch that was put aside.
    pub(super) fn forget_stops(&self, queue: QueueName, messages: &[Outgoing]) {
        let mut state = self.state();
        for message in messages {
            state.stops.forget_of(queue, &message.body);
        }
    }

    /// The newest dead letters, oldest first.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.state().dead.iter().cloned().collect()
    }
}

impl Queue for InProcess {
    fn send(&self, queue: QueueName, messages: Vec<Outgoing>) -> Sending<'_> {
        let mut state = self.state();
        for Outgoing { body, group } in messages {
            if queue == QueueName::Events {
                keep(&mut state.events, body);
            } else {
                state.lanes.entry(queue).or_default().push(Message {
                    body,
                    group,
                    receives: 0,
                });
            }
        }
        drop(state);
        self.changed.notify_waiters();
        Box::pin(std::future::ready(Ok(())))
    }

    fn dead_letter(&self, queue: QueueName, body: String, reason: String) -> Sending<'_> {
        let letter = DeadLetter { queue, body, reason };
        let recorded = self.record(&letter);
        if recorded.is_ok() {
            self.metrics.dead_letter(queue);
            let mut state = self.state();
            state.stops.note(queue, &letter.body, &letter.reason);
            keep(&mut state.dead, letter);
            drop(state);
            self.changed.notify_waiters();
        }
        Box::pin(std::future::ready(recorded))
    }
}

/// Of more than fit the oldest is left out.
pub(super) fn keep<T>(list: &mut VecDeque<T>, value: T) {
    if list.len() == KEPT {
        list.pop_front();
    }
    list.push_back(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(group: &str, body: &str) -> Outgoing {
        Outgoing {
            body: body.to_owned(),
            group: Some(group.to_owned()),
        }
    }

    #[tokio::test]
    async fn tenants_take_turns() {
        let queue = InProcess::default();
        let messages = ["a1", "a2", "a3"]
            .map(|body| outgoing("a", body))
            .into_iter()
            .chain([outgoing("b", "b1")])
            .collect();
        queue.send(QueueName::Validate, messages).await.unwrap();
        let mut order = Vec::new();
        for _ in 0..4 {
            order.push(queue.take(QueueName::Validate).await.body);
        }
        assert_eq!(order, ["a1", "b1", "a2", "a3"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_failed_comes_again_later_and_counts() {
        let queue = InProcess::default();
        queue.send(QueueName::Split, vec![outgoing("a", "x")]).await.unwrap();
        let message = queue.take(QueueName::Split).await;
        assert_eq!(message.receives, 1);
        let start = Instant::now();
        queue.again(QueueName::Split, message, Duration::from_secs(3));
        let message = queue.take(QueueName::Split).await;
        assert_eq!(message.receives, 2);
        assert!(start.elapsed() >= Duration::from_secs(3));
        queue.done(QueueName::Split, &message);
        queue.idle().await;
    }
}
