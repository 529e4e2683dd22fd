//! What every function needs of its surroundings, once: the environment, telemetry, and what becomes of a message.

#[cfg(feature = "http")]
pub mod auth;
pub mod env;
pub mod handover;
#[cfg(feature = "http")]
pub mod http;
pub mod lambda;
mod message;
mod telemetry;
pub mod wiring;

pub use message::{Delivery, Failure, MAX_RECEIVES, Verdict, deliver};
pub use telemetry::{init_telemetry, init_telemetry_for_people};
