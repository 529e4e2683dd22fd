//! Journeys over all functions, in one process, on the embedded engines.

mod channels;
mod consent;
mod costs;
mod faults;
mod identity;
mod options;
mod refusals;
mod upload;
