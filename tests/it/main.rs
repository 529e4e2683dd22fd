//! Journeys over all functions, in one process, on the embedded engines.
#![cfg(test)]

mod access;
mod channels;
mod clock;
mod consent;
mod consent_api;
mod costs;
mod cursors;
mod devices;
mod devices_api;
mod duplicates;
mod faults;
mod fsck;
mod gateway;
mod identity;
mod inbox;
mod openapi;
mod options;
mod parties_api;
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
