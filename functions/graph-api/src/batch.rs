//! `$batch`: up to 20 requests in one (Microsoft Learn, "Combine multiple HTTP requests using JSON batching"). Each passes the
//! door by itself and is answered by itself.

mod plan;
mod run;

pub(crate) use run::{Runner, run};
