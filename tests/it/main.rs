//! Journeys over all functions, in one process, on the embedded engines.

mod identity;
mod upload;
