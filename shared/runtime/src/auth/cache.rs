//! Keeping an issuer's keys: fresh for an hour, usable for a day where the issuer is out of reach, and asked for again at
//! most once a minute, by one request for all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use jiff::{SignedDuration, Timestamp};

use super::keys::KeySet;
use super::source::KeySource;

/// After this they are fetched anew. A key that the issuer took back is refused from then on.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// So long they serve when that fails.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// So long a key that nobody knows causes no other request: anybody can write a token that names one.
const PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// The same while there are no keys at all.
const RETRY: SignedDuration = SignedDuration::from_secs(5);

/// A fetch under way, for all who wait for it. It goes on when some of them give up; when all do, the next one goes on
/// with it.
type Fetch = Shared<BoxFuture<'static, Result<Arc<KeySet>, String>>>;

/// The keys of an issuer.
pub(super) struct Keys {
    source: KeySource,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// When they were asked for last, and for how long they are not asked for again.
    asked: Option<(Timestamp, SignedDuration)>,
    fetch: Option<Fetch>,
    /// Why the last fetch failed.
    trouble: String,
}

#[derive(Clone)]
struct Held {
    set: Arc<KeySet>,
    /// When it was asked for.
    at: Timestamp,
}

enum Next {
    Use(Arc<KeySet>),
    Fail(String),
    Wait(Fetch),
}

/// How far apart two times are. A clock may have been put back in between; what was noted in its future is old then.
fn apart(one: Timestamp, other: Timestamp) -> SignedDuration {
    one.duration_since(other).abs()
}

impl Keys {
    pub(super) fn new(source: KeySource) -> Self {
        Self {
            source,
            state: Mutex::default(),
        }
    }

    /// The keys as of now. `lacking`: a set that they should be newer than, because it lacks what is looked for.
    ///
    /// # Errors
    /// Says why there are none. A newer set that cannot be had is none: then it is the same one again.
    pub(super) async fn get(&self, now: Timestamp, lacking: Option<&Arc<KeySet>>) -> Result<Arc<KeySet>, String> {
        let next = self.state().next(&self.source, now, lacking);
        match next {
            Next::Use(set) => Ok(set),
            Next::Fail(why) => Err(why),
            Next::Wait(fetch) => {
                let answer = fetch.clone().await;
                self.state().settle(&fetch, answer, now)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What there is that still serves.
    fn usable(&self, now: Timestamp) -> Option<Held> {
        self.held.clone().filter(|held| apart(now, held.at) < KEPT)
    }

    fn next(&mut self, source: &KeySource, now: Timestamp, lacking: Option<&Arc<KeySet>>) -> Next {
        let usable = self.usable(now);
        if let Some(held) = &usable {
            let enough = lacking.is_none_or(|set| !Arc::ptr_eq(set, &held.set));
            if enough && apart(now, held.at) < FRESH {
                return Next::Use(held.set.clone());
            }
        }
        if let Some(fetch) = &self.fetch {
            return Next::Wait(fetch.clone());
        }
        if self.asked.is_some_and(|(at, pause)| apart(now, at) < pause) {
            return usable.map_or_else(|| Next::Fail(self.trouble.clone()), |held| Next::Use(held.set));
        }
        let read = |json: Vec<u8>| match KeySet::read(&json) {
            Ok(set) => Ok(Arc::new(set)),
            Err(error) => Err(format!("what it gives is no JSON Web Key Set: {error}")),
        };
        let fetch = source.fetch().map(move |answer| answer.and_then(read)).boxed().shared();
        self.asked = Some((now, if usable.is_some() { PAUSE } else { RETRY }));
        self.fetch = Some(fetch.clone());
        Next::Wait(fetch)
    }

    /// What a fetch means for whoever waited for it. The first of them writes it down.
    fn settle(
        &mut self,
        fetch: &Fetch,
        answer: Result<Arc<KeySet>, String>,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, String> {
        if self.fetch.as_ref().is_some_and(|current| current.ptr_eq(fetch)) {
            self.fetch = None;
            let at = self.asked.map_or(now, |(at, _)| at);
            match &answer {
                Ok(set) => {
                    self.held = Some(Held { set: set.clone(), at });
                    self.asked = Some((at, PAUSE));
                }
                Err(why) => {
                    tracing::warn!(why, "the keys of the issuer could not be fetched");
                    self.trouble.clone_from(why);
                }
            }
        }
        answer.or_else(|why| self.usable(now).map(|held| held.set).ok_or(why))
    }
}
