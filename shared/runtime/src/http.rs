//! What the HTTP functions share: problems, bodies and queries that are refused by the path of what is wrong, who is
//! calling, cursors, and the layers around a router. `docs/http.md` tells users of it.

mod cursor;
mod docs;
mod etag;
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
pub use etag::{etag, if_match, if_none_match, weak_etag};
pub use guard::{Acting, Guard};
pub use lambda::{random_ids, serve_lambda};
pub use layers::{MAX_BODY, NewId, around, name_encoding, within};
pub use page::PageQuery;
pub use problem::{Code, FieldError, Problem, ProblemBody, problem_of};
pub use read::{Body, Query, read_value, sentence, text};
pub use source::{Peer, Source};

use std::sync::Arc;

/// Where a server takes the time from: only binaries read the clock.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;
