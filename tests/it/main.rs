//! Journeys over all functions, in one process, on the embedded engines.
#![cfg(test)]

mod channels;
mod clock;
mod consent;
mod costs;
mod devices;
mod duplicates;
mod faults;
mod fsck;
mod identity;
mod inbox;
mod options;
mod refusals;
mod replays;
mod revocations;
mod rights;
mod seeds;
mod sweep;
mod template;
mod tidy;
mod turns;
mod unfinished;
mod upload;
mod uploads_api;
