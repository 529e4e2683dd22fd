//! What goes wrong in a run: derived from its seed, and bounded, so that every run comes to an end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use fastrand::Rng;
use journeys::world::World;
use muster_local::conflicts::Conflicting;
use muster_local::faults::{Fault, Faulty, QueueFault};
use muster_local::flow::Embedded;
use muster_store::queue::{Queue, QueueName};
use tokio::time::Instant;

/// How many kinds of mishap there are: seven of calls, eight of sends, and messages that come again.
pub(crate) const KINDS: usize = 16;

/// How likely each mishap is, in thousandths of the calls or sends.
#[derive(Debug, Clone)]
struct Odds {
    calls: Vec<(Fault, u32)>,
    sends: Vec<(QueueFault, u32)>,
    /// Of handled messages: how many come again all the same.
    again: u32,
}

/// The mishaps of a run.
pub(crate) struct Chaos {
    rng: Mutex<Rng>,
    odds: Odds,
    /// How many more there may be.
    left: AtomicU32,
    /// How many of each kind there were.
    struck: Mutex<BTreeMap<String, u32>>,
    /// Whether transactions conflict, and for how long each holds its items then.
    conflicts: Option<Duration>,
    flight: Mutex<Option<Conflicting>>,
    pace: Arc<Pace>,
    /// Whether the next step begins though messages of the last one are still under way.
    pub(crate) hasty: bool,
    /// How many workers there are at once.
    pub(crate) workers: usize,
    /// Whether messages may be lost. In a cloud where none is, all must end without sweep.
    pub(crate) loses: bool,
}

/// One process: it dies by itself.
pub(crate) struct Process {
    pub(crate) embedded: Embedded,
    faulty: Faulty,
}

impl Process {
    pub(crate) fn is_dead(&self) -> bool {
        self.faulty.is_dead()
    }
}

impl Chaos {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let mut rng = Rng::with_seed(seed);
        let odds = Odds::new(&mut rng);
        Arc::new(Self {
            left: AtomicU32::new(rng.u32(1..40)),
            struck: Mutex::default(),
            conflicts: (rng.u8(0..3) == 0).then(|| Duration::from_millis(rng.u64(..400))),
            flight: Mutex::default(),
            pace: Arc::new(Pace::new(rng.fork())),
            hasty: rng.bool(),
            workers: rng.usize(1..5),
            loses: rng.bool(),
            odds,
            rng: Mutex::new(rng),
        })
    }

    /// A fresh process over the state of the world, which sends to `queue`, or else to queues of its own.
    pub(crate) fn process(self: &Arc<Self>, world: &World, queue: Option<Arc<dyn Queue>>) -> Process {
        let faulty: Mutex<Option<Faulty>> = Mutex::default();
        let embedded = world.embedded.again(|client| {
            let pace = self.pace.clone();
            let paced = Faulty::new(client, Arc::new(move |_| Fault::Delay(pace.next()))).http_client();
            let engine = match self.conflicts {
                Some(hold) => {
                    let mut flight = self.flight.lock().unwrap();
                    let conflicting = flight.get_or_insert_with(|| Conflicting::new(paced.clone()));
                    conflicting.set_hold(hold);
                    conflicting.also(paced).http_client()
                }
                None => paced,
            };
            let mut faulty = faulty.lock().unwrap();
            match &*faulty {
                Some(first) => first.also(engine).http_client(),
                None => {
                    let (chaos, outage) = (self.clone(), Mutex::new((Fault::None, 0)));
                    let plan = Arc::new(move |_: &_| chaos.call(&mut outage.lock().unwrap()));
                    faulty.insert(Faulty::new(engine, plan)).http_client()
                }
            }
        });
        let faulty = faulty.into_inner().unwrap().expect("every process has clients");
        let chaos = self.clone();
        let embedded = embedded.sending_through(|own| {
            let plan = Arc::new(move |queue, _| chaos.send(queue));
            Arc::new(faulty.queue(queue.unwrap_or(own), plan))
        });
        Process { embedded, faulty }
    }

    /// What happens to a call. Some mishaps last for a few calls, longer than the SDK tries.
    fn call(&self, outage: &mut (Fault, u32)) -> Fault {
        if outage.1 > 0 {
            outage.1 -= 1;
            return outage.0;
        }
        let Some(fault) = self.draw(&self.odds.calls) else {
            return Fault::None;
        };
        let mut rng = self.rng.lock().unwrap();
        match fault {
            Fault::Delay(_) => Fault::Delay(Duration::from_millis(rng.u64(1000..45_000))),
            Fault::Die => Fault::Die,
            _ => {
                *outage = (fault, if rng.u8(0..3) == 0 { rng.u32(1..9) } else { 0 });
                fault
            }
        }
    }

    /// What happens to a send. Whoever listens to events hears each of them: nothing looks for those that are lost.
    fn send(&self, queue: QueueName) -> QueueFault {
        match self.draw(&self.odds.sends) {
            Some(QueueFault::Later(_) | QueueFault::Lost) if queue == QueueName::Events => QueueFault::None,
            Some(QueueFault::Lost) if !self.loses => QueueFault::None,
            Some(QueueFault::Later(_)) => QueueFault::Later(Duration::from_secs(self.rng.lock().unwrap().u64(1..400))),
            fault => fault.unwrap_or(QueueFault::None),
        }
    }

    /// Whether a message that was handled comes again.
    pub(crate) fn again(&self) -> bool {
        self.draw(&[("again", self.odds.again)]).is_some()
    }

    /// How many mishaps of each kind there were.
    pub(crate) fn struck(&self) -> BTreeMap<String, u32> {
        self.struck.lock().unwrap().clone()
    }

    /// A number below `end`.
    pub(crate) fn below(&self, end: usize) -> usize {
        self.rng.lock().unwrap().usize(0..end.max(1))
    }

    fn draw<T: Copy + Debug>(&self, odds: &[(T, u32)]) -> Option<T> {
        if self.left.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut drawn = self.rng.lock().unwrap().u32(0..1000);
        for (mishap, odds) in odds {
            if drawn < *odds {
                self.left.fetch_sub(1, Ordering::Relaxed);
                let name = format!("{mishap:?}").replace("(0ns)", "").replace('"', "");
                let kind = if std::any::type_name::<T>().ends_with("QueueFault") {
                    "send"
                } else {
                    "call"
                };
                *self.struck.lock().unwrap().entry(format!("{kind} {name}")).or_default() += 1;
                return Some(*mishap);
            }
            drawn -= odds;
        }
        None
    }
}

impl Odds {
    fn new(rng: &mut Rng) -> Self {
        let mut some = |often: u8| {
            let odds = [3, 10, 25, 60];
            if rng.u8(0..10) < often {
                odds[rng.usize(0..odds.len())]
            } else {
                0
            }
        };
        let calls = [
            (Fault::Throttle, 4),
            (Fault::Error500, 4),
            (Fault::TimeoutBefore, 4),
            (Fault::TimeoutAfter, 6),
            (Fault::Delay(Duration::ZERO), 4),
            (Fault::Partly, 5),
            (Fault::Die, 6),
        ];
        let sends = [
            (QueueFault::FailBefore, 3),
            (QueueFault::FailHalfway, 3),
            (QueueFault::FailAfter, 4),
            (QueueFault::Twice, 6),
            (QueueFault::Backwards, 4),
            (QueueFault::Later(Duration::ZERO), 4),
            (QueueFault::Lost, 3),
            (QueueFault::Die, 4),
        ];
        Self {
            calls: calls.map(|(fault, often)| (fault, some(often) / 2)).to_vec(),
            sends: sends.map(|(fault, often)| (fault, some(often) * 2)).to_vec(),
            again: some(6) * 4,
        }
    }
}

/// Gives each call a moment of its own on the runtime's paused clock. So only one goes on at a time, and which one
/// depends on nothing but the seed.
struct Pace {
    start: OnceLock<Instant>,
    taken: Mutex<(BTreeSet<u64>, Rng)>,
}

impl Pace {
    fn new(rng: Rng) -> Self {
        Self {
            start: OnceLock::new(),
            taken: Mutex::new((BTreeSet::new(), rng)),
        }
    }

    /// How long the next call takes.
    fn next(&self) -> Duration {
        let start = self.start.get_or_init(Instant::now);
        let now = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (taken, rng) = &mut *self.taken.lock().unwrap();
        *taken = taken.split_off(&now);
        let mut at = now + rng.u64(1..24);
        while !taken.insert(at) {
            at += 1;
        }
        Duration::from_millis(at - now)
    }
}
