//! What the HTTP functions share: problems, bodies and queries that are refused by the path of what is wrong, who is
//! calling, cursors, and the layers around a router. `docs/http.md` tells users of it.

mod cursor;
mod docs;
mod guard;
mod lambda;
mod layers;
pub mod openapi;
mod page;
mod problem;
mod read;
mod source;
mod strict;

pub use cursor::Cursor;
pub use guard::{Acting, Guard};
pub use lambda::{random_ids, serve_lambda};
pub use layers::{MAX_BODY, NewId, around};
pub use page::{PageQuery, etag, if_match};
pub use problem::{Code, FieldError, Problem, ProblemBody};
pub use read::{Body, Query, sentence, text};
pub use source::{Peer, Source};

use std::sync::Arc;

/// Where a server takes the time from: only binaries read the clock.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;
