//! What a person is told of a consent that is missing.

use crate::grant::{Denial, Verb};
use crate::upload::Reason;

impl Denial {
    /// Why something is refused that needed the consent for `verb`.
    #[must_use]
    pub fn reason(self, verb: Verb) -> Reason {
        let entry = self.outcome().entry();
        let doing = match verb {
            Verb::Register => "registering",
            Verb::Update => "changing devices",
            Verb::Release => "releasing devices",
        };
        let detail = match self {
            Self::NotCovered => format!("the tenant's consent does not cover {doing} through this channel"),
            _ => entry.meaning.to_owned(),
        };
        Reason {
            code: self.code().to_owned(),
            detail,
            remedy: entry.remedy.to_owned(),
        }
    }
}
