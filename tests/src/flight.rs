//! Processes whose transactions are in flight at once and conflict as DynamoDB's do, on a paused clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use muster_local::conflicts::Conflicting;
use muster_local::faults::{Fault, Faulty, Plan};
use muster_local::flow::Embedded;

use crate::world::World;

/// The transactions in flight, and how long each call is under way.
pub struct Flight {
    conflicting: Mutex<Option<Conflicting>>,
    dice: Arc<Mutex<Rng>>,
    hold: Duration,
}

impl Flight {
    /// No transaction yet; these dice say how long each is held and each call under way.
    #[must_use]
    pub fn new(mut dice: Rng) -> Self {
        Self {
            conflicting: Mutex::default(),
            hold: Duration::from_millis(dice.u64(1..8)),
            dice: Arc::new(Mutex::new(dice)),
        }
    }

    /// Another process of the same world, of whose calls some are under way for up to so many microseconds.
    pub fn process(&self, world: &World, longest: u64) -> Embedded {
        world.embedded.again(|client| {
            let mut first = self.conflicting.lock().unwrap_or_else(PoisonError::into_inner);
            let conflicting = match &*first {
                Some(first) => first.also(client),
                None => first.insert(Conflicting::new(client)).clone(),
            };
            conflicting.set_hold(self.hold);
            let dice = Arc::clone(&self.dice);
            let plan: Plan = Arc::new(move |_| {
                let mut dice = dice.lock().unwrap_or_else(PoisonError::into_inner);
                let most = if dice.u8(..4) == 0 { longest } else { 1_000 };
                Fault::Delay(Duration::from_micros(dice.u64(..most)))
            });
            Faulty::new(conflicting.http_client(), plan).http_client()
        })
    }
}
