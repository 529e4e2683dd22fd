//! The functions on one machine: queues in memory, and a process that dies with all of them and is started again.

use std::sync::Arc;
use std::time::Duration;

use journeys::world::{Result, World};
use muster_core::upload::ObjectVersion;
use muster_local::flow::Flow;

use super::chaos::{Chaos, Process};

/// How often a process that died is started again.
const STARTS: u32 = 80;

/// For how long one process is given time, in looks of half a minute each.
const LOOKS: u32 = 240;

/// Runs one process after another until these uploads are finished; the events that they sent.
pub(crate) async fn settle(world: &World, chaos: &Arc<Chaos>, objects: &[ObjectVersion]) -> Result<Vec<String>> {
    let mut events = Vec::new();
    for _ in 0..STARTS {
        let process = chaos.process(world, None);
        if let Ok(flow) = Flow::start(&process.embedded).await {
            let finished = live(world, &process, &flow, objects).await;
            flow.stop();
            events.extend(process.embedded.queue().events());
            if finished? {
                return Ok(events);
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Err(format!("after {STARTS} starts not all uploads are finished").into())
}

/// Waits until the process is dead (`false`) or all uploads are finished (`true`).
async fn live(world: &World, process: &Process, flow: &Flow, objects: &[ObjectVersion]) -> Result<bool> {
    for _ in 0..LOOKS {
        tokio::select! {
            () = flow.idle() => {}
            () = death(process) => return Ok(false),
        }
        if super::play::finished(world, objects).await? {
            return Ok(true);
        }
        // What was lost is found by the clock.
        tokio::time::sleep(Duration::from_secs(31)).await;
    }
    Err("a process that lives on does not finish all uploads".into())
}

async fn death(process: &Process) {
    while !process.is_dead() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
